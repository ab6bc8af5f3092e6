"""Marianne's error codes: their names, whether another try may help, and how long to wait before it (semantics §7.5).

The runner tells codes in its verdicts; the operator takes a sheet's fate from them.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple


class ErrorCode(NamedTuple):
    """`delay_seconds`: before the next try; 0: none that is known."""

    name: str
    delay_seconds: float
    retriable: bool
    severity: Literal["WARNING", "ERROR", "CRITICAL"]


def _code(
    name: str, delay: float | None = None, severity: Literal["WARNING", "ERROR", "CRITICAL"] = "ERROR"
) -> ErrorCode:
    """Without a delay: not to be tried again."""
    return ErrorCode(name, delay or 0.0, delay is not None, severity)


ERROR_CODES: Final[Mapping[str, ErrorCode]] = {
    "E001": _code("EXECUTION_TIMEOUT", 60.0),
    "E002": _code("EXECUTION_KILLED", 30.0),
    "E003": _code("EXECUTION_CRASHED", severity="CRITICAL"),
    "E004": _code("EXECUTION_INTERRUPTED"),
    "E005": _code("EXECUTION_OOM", severity="CRITICAL"),
    "E006": _code("EXECUTION_STALE", 120.0, "WARNING"),
    "E009": _code("EXECUTION_UNKNOWN", 10.0),
    "E101": _code("RATE_LIMIT_API", 3600.0),
    "E102": _code("RATE_LIMIT_CLI", 900.0),
    "E103": _code("CAPACITY_EXCEEDED", 300.0, "WARNING"),
    "E104": _code("QUOTA_EXHAUSTED", 0.0),
    "E201": _code("VALIDATION_FILE_MISSING", 5.0),
    "E202": _code("VALIDATION_CONTENT_MISMATCH", 5.0),
    "E203": _code("VALIDATION_COMMAND_FAILED", 10.0),
    "E204": _code("VALIDATION_TIMEOUT", 30.0, "WARNING"),
    "E209": _code("VALIDATION_GENERIC", 5.0),
    "E301": _code("CONFIG_INVALID"),
    "E302": _code("CONFIG_MISSING_FIELD"),
    "E303": _code("CONFIG_PATH_NOT_FOUND"),
    "E304": _code("CONFIG_PARSE_ERROR"),
    "E305": _code("CONFIG_MCP_ERROR"),
    "E306": _code("CONFIG_CLI_MODE_ERROR"),
    "E401": _code("STATE_CORRUPTION", severity="CRITICAL"),
    "E402": _code("STATE_LOAD_FAILED", 5.0),
    "E403": _code("STATE_SAVE_FAILED", 5.0),
    "E404": _code("STATE_VERSION_MISMATCH"),
    "E501": _code("BACKEND_CONNECTION", 30.0),
    "E502": _code("BACKEND_AUTH", severity="CRITICAL"),
    "E503": _code("BACKEND_RESPONSE", 15.0),
    "E504": _code("BACKEND_TIMEOUT", 60.0),
    "E505": _code("BACKEND_NOT_FOUND", severity="CRITICAL"),
    "E601": _code("PREFLIGHT_PATH_MISSING"),
    "E602": _code("PREFLIGHT_PROMPT_TOO_LARGE"),
    "E603": _code("PREFLIGHT_WORKING_DIR_INVALID"),
    "E604": _code("PREFLIGHT_VALIDATION_SETUP"),
    "E901": _code("NETWORK_CONNECTION_FAILED", 30.0),
    "E902": _code("NETWORK_DNS_ERROR", 30.0),
    "E903": _code("NETWORK_SSL_ERROR", 30.0),
    "E904": _code("NETWORK_TIMEOUT", 60.0),
    "E999": _code("UNKNOWN", 30.0),
}

GROUPS: Final = {
    "E0": "execution",
    "E1": "rate_limit",
    "E2": "validation",
    "E3": "configuration",
    "E4": "state",
    "E5": "backend",
    "E6": "preflight",
    "E9": "transient",
}
CATEGORIES: Final = frozenset(
    {
        "rate_limit",
        "transient",
        "validation",
        "auth",
        "network",
        "timeout",
        "signal",
        "fatal",
        "configuration",
        "preflight",
        "escalation",
    }
)
"""The words of `error_category`."""


def group(code: str) -> str:
    """What the first digit stands for."""
    return GROUPS[code[:2]]
