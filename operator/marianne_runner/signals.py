"""Why an instrument failed: the profile's patterns first (semantics §7.3), then what is known of all CLIs (§7.4)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from marianne_runner.classify import Ending, classify
from marianne_runner.classify_json import errors_told
from marianne_runner.classify_text import Cause, by_code, limit_told
from marianne_runner.classify_wait import DEFAULT, wait_told
from marianne_runner.contract import CompiledScore

KINDS: Final = ("auth_error", "crash", "stale", "timeout", "capacity")
"""In the order in which they are tried: what needs a person comes before what passes by itself."""

CAUSES: Final = {
    "auth": by_code("E502", "auth"),
    "crash": by_code("E009", "transient"),
    "stale": by_code("E006", "timeout"),
    "timeout": by_code("E001", "timeout"),
    "capacity": by_code("E103", "rate_limit"),
}
LAST_LINES: Final = 5
"""Of standard output: what an agent wrote long before it failed is no reason, however much it speaks of errors."""
JSON_BYTES: Final = 1 << 16
SHORT_ANSWER: Final = 300
"""Characters of an answer that can be nothing but a refusal to answer."""


class Signals(NamedTuple):
    """`error_type`: `auth`, `crash`, `stale`, `timeout` or `capacity`."""

    rate_limited: bool = False
    error_type: str | None = None

    @property
    def told(self) -> str:
        """For a message; empty where nothing was recognised."""
        kind = self.error_type and f"{self.error_type} error"
        return ", ".join(filter(None, ["rate limited" if self.rate_limited else None, kind]))


def heard(errors: Mapping[str, Any], stdout: str, stderr: str) -> Signals:
    """`errors`: the profile's; of an instrument that failed. A limit counts on standard error alone, since an agent's
    answer may well speak of rate limits.
    """
    both = f"{stdout}\n{stderr}"
    kinds = (kind for kind in KINDS if _any(errors.get(f"{kind}_patterns") or (), both))
    kind = next(kinds, None)
    return Signals(
        rate_limited=_any(errors.get("rate_limit_patterns") or (), stderr),
        error_type=kind and kind.removesuffix("_error"),
    )


def cause(signals: Signals, ended: Ending, said: "Said", now: float) -> Cause:
    """The reason that lies deepest. A CLI that was stopped for its time may have waited for a limit to end."""
    if signals.rate_limited:
        told = limit_told(said.stderr, now) or limit_told(said.last, now)
        wait = wait_told(f"{said.stderr}\n{said.last}", now) or DEFAULT
        return told or Cause("E101", "rate_limit", retriable=True, wait=wait)
    if signals.error_type is not None and not ended.timed_out:
        return CAUSES[signals.error_type]
    return classify(said.last, said.stderr, ended, now=now).cause


def speaks_of_limit(score: CompiledScore, said: "Said") -> bool:
    """The score's author knows words for a limit that the profile does not."""
    patterns = score["rate_limit"].get("detection_patterns") if "rate_limit" in score else None
    return _any(patterns or (), f"{said.last}\n{said.stderr}")


def limit_in_answer(answer: str, now: float) -> Cause | None:
    """Some CLIs tell of a limit as if it were their answer, and succeed: then it is all that they say."""
    return limit_told(answer, now) if len(answer) <= SHORT_ANSWER else None


class Said(NamedTuple):
    """An instrument's output, as text. `error`: what it says of its own failure, where its format has a place for it.

    `plain`: its output is text, and not the record of a conversation.
    """

    stdout: str
    stderr: str
    error: str | None = None
    plain: bool = True

    @property
    def last(self) -> str:
        """Of standard output, what can tell of a failure: the CLI's own words, and errors that are marked as such."""
        errors = [
            line for line in self.stdout[-JSON_BYTES:].splitlines() if '"errors"' in line and errors_told(line, 0)
        ]
        lines = self.stdout.splitlines()[-LAST_LINES:] if self.plain else []
        return "\n".join(filter(None, [self.error, *errors, *(line for line in lines if line not in errors)]))


def _any(patterns: Sequence[str], text: str) -> bool:
    return any(_expression(pattern).search(text) for pattern in patterns)


def _expression(pattern: str) -> re.Pattern[str]:
    """What is no regular expression is looked for as it stands."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(pattern), re.IGNORECASE)
