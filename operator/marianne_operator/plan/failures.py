"""What each way to fail means: Marianne's error code and category, and who pays.

A sheet pays with one of its own tries. What the infrastructure ended, and what a provider's limit held up, has a cap of
its own and costs the sheet none (invariant I8); refused credentials wait for somebody to mend them. Codes are those of
the semantics reference §7.5: where an instrument failed, the runner has read the reason out of what it said.
"""

from dataclasses import dataclass
from typing import Final, Literal

from marianne_runner.contract import Verdict

INFRASTRUCTURE_CAP: Final = 3
"""Ends forgiven per sheet and run; one more fails the sheet, so that an eviction loop ends and says why."""
RATE_LIMIT_CAP, QUOTA_CAP = 24, 48
"""Waits for a provider's rate limit, and for a quota that is spent, per sheet, unless its score says otherwise."""

Payer = Literal["sheet", "infrastructure", "limit", "credentials"]


@dataclass(frozen=True, slots=True)
class Failure:
    """`final`: trying again could only fail the same way. `wait`: seconds before the next try, if that is known.

    `resets_at`: when the limit is over, told to the second; seconds since the epoch.
    """

    code: str
    category: str
    payer: Payer = "sheet"
    final: bool = False
    wait: float | None = None
    resets_at: float | None = None


FAILURES: Final = {
    "ValidationFailed": Failure("E209", "validation"),
    "GroundingFailed": Failure("E209", "validation"),
    "ExitCode": Failure("E009", "transient"),
    "Timeout": Failure("E001", "timeout"),
    "Signal": Failure("E002", "signal"),
    "SelfTerminated": Failure("E002", "signal"),
    "OutOfMemory": Failure("E005", "fatal", final=True),
    "StorageExceeded": Failure("E009", "transient"),
    "TemplateInvalid": Failure("E304", "configuration", final=True),
    "InstrumentMissing": Failure("E505", "configuration", final=True),
    "ProtocolMismatch": Failure("E301", "configuration", final=True),
    "WorkspaceBehind": Failure("E401", "configuration", final=True),
    "RunnerFailed": Failure("E999", "transient"),
    "LedgerTampered": Failure("E402", "transient"),
    "LedgerMissing": Failure("E402", "transient", "infrastructure"),
    "PodLost": Failure("E002", "transient", "infrastructure"),
    "Interrupted": Failure("E002", "transient", "infrastructure"),
    "Evicted": Failure("E002", "transient", "infrastructure"),
    "VerdictMissing": Failure("E002", "transient", "infrastructure"),
}
OUTPUT_CHANGED: Final = Failure("E402", "fatal", final=True)
"""What a finished sheet handed on is not there any more: only that sheet can make it again."""
UNKNOWN: Final = Failure("E999", "fatal")
CLASSIFIED: Final = frozenset({"ExitCode", "Timeout", "Signal"})
"""Reasons behind which there is another, in what the instrument said."""
PAYERS: Final[dict[str, Payer]] = {"rate_limit": "limit", "auth": "credentials"}


def failure_of(reason: str, told: Verdict | None) -> Failure:
    """By the verdict's reason, and by the cause that the runner found behind it."""
    if told is not None and (reason, told["outcome"]) == ("LedgerTampered", "not_started"):
        return OUTPUT_CHANGED
    if told is None or "error_code" not in told or not (reason in CLASSIFIED or _held_up(reason, told)):
        return FAILURES.get(reason, UNKNOWN)
    category = told.get("error_category", "fatal")
    return Failure(
        told["error_code"],
        category,
        PAYERS.get(category, "sheet"),
        final=not told.get("retriable", True),
        wait=told.get("wait_seconds"),
        resets_at=told.get("resets_at"),
    )


def _held_up(reason: str, told: Verdict) -> bool:
    """Its answer tells of a limit, and nothing of the work is there: whoever got something done was not held up."""
    limit = told.get("error_category") == "rate_limit"
    return reason == "ValidationFailed" and limit and told.get("executed_pass_percentage") == 0.0
