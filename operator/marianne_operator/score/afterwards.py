"""What is looked for in an attempt's work beside its rules: facts, and what the agent says of itself."""

from marianne_operator.score.fields import Score
from marianne_runner.contract import CompiledScore, Feedback, Grounding, GroundingHook


def add_afterwards(compiled: CompiledScore, score: Score) -> None:
    """Only what is switched on."""
    if score.grounding.enabled:
        compiled["grounding"] = _grounding(score)
    if score.feedback.enabled:
        compiled["feedback"] = Feedback(pattern=score.feedback.pattern, format=score.feedback.format)


def _grounding(score: Score) -> Grounding:
    hooks = [
        GroundingHook(
            name=hook.name or f"{hook.type} {number}",
            algorithm=hook.checksum_algorithm,
            checksums=hook.expected_checksums,
        )
        for number, hook in enumerate(score.grounding.hooks, 1)
    ]
    asked = score.grounding
    return Grounding(hooks=hooks, timeout_seconds=asked.timeout_seconds, decides=asked.fail_on_grounding_failure)
