"""An errand: one short Pod beside the sheets. What it is asked (in a brief's place), and what it answers."""

import json
from typing import Any, Final, Literal, NotRequired, TypedDict, cast

from marianne_runner.contract.message import UnreadableMessageError
from marianne_runner.contract.places import MESSAGE_LIMIT, PROTOCOL

SCORE_LIMIT: Final = 524288
"""Characters of `spec.scoreText`; a file is measured in bytes."""
ERRAND_TAIL: Final = 2000
"""Characters of the output's end that an answer carries (semantics §8)."""
NOTICE_SECONDS: Final = 30.0
"""For one try."""
NOTICE_TRIES: Final = 3
NOTICE_PAUSE_SECONDS: Final = 1.0
_REQUIRED: Final = ("pod_uid", "errand", "outcome", "message")


class Command(TypedDict):
    """`shell`: a text for `bash -c`; else a program and its arguments. Placeholders in `values` are filled in."""

    text: str
    shell: bool
    working_directory: NotRequired[str]
    """Relative to the workspace, or a path of the Pod."""
    values: dict[str, str]


class Notice(TypedDict):
    """A POST of `body`, as JSON. The URL is written out, or in an environment variable of the Pod."""

    url: NotRequired[str]
    url_env: NotRequired[str]
    headers: NotRequired[dict[str, str]]
    body: dict[str, Any]


class Start(TypedDict):
    """Create a job at the API server: `body`, with the text of a file of the workspace as `spec.scoreText`."""

    file: str
    """Relative to the workspace."""
    body: dict[str, Any]
    account: str
    """The service account that the Pod runs as."""


class Errand(TypedDict):
    """Exactly one kind of work is present."""

    protocol: int
    job: str
    job_uid: str
    namespace: str
    run: int
    errand: str
    """`<kind>-<number>`, as the label says."""
    timeout_seconds: float
    once: bool
    """It has the ledger, which keeps it from ever running twice."""
    command: NotRequired[Command]
    notice: NotRequired[Notice]
    start: NotRequired[Start]


class ErrandResult(TypedDict):
    """`lost`: it was started by a Pod that is gone, and how it ended is not known."""

    protocol: int
    pod_uid: str
    errand: str
    outcome: Literal["succeeded", "failed", "lost"]
    message: str
    exit_code: NotRequired[int]
    output_tail: NotRequired[str]
    """Redacted."""
    started_at: NotRequired[float]
    ended_at: NotRequired[float]
    """Seconds since the epoch."""


def encode_errand(result: ErrandResult) -> bytes:
    """As a termination message: the tail is halved, then the message, until it fits."""
    shrunk = result.copy()
    while len(said := _bytes(shrunk)) > MESSAGE_LIMIT:
        if tail := shrunk.get("output_tail", ""):
            shrunk["output_tail"] = tail[len(tail) - len(tail) // 2 :]
        elif message := shrunk["message"]:
            shrunk["message"] = message[: len(message) // 2]
        else:
            break  # nothing of ours is so long; the kubelet cuts it, and then it is no answer
    return said


def decode_errand(text: str) -> ErrandResult:
    """The answer in a termination message; raises `UnreadableMessageError`."""
    try:
        result = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableMessageError(f"no answer: {error}") from error
    if not isinstance(result, dict) or not all(isinstance(result.get(key), str) for key in _REQUIRED):
        raise UnreadableMessageError("no answer: it has not the shape of one")
    if result.get("protocol") != PROTOCOL:
        raise UnreadableMessageError(f"protocol {result.get('protocol')!r}, this operator speaks {PROTOCOL}")
    return cast(ErrandResult, result)


def _bytes(result: ErrandResult) -> bytes:
    return json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
