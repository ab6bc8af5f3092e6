"""The list of jobs: once, or for as long as somebody looks."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

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
from marianne_client.errors import UnreachableError
from marianne_client.table import JobRow

Wanted = Callable[[str], bool]
Conductor = ConductorStatus | str
CONDUCTOR_SECONDS: Final = 10.0


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
    conductor = [await fetch.conductor(session)]
    fresh = Freshness(session.now)

    def draw(rows: Rows) -> list[Line]:
        shown = [rows[key] for key in sorted(rows) if wanted(rows[key].phase)]
        return _lines(session, shown, conductor[0], session.screen.height)

    def changes(before: Rows | None, after: Rows) -> list[Line]:
        return row_changes(before, after, lambda row: wanted(row.phase))

    looking = asyncio.create_task(_look_after(session, conductor, fresh.changed))
    try:
        await follow(session.screen, fresh, row_versions(session, fresh.pause), draw, changes)
    finally:
        looking.cancel()
    return exits.OK


async def _look_after(session: Session, conductor: list[Conductor], changed: asyncio.Event) -> None:
    """A conductor that goes away tells nobody, and few may watch its Lease."""
    while True:
        await asyncio.sleep(CONDUCTOR_SECONDS)
        with contextlib.suppress(UnreachableError):  # the jobs' own watch tells of that
            found = await fetch.conductor(session)
            if isinstance(found, str) is not isinstance(conductor[0], str):
                changed.set()
            conductor[0] = found


def _lines(session: Session, rows: Sequence[JobRow], conductor: Conductor, height: int | None) -> list[Line]:
    screen = standard_screen(no_color=session.options.no_color)
    look = fetch.look(session, screen)
    room = None if height is None or look.height is None else look.height - 1
    table = job_table(rows, replace(look, height=room), namespaces=session.options.all_namespaces)
    return [conductor_line(conductor, rows), *(table if rows else [])]
