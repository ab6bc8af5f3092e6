"""The list of jobs: once, or for as long as somebody looks."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kubectl_marianne import exits, fetch
from kubectl_marianne.changes import row_changes
from kubectl_marianne.layout_list import conductor_line, job_table
from kubectl_marianne.lines import Line
from kubectl_marianne.output import JOB, complain, show, standard_screen, tell
from kubectl_marianne.reading import phase
from kubectl_marianne.redraw import Freshness, follow
from kubectl_marianne.row_versions import Rows, row_versions
from kubectl_marianne.session import Session
from marianne_client.conductor import ConductorStatus
from marianne_client.table import JobRow

Wanted = Callable[[str], bool]


def chosen(*, failed: bool, waiting: bool) -> Wanted:
    """By phase; without a wish, all."""
    phases = {*(("Failed", "Refused") if failed else ()), *(("Waiting",) if waiting else ())}
    return lambda word: not phases or word in phases


def summary(job: Mapping[str, Any]) -> str:
    """What `chosen` chooses by."""
    return phase(job)


async def once(session: Session, wanted: Wanted) -> int:
    """As `kubectl get`, below a line about the conductor."""
    listed, _ = await fetch.job_rows(session)
    rows = [row for row in listed if wanted(row.phase)]
    if session.options.output == "name":
        for row in rows:
            tell(f"{JOB}/{row.name}")
        return exits.OK
    show(_lines(session, rows, await fetch.conductor(session), height=None), session.screen)
    if not rows:
        complain("No jobs found" + (f" in {session.scope} namespace." if session.scope else "."))
    return exits.OK


async def watch(session: Session, wanted: Wanted) -> int:
    """Until Ctrl-C."""
    conductor = await fetch.conductor(session)
    fresh = Freshness(session.now)

    async def versions() -> AsyncGenerator[Rows | None, None]:
        async with contextlib.aclosing(row_versions(session, fresh.pause)) as found:
            async for version in found:
                yield {key: row for key, row in version.items() if wanted(row.phase)}

    def draw(rows: Rows) -> list[Line]:
        return _lines(session, [rows[key] for key in sorted(rows)], conductor, session.screen.height)

    await follow(session.screen, fresh, versions(), draw, row_changes)
    return exits.OK


def _lines(
    session: Session, rows: Sequence[JobRow], conductor: ConductorStatus | str, height: int | None
) -> list[Line]:
    screen = standard_screen(no_color=session.options.no_color)
    look = fetch.look(session, screen)
    room = None if height is None or look.height is None else look.height - 1
    table = job_table(rows, replace(look, height=room), namespaces=session.options.all_namespaces)
    return [conductor_line(conductor, rows), *(table if rows else [])]
