"""What an agent says of its own work, between marks in its output (semantics §8)."""

import json
import re
import signal
from collections.abc import Callable
from typing import Final, TypeVar

from marianne_runner.contract import Feedback

CPU_SECONDS: Final = 5.0
"""For the author's expression: some take for ever on a text that they do not match."""
T = TypeVar("T")


class _TooLongError(Exception):
    """The time is over."""


def feedback(asked: Feedback, said: str) -> tuple[str, str]:
    """(what was said, what is wrong with it); empty where there is none.

    `said`: the captured end of the output, redacted. JSON is told in its shortest form; YAML stays as it is, since the
    runner has no reader for it.
    """
    try:
        found = _bounded(lambda: re.search(asked["pattern"], said))
        text = found[1] if found is not None else ""
    except _TooLongError:
        return "", f"feedback.pattern was given up after {CPU_SECONDS:g} s of computing"
    except (re.error, IndexError, RecursionError, MemoryError) as error:
        return "", f"feedback.pattern: {error}"
    text = (text or "").strip()
    if not text or asked["format"] != "json":
        return text, ""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")), ""
    except (ValueError, RecursionError) as error:
        return text, f"the feedback is no JSON, and kept as it is: {error}"


def _bounded(work: Callable[[], T]) -> T:
    """Within its time of computing, by the virtual timer: the real one beats for the ledger."""

    def over(number: int, frame: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGVTALRM, over)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        return work()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
