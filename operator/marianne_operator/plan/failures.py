"""What each way to fail means: Marianne's error code and category, and who pays.

A sheet pays with one of its own tries; the infrastructure's ends have a cap of their own and cost the sheet none
(invariant I8). Codes are those of the semantics reference §7.5; the classifier over output comes with a later issue.
"""

from dataclasses import dataclass
from typing import Final, Literal

INFRASTRUCTURE_CAP: Final = 3
"""Ends forgiven per sheet and run; one more fails the sheet, so that an eviction loop ends and says why."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`final`: trying again could only fail the same way."""

    code: str
    category: str
    payer: Literal["sheet", "infrastructure"] = "sheet"
    final: bool = False


FAILURES: Final = {
    "ValidationFailed": Failure("E209", "validation"),
    "ExitCode": Failure("E009", "transient"),
    "Timeout": Failure("E001", "timeout"),
    "Signal": Failure("E002", "signal"),
    "SelfTerminated": Failure("E002", "signal"),
    "OutOfMemory": Failure("E005", "signal", final=True),
    "StorageExceeded": Failure("E009", "transient"),
    "TemplateInvalid": Failure("E304", "configuration", final=True),
    "InstrumentMissing": Failure("E505", "configuration", final=True),
    "ProtocolMismatch": Failure("E301", "configuration", final=True),
    "WorkspaceBehind": Failure("E401", "configuration", final=True),
    "RunnerFailed": Failure("E999", "transient"),
    "LedgerMissing": Failure("E402", "transient", "infrastructure"),
    "PodLost": Failure("E002", "transient", "infrastructure"),
    "Interrupted": Failure("E002", "transient", "infrastructure"),
    "Evicted": Failure("E002", "transient", "infrastructure"),
    "VerdictMissing": Failure("E002", "transient", "infrastructure"),
}
UNKNOWN: Final = Failure("E999", "fatal")
