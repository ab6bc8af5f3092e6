"""What a failed instrument's words tell of the reason (semantics §7.4), where nothing else tells it."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from marianne_runner.classify_wait import DEFAULT, wait_told
from marianne_runner.contract import ERROR_CODES


class Cause(NamedTuple):
    """`wait`: seconds before the next try, if that is known; `category`: Marianne's word."""

    code: str
    category: str
    retriable: bool
    wait: float | None = None


def by_code(code: str, category: str) -> Cause:
    """As the table of codes has it."""
    known = ERROR_CODES[code]
    return Cause(code, category, known.retriable, known.delay_seconds if known.retriable else None)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns), re.IGNORECASE)


LIMITED: Final = _any(
    r"rate[ _-]?limit",
    r"(?:usage|daily|weekly|monthly|hourly|request|token)[ _-]?limit\b",
    r"\bquota\b",
    r"too many requests",
    r"\b429\b",
    r"hit (?:your|the) limit",
    r"try again later",
    r"resource.?exhausted",
)
QUOTA: Final = _any(
    r"resets? (?:in|at) ",
    r"(?:will|limit) resets?\b",
    r"resets? \d{1,2}(?::\d\d)?\s?[ap]m",
    r"no (?:tokens|credits) (?:left|remaining)",
    r"(?:used|spent|consumed) all (?:your |the |my )?(?:credits|tokens)",
    r"(?:out of|insufficient) (?:credits|tokens)",
    r"(?:tokens?|credits?) (?:exhausted|depleted)",
    r"credit balance is too low",
    r"insufficient_quota",
)
CAPACITY: Final = _any(r"\bcapacity\b", r"overloaded")
AUTH: Final = _any(
    r"permission denied",
    r"access denied",
    r"unauthori[sz]ed",
    r"\b40[13]\b",
    r"forbidden",
    r"authentication (?:failed|error|required)",
    r"not (?:authenticated|logged in)",
    r"(?:invalid|incorrect|missing|expired)[ _]?(?:x-)?api[ _-]?key",
    r"(?:invalid|expired)[ _](?:access[ _])?(?:token|credentials?)\b",
)
DNS: Final = _any(
    r"could not resolve",
    r"getaddrinfo",
    r"\benotfound\b",
    r"\beai_again\b",
    r"\bdns\b",
    r"name (?:or service not known|resolution)",
    r"no such host",
)
TLS: Final = _any(
    r"\bssl\b.{0,40}(?:error|fail|handshake|certificate)",
    r"\btls\b.{0,40}(?:error|alert|fail|handshake)",
    r"certificate.{0,40}(?:verif|expired|invalid|unknown|self.signed)",
)
NETWORK: Final = _any(
    r"connection (?:was |has been )?(?:refused|reset|aborted|closed|timeout|timed out|failed|error)",
    r"network (?:is )?(?:unreachable|error)",
    r"no route to host",
    r"\be(?:conn(?:refused|reset|aborted)|timedout|hostunreach|netunreach|pipe)\b",
    r"socket hang up",
)
TOOLS: Final = _any(
    r"\bmcp\b.{0,60}(?:error|fail|config|invalid|missing)",
    r"missing environment variables?",
    r"invalid mcp",
)
CLI_MODE: Final = _any(r"only prompt commands are supported", r"streaming mode")
NOT_FOUND: Final = _any(r"\benoent\b", r"command not found", r"executable (?:file )?not found")
MEMORY: Final = _any(r"out of memory", r"\boom\b", r"cannot allocate memory", r"memory (?:limit|exhausted)")
HOPELESS: Final = _any(
    r"permission", r"syntax ?error", r"invalid (?:argument|option|syntax)", r"validation (?:failed|error)"
)
STALE: Final = _any(r"stale execution", r"no output for")

_ORDER: Final[Mapping[re.Pattern[str], Cause]] = {
    AUTH: by_code("E502", "auth"),
    DNS: by_code("E902", "network"),
    TLS: by_code("E903", "network"),
    NETWORK: by_code("E901", "network"),
    TOOLS: by_code("E305", "configuration"),
    CLI_MODE: by_code("E306", "configuration"),
    NOT_FOUND: Cause("E505", "configuration", retriable=True, wait=30.0),
}
"""What needs a person before what passes by itself. A program that is missing may be one that a retry installs."""


def limit_told(text: str, now: float) -> Cause | None:
    """Whether a limit is spoken of: a quota that is spent, a server that is full, or a rate."""
    if QUOTA.search(text):
        code = "E104"
    elif CAPACITY.search(text):
        code = "E103"
    elif LIMITED.search(text):
        code = "E101"
    else:
        return None
    return Cause(code, "rate_limit", retriable=True, wait=wait_told(text, now) or DEFAULT)


def reason_told(text: str, now: float) -> Cause | None:
    """The first that the words speak of; None where they say nothing that is known."""
    limit = limit_told(text, now)
    return limit or next((cause for pattern, cause in _ORDER.items() if pattern.search(text)), None)
