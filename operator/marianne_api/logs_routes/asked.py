"""Which lines of which logs a request means."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Query
from starlette.exceptions import HTTPException

from marianne_api.dependencies import StateDep
from marianne_client.follow import Wanted

MOST_LINES: Final = 1000
LONGEST_LINE: Final = 64 << 10
"""Bytes. A kubelet keeps lines of any length, and this process reads many logs for many callers."""
LATEST: Final = 2**31 - 1
"""Of numbers, and of times in seconds: what an API server can read."""
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
AGE: Final = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


def since_of(text: str, now: float) -> int:
    """Seconds since the epoch, of an RFC 3339 time or an age such as `90s`, `5m`, `2h`; raises `ValueError`."""
    if (age := AGE.fullmatch(text)) is not None:
        return max(0, int(now) - int(age[1]) * UNITS[age[2]])
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return min(max(0, int(moment.timestamp())), LATEST)


async def _wanted(
    state: StateDep,
    sheet: Annotated[int | None, Query(ge=1, le=LATEST, description="All sheets, if omitted")] = None,
    attempt: Annotated[int | None, Query(ge=1, le=LATEST, description="The newest, if omitted")] = None,
    since: Annotated[
        str | None, Query(max_length=40, description="An RFC 3339 time, or an age: `90s`, `5m`, `2h`")
    ] = None,
) -> Wanted:
    try:
        moment = None if since is None else since_of(since, state.times.now())
    except (ValueError, OverflowError):
        raise HTTPException(400, "since must be an RFC 3339 time with its zone, or an age such as 5m") from None
    return Wanted(None if sheet is None else frozenset([sheet]), attempt, None, moment, LONGEST_LINE)


WantedDep = Annotated[Wanted, Depends(_wanted)]


async def _wanted_tail(
    wanted: WantedDep,
    tail_lines: Annotated[int, Query(description=f"Of each log that is there; 0 to {MOST_LINES}")] = 100,
) -> Wanted:
    if not 0 <= tail_lines <= MOST_LINES:
        raise HTTPException(400, f"tail_lines must be between 0 and {MOST_LINES}")
    return replace(wanted, tail_lines=tail_lines)


TailDep = Annotated[Wanted, Depends(_wanted_tail)]
