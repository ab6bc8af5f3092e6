"""Checkpoints that only the prompt tells of: whether a person is to be asked before the instrument is started."""

from marianne_runner.contract import Brief, CompiledScore


def stops(score: CompiledScore, brief: Brief, prompt: str) -> list[int]:
    """Which of the brief's checkpoints have one of their words in this prompt, as the instrument would receive it."""
    checkpoints, text = score.get("checkpoints", []), prompt.lower()
    return [index for index in brief.get("asks", []) if any(word in text for word in checkpoints[index]["contains"])]
