"""Why an instrument failed, in Marianne's codes (semantics §7.4).

What it says in JSON comes first, then how it ended, then its words. Several reasons can be told at once: the one that
lies deepest is the cause, the others are its symptoms.
"""

from typing import Final, NamedTuple

from marianne_runner.classify_json import errors_told
from marianne_runner.classify_text import HOPELESS, MEMORY, STALE, Cause, by_code, limit_told, reason_told

HANGUP, INTERRUPT, QUIT, ILLEGAL, ABORT, BUS, ARITHMETIC, KILL, SEGMENT, PIPE, TERMINATE = (
    1,
    2,
    3,
    4,
    6,
    7,
    8,
    9,
    11,
    13,
    15,
)
IN_ORDER: Final = frozenset({HANGUP, PIPE, TERMINATE})
CRASHES: Final = frozenset({ILLEGAL, ABORT, BUS, ARITHMETIC, SEGMENT})
TIMED_OUT, NOT_FOUND = 124, 127
SHELL_SIGNAL: Final = 128
_DEPTH: Final = {
    "E505": 10,
    "E6": 11,
    "E3": 20,
    "E502": 30,
    "E999": 90,
    "E9": 40,
    "E1": 50,
    "E5": 51,
    "E0": 60,
    "E4": 70,
    "E2": 80,
}
"""Environment, configuration, credentials, network, service, execution, state, validation, unknown."""


class Ending(NamedTuple):
    """How a program ended. `code` None: by a signal, or nobody knows how."""

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False

    @classmethod
    def of_shell(cls, code: int | None, signal: int | None, *, timed_out: bool) -> "Ending":
        """A program that was started by another tells of its signal as 128 + N, as containers and shells do."""
        if code is not None and SHELL_SIGNAL + 1 <= code <= SHELL_SIGNAL + 15:
            return cls(None, code - SHELL_SIGNAL, timed_out)
        return cls(code, signal, timed_out)


class Classified(NamedTuple):
    """The cause, and what else was told."""

    cause: Cause
    symptoms: tuple[Cause, ...] = ()


def classify(stdout: str, stderr: str, ended: Ending, *, text_output: bool = False, now: float = 0.0) -> Classified:
    """`text_output`: its answer is plain text. `now`: seconds since the epoch, for waits told as a time of day."""
    text = f"{stdout}\n{stderr}"
    told = [*errors_told(stdout, now), *errors_told(stderr, now)]
    if not told:
        told = [classify_words(stdout, stderr, ended, text_output=text_output, now=now)]
    elif (
        by_ending := _abrupt(ended, text) or (_by_exit_code(ended, text) if ended.code is None else None)
    ) is not None:
        told.append(by_ending)
    if (limit := limit_told(text, now)) is not None and not any(each.category == "rate_limit" for each in told):
        told.append(limit)
    first_of_code = {each.code: each for each in reversed(told)}
    cause, *symptoms = sorted(first_of_code.values(), key=_depth)
    return Classified(cause, tuple(symptoms))


def classify_words(stdout: str, stderr: str, ended: Ending, *, text_output: bool = False, now: float = 0.0) -> Cause:
    """The ending and the words alone, as if nothing in them were JSON."""
    text = f"{stdout}\n{stderr}"
    by_words = _abrupt(ended, text) or reason_told(text, now)
    return by_words or _by_exit_code(ended, text, text_output=text_output)


def _depth(cause: Cause) -> int:
    return _DEPTH.get(cause.code) or _DEPTH[cause.code[:2]]


def _abrupt(ended: Ending, text: str) -> Cause | None:
    """It did not end by itself."""
    if ended.timed_out:
        return by_code("E006" if STALE.search(text) else "E001", "timeout")
    signal = -ended.code if ended.code is not None and ended.code < 0 else ended.signal
    if signal is None:
        return None
    if signal in CRASHES:
        return Cause("E003", "fatal", retriable=False)
    if signal == INTERRUPT:
        return Cause("E004", "fatal", retriable=False)
    if signal == KILL and MEMORY.search(text):
        return Cause("E005", "fatal", retriable=False)
    return Cause("E002", "signal", retriable=True, wait=10.0 if signal in IN_ORDER else 30.0)


def _by_exit_code(ended: Ending, text: str, *, text_output: bool = False) -> Cause:
    """Words say nothing: the exit code, which says little."""
    code = ended.code
    if code is None:
        return Cause("E999", "transient", retriable=True, wait=60.0 if _killed(text) else 30.0)
    if code == 0 or (code == 1 and text_output):
        return Cause("E209", "validation", retriable=True)
    if code == TIMED_OUT:
        return by_code("E001", "timeout")
    if code == NOT_FOUND:
        return Cause("E505", "fatal", retriable=False)
    if code not in (1, 2):
        return Cause("E999", "fatal", retriable=False)
    if HOPELESS.search(text):
        return Cause("E009", "fatal", retriable=False)
    return by_code("E009", "transient")


def _killed(text: str) -> bool:
    return MEMORY.search(text) is not None or "killed" in text.lower()
