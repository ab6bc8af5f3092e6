"""The verdict as a termination message, and back."""

import base64
import json
import zlib
from typing import Final, cast

from marianne_runner.contract.places import MESSAGE_LIMIT, PROTOCOL
from marianne_runner.contract.signature import ROOM, parted, signed_message
from marianne_runner.contract.verdict import Check, Verdict

UNPACKED_LIMIT: Final = 1 << 20
"""Bytes: a packed message that opens to more is a bomb, and is cut to no JSON."""
FEEDBACK_CHARACTERS: Final = 400
REMEDY_CHARACTERS: Final = 100
NOTES: Final = ("agent_feedback", "preflight_warnings", "healing", "grounding_guidance")
"""Texts, and lists of texts, of which half still tells something."""
REQUIRED: Final = ("pod_uid", "run", "sheet", "attempt", "outcome", "message", "passed_rules", "failed_rules")


class UnreadableMessageError(ValueError):
    """The text is no verdict: cut, foreign or of another protocol. The message says which."""


def encode_message(verdict: Verdict, key: str = "") -> bytes:
    """The verdict as a termination message of at most `MESSAGE_LIMIT` bytes, signed where there is a key.

    Plain JSON where it fits; else ``m1:`` and base85 of zlib. What still does not fit loses text, the least telling
    first: checks that passed are never sent, tails are halved until they are gone, then notes, checks and labels.
    """
    shrunk, limit = verdict.copy(), MESSAGE_LIMIT - (ROOM if key else 0)
    if "checks" in shrunk:
        shrunk["checks"] = [_sent(check) for check in shrunk["checks"] if not check["passed"]]
    if "agent_feedback" in shrunk:
        shrunk["agent_feedback"] = shrunk["agent_feedback"][:FEEDBACK_CHARACTERS]
    while True:
        for pack in (_plain, _packed):
            message = pack(shrunk)
            if len(message) <= limit:
                return signed_message(key, message) if key else message
        shrunk = _smaller(shrunk)


def decode_message(text: str) -> Verdict:
    """The verdict in a termination message, whoever made it; raises `UnreadableMessageError`."""
    _, text = parted(text)
    try:
        if text.startswith("m1:"):
            packed = base64.b85decode(text[3:])
            text = zlib.decompressobj().decompress(packed, UNPACKED_LIMIT).decode()
        verdict = json.loads(text)
    except (ValueError, RecursionError, zlib.error) as error:
        raise UnreadableMessageError(f"not a verdict: {error}") from error
    return _checked(verdict)


def _checked(verdict: object) -> Verdict:
    if not isinstance(verdict, dict):
        raise UnreadableMessageError("not a verdict: no JSON object")
    if verdict.get("protocol") != PROTOCOL:
        raise UnreadableMessageError(f"protocol {verdict.get('protocol')!r}, this operator speaks {PROTOCOL}")
    missing = [key for key in REQUIRED if key not in verdict]
    if missing:
        raise UnreadableMessageError(f"not a verdict: {', '.join(missing)} missing")
    return cast(Verdict, verdict)


def _sent(check: Check) -> Check:
    return cast(Check, {key: value for key, value in check.items() if key != "confidence_factors"})


def _plain(verdict: Verdict) -> bytes:
    return json.dumps(verdict, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _packed(verdict: Verdict) -> bytes:
    return b"m1:" + base64.b85encode(zlib.compress(_plain(verdict), 9))


def _smaller(verdict: Verdict) -> Verdict:
    smaller = verdict.copy()
    stdout, stderr = smaller.get("stdout_tail", ""), smaller.get("stderr_tail", "")
    if stdout or stderr:
        smaller["stdout_tail"] = stdout[len(stdout) - len(stdout) // 2 :]
        smaller["stderr_tail"] = stderr[len(stderr) - len(stderr) // 2 :]
        smaller["output_truncated"] = True
    elif any(smaller.get(note) for note in NOTES):
        smaller.update({note: smaller[note][: len(smaller[note]) // 2] for note in NOTES if note in smaller})  # type: ignore[typeddict-item]
    elif smaller.get("checks"):
        smaller["checks"] = smaller["checks"][: len(smaller["checks"]) // 2]
    elif len(smaller["passed_rules"]) + len(smaller["failed_rules"]) > 0:
        smaller["passed_rules"] = smaller["passed_rules"][: len(smaller["passed_rules"]) // 2]
        smaller["failed_rules"] = smaller["failed_rules"][: len(smaller["failed_rules"]) // 2]
    else:
        smaller["remedies"] = [each[:REMEDY_CHARACTERS] for each in smaller.get("remedies", ())[:1]]
        smaller["message"] = smaller["message"][: len(smaller["message"]) // 2]
    return smaller
