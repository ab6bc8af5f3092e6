"""The verdict in a Pod's termination message, believed only if it has the shape of one.

The runner writes it, but the instrument that it starts can reach the same file: whatever stands there must cost its
author a lost attempt at most, never an exception in the operator. What does not fit the shape is unreadable.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from marianne_operator.model.pod import PodView
from marianne_runner.contract import (
    CATEGORIES,
    ERROR_CODES,
    UnreadableMessageError,
    Verdict,
    decode_message,
    is_signed_message,
)

NEVER_STARTED: Final = frozenset({"StartError", "ContainerCannotRun"})
"""Reasons of a container whose first program could not be run at all: its message is the runtime's."""
LARGEST: Final = 2**37
"""Of any number in a verdict: seconds until the year 6325, tokens, milliseconds; all exact in every JSON reader."""
MOST_KINDS: Final = 16
"""Of rules."""
HIGHEST_ATTEMPT: Final = 1_000_000
"""Keeps a Pod's name within 63 characters."""
_DIGEST: Final = re.compile("[0-9a-f]{16}")
FORGED: Final = "the verdict is forged: it is not signed with the job's key, so something else than the runner wrote it"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def verdict_of(pod: PodView, key: str | None = None) -> tuple[Verdict | None, str]:
    """(the verdict, "") or (None, why what was said is none; empty if nothing was said).

    `key`: the job's, with which the runner signs what it says.
    """
    ended = pod.container
    if ended is None or not ended.message or ended.reason in NEVER_STARTED:
        return None, ""
    try:
        verdict = decode_message(ended.message)
    except UnreadableMessageError as error:
        return None, str(error)
    if verdict["pod_uid"] != pod.uid:
        return None, f"the verdict names Pod {str(verdict['pod_uid'])[:64]}"
    if malformed := _malformed(verdict) or _malformed_checks(verdict):
        return None, f"not a verdict: {malformed}"
    if key and not is_signed_message(key, ended.message) and not _is_too_old(verdict):
        return None, FORGED
    return verdict, ""


def _is_too_old(verdict: Verdict) -> bool:
    """A runner that does not know how to sign says so unsigned; whoever else does fails its own sheet with it."""
    return (verdict["outcome"], verdict["reason"]) == ("failed", "ProtocolMismatch")


def _text(value: object) -> bool:
    """Half of a surrogate pair is valid in JSON, but no text: it cannot be encoded again."""
    return isinstance(value, str) and _SURROGATE.search(value) is None


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _amount(value: object) -> bool:
    """A number, finite and not negative."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _attempt(value: object) -> bool:
    return _whole(value) and isinstance(value, int) and 0 <= value <= HIGHEST_ATTEMPT


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(_whole, value))


def _rates(value: object) -> bool:
    """By a name, how many of how many."""
    if not isinstance(value, dict) or len(value) > MOST_KINDS or not all(map(_text, value)):
        return False
    return all(_numbers(each) and len(each) == 2 and 0 <= each[0] <= each[1] for each in value.values())


def _ending(value: object) -> bool:
    return value in ("completed", "timeout", "killed", "error")


_SHAPE: Final[Mapping[str, Callable[[object], bool]]] = {
    "run": _whole,
    "sheet": _whole,
    "attempt": _whole,
    "outcome": lambda value: value in ("completed", "failed", "skipped", "interrupted", "lost", "not_started"),
    "reason": _text,
    "message": _text,
    "passed_rules": _texts,
    "failed_rules": _texts,
    "head": _attempt,
    "checkpoints": _numbers,
    "exit_code": _whole,
    "exit_signal": _whole,
    "exit_reason": _ending,
    "started_at": _amount,
    "ended_at": _amount,
    "duration_seconds": _amount,
    "validation_passed": _flag,
    "pass_percentage": _amount,
    "rules_by_kind": _rates,
    "checks": lambda value: isinstance(value, list),
    "stdout_tail": _text,
    "stderr_tail": _text,
    "output_truncated": _flag,
    "error_code": lambda value: isinstance(value, str) and value in ERROR_CODES,
    "error_category": lambda value: isinstance(value, str) and value in CATEGORIES,
    "retriable": _flag,
    "wait_seconds": _amount,
    "resets_at": _amount,
    "executed_pass_percentage": _amount,
    "confidence": _amount,
    "disk_full": _text,
    "preflight_warnings": _texts,
    "grounding_passed": _flag,
    "grounding_confidence": _amount,
    "grounding_guidance": _text,
    "agent_feedback": _text,
    "remedies": _texts,
    "healing": _texts,
    "input_tokens": lambda value: _whole(value) and _amount(value),
    "output_tokens": lambda value: _whole(value) and _amount(value),
    "cost_micro_usd": lambda value: _whole(value) and _amount(value),
    "prompt_characters": lambda value: _whole(value) and _amount(value),
    "output_characters": lambda value: _whole(value) and _amount(value),
    "output_digest": lambda value: isinstance(value, str) and _DIGEST.fullmatch(value) is not None,
}
_NEEDED: Final = frozenset({"outcome", "reason", "message", "passed_rules", "failed_rules"})
_CHECK_TEXTS: Final = (
    "rule_type",
    "description",
    "path",
    "pattern",
    "actual_value",
    "expected_value",
    "error_message",
    "checked_at",
    "failure_category",
    "error_type",
)


def _malformed(said: Mapping[str, Any]) -> str:
    for key, fits in _SHAPE.items():
        if key not in said:
            if key in _NEEDED:
                return f"{key} missing"
        elif not fits(said[key]):
            return f"{key} is malformed"
    return ""


def _malformed_checks(verdict: Verdict) -> str:
    return "" if all(map(_is_check, verdict.get("checks", ()))) else "a check is malformed"


def _is_check(check: object) -> bool:
    if not isinstance(check, dict) or not isinstance(check.get("passed"), bool):
        return False
    numbers = (check.get("check_duration_ms", 0), check.get("confidence", 0))
    return all(_text(check.get(key, "")) for key in _CHECK_TEXTS) and all(map(_amount, numbers))
