"""Which logs are meant, and the reading of them."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_marianne import exits
from kubectl_marianne.fetch import job_rows, one_job
from kubectl_marianne.log_lines import LogStyle, print_log
from kubectl_marianne.output import complain
from kubectl_marianne.session import Session
from marianne_client.follow import LogLine, UnknownSheetError, Wanted, follow, read
from marianne_client.identity import JobId


class NoJobError(LookupError):
    """There is none that could be the latest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags; no sheets are all of them. `age` in seconds."""

    sheets: frozenset[int]
    follow: bool
    attempt: int | None
    failed: bool
    previous: bool
    age: float | None
    tail: int | None


async def read_logs(opened: Session, name: str | None, asked: Asked, style: LogStyle) -> int:
    """The exit code; without a name, of the newest job."""
    try:
        job = opened.job(name if name is not None else await _newest(opened))
        wanted = await _wanted(opened, job, asked)
        if not wanted:
            complain("no sheet of that kind has a log")
        for each in wanted:
            lines = (follow if asked.follow else read)(opened.connection, job, each)
            await _print(opened, job, lines, style)
    except (NoJobError, UnknownSheetError) as error:
        complain(f"error: {error.args[0]}")
        return exits.ERROR
    return exits.OK


async def _print(opened: Session, job: JobId, lines: AsyncGenerator[LogLine, None], style: LogStyle) -> None:
    async with contextlib.aclosing(lines):
        await print_log(opened, job, lines, style)


async def _wanted(opened: Session, job: JobId, asked: Asked) -> list[Wanted]:
    """One reading, or one for each sheet where each has another attempt in view."""
    since = None if asked.age is None else int(opened.now().timestamp() - asked.age)
    if not (asked.failed or asked.previous):
        return [Wanted(asked.sheets or None, asked.attempt, asked.tail, since)]
    items = chosen((await one_job(opened, job.name)).get("status") or {}, asked)
    if not asked.previous:
        return [Wanted(frozenset(items), asked.attempt, asked.tail, since)] if items else []
    return [Wanted(frozenset([num]), attempt - 1, asked.tail, since) for num, attempt in items.items() if attempt > 1]


def chosen(status: Mapping[str, Any], asked: Asked) -> dict[int, int]:
    """Newest attempts by sheet, of the sheets that are meant."""
    return {
        item["num"]: item.get("attempt", 0)
        for item in status.get("sheets") or ()
        if (not asked.sheets or item["num"] in asked.sheets) and (not asked.failed or item["state"] == "failed")
    }


async def _newest(opened: Session) -> str:
    """Its name; raises `NoJobError`."""
    found, _ = await job_rows(opened)
    if not found:
        raise NoJobError(f"no jobs found in namespace {opened.namespace}")
    return max(found, key=lambda row: (row.created, row.name)).name
