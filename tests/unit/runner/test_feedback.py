"""What an agent says of its own work."""

import pytest

from marianne_runner import feedback as module
from marianne_runner.contract import Feedback
from marianne_runner.contract.message import FEEDBACK_CHARACTERS
from marianne_runner.feedback import feedback
from tests.unit.runner.forked import forked
from tests.unit.runner.scene import Scene, compiled

MARKED = "(?s)FEEDBACK_START(.+?)FEEDBACK_END"


def asked(format: str = "json", pattern: str = MARKED) -> Feedback:  # noqa: A002  (the field's name)
    return {"pattern": pattern, "format": format}  # type: ignore[typeddict-item]


def said(text: str) -> str:
    return f"work\nFEEDBACK_START\n{text}\nFEEDBACK_END\nmore"


@pytest.mark.parametrize(
    ("format_", "text", "told"),
    [
        ("json", '{"done": [1,  2], "é": null}', '{"done":[1,2],"é":null}'),
        ("yaml", "done: true\nleft: 2", "done: true\nleft: 2"),
        ("text", "  fine  ", "fine"),
    ],
)
def test_formats(format_: str, text: str, told: str) -> None:
    assert feedback(asked(format_), said(text)) == (told, "")


@pytest.mark.parametrize("text", ["{half", "[" * 100_000])
def test_what_is_no_json_is_kept(text: str) -> None:
    told, wrong = feedback(asked(), said(text))
    assert told == text and wrong.startswith("the feedback is no JSON, and kept as it is")


@pytest.mark.parametrize("pattern", [MARKED, "(never)?work", "no group"])
def test_nothing_said(pattern: str) -> None:
    assert feedback(asked(pattern=pattern), "work") == ("", "")


@pytest.mark.parametrize("pattern", ["(", "work"])
def test_a_pattern_that_cannot_tell_anything(pattern: str) -> None:
    told, wrong = feedback(asked(pattern=pattern), "work")
    assert told == "" and wrong.startswith("feedback.pattern: ")


def test_a_pattern_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CPU_SECONDS", 0.2)
    told = forked(lambda: feedback(asked(pattern="(a|a)*b"), "a" * 60))
    assert tuple(told) == ("", "feedback.pattern was given up after 0.2 s of computing")


def test_the_ledger_has_all_of_it_and_the_message_its_beginning(scene: Scene) -> None:
    script = f"echo FEEDBACK_START; printf '%{3 * FEEDBACK_CHARACTERS}s' | tr ' ' x; echo FEEDBACK_END"
    told = scene.pod("pod-1", compiled(script, feedback=asked("text"))).run()
    assert told["agent_feedback"] == "x" * FEEDBACK_CHARACTERS
    assert scene.mark(1, "verdict")["agent_feedback"] == "x" * 3 * FEEDBACK_CHARACTERS


def test_a_credential_in_it_is_blotted_out(scene: Scene) -> None:
    script = f"echo FEEDBACK_START sk-ant-{'a' * 20} FEEDBACK_END"
    told = scene.pod("pod-1", compiled(script, feedback=asked("text"))).run()
    assert told["agent_feedback"] == "[REDACTED_ANTHROPIC_KEY]"


def test_what_is_wrong_with_it_is_in_the_log_and_fails_nothing(scene: Scene) -> None:
    pod = scene.pod("pod-1", compiled("echo FEEDBACK_START { FEEDBACK_END", feedback=asked()))
    told = pod.run()
    assert (told["outcome"], told["agent_feedback"]) == ("completed", "{")
    assert "marianne-runner: the feedback is no JSON" in pod.log
