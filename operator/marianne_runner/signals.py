"""What a failed instrument's output says of the reason, by the profile's patterns (semantics §7.3)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

KINDS: Final = ("auth_error", "crash", "stale", "timeout", "capacity")
"""In the order in which they are tried: what needs a person comes before what passes by itself."""


class Signals(NamedTuple):
    """`error_type`: `auth`, `crash`, `stale`, `timeout` or `capacity`."""

    rate_limited: bool = False
    error_type: str | None = None

    @property
    def told(self) -> str:
        """For a message; empty where nothing was recognised."""
        kind = self.error_type and f"{self.error_type} error"
        return ", ".join(filter(None, ["rate limited" if self.rate_limited else None, kind]))


def heard(errors: Mapping[str, Any], stdout: bytes, stderr: bytes) -> Signals:
    """`errors`: the profile's; of an instrument that failed. A limit counts on standard error alone, since an agent's
    answer may well speak of rate limits.
    """
    told = stderr.decode(errors="replace")
    both = f"{stdout.decode(errors='replace')}\n{told}"
    kinds = (kind for kind in KINDS if _any(errors.get(f"{kind}_patterns") or (), both))
    kind = next(kinds, None)
    return Signals(
        rate_limited=_any(errors.get("rate_limit_patterns") or (), told),
        error_type=kind and kind.removesuffix("_error"),
    )


def _any(patterns: Sequence[str], text: str) -> bool:
    return any(_expression(pattern).search(text) for pattern in patterns)


def _expression(pattern: str) -> re.Pattern[str]:
    """What is no regular expression is looked for as it stands."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(pattern), re.IGNORECASE)
