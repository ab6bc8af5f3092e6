"""Jobs as a table of one line each."""

from collections.abc import Sequence
from typing import Final

from kubectl_marianne import palette
from kubectl_marianne.lines import GAP, Cell, Line, Span, grid, line
from kubectl_marianne.reading import Look
from kubectl_marianne.times import clock, duration, since
from marianne_client.conductor import ConductorStatus
from marianne_client.table import JobRow

TOLD_PHASES: Final = ("Running", "Waiting", "Paused", "PausedAtChain", "Pending", "Failed", "Refused")
"""What the first line counts: what goes on, and what somebody has to look at."""
URGENCY: Final = (*TOLD_PHASES, "Completed", "Cancelled")


def conductor_line(conductor: ConductorStatus | str, rows: Sequence[JobRow]) -> Line:
    """The first line of a list: is anybody conducting; a text stands for what is not known."""
    if isinstance(conductor, str):
        state = [Span(conductor, palette.WAIT)]
    else:
        told = f" {duration(conductor.uptime_seconds)}" if conductor.uptime_seconds is not None else ""
        version = f" (v{conductor.version.removeprefix('v')})" if conductor.version else ""
        state = [palette.phase("Running"), Span(told + version)]
    phases = [row.phase or "Pending" for row in rows]
    counts = [f"{phases.count(phase)} {phase.lower()}" for phase in TOLD_PHASES if phase in phases]
    return line(Span("conductor", palette.HEADER), GAP, *state, *(f"   {GAP.join(counts)}",) * bool(counts))


def job_table(rows: Sequence[JobRow], look: Look, *, namespaces: bool) -> list[Line]:
    """As `kubectl get`, and why a job waits. Of more than fit, the urgent ones, and how many are not shown."""
    shown, hidden = fitted(rows, look.height)
    header = _header(look, namespaces=namespaces)
    cells: list[list[Cell]] = [[Span(title, palette.HEADER) for title in header]]
    cells += [_cells(row, look, namespaces=namespaces) for row in shown]
    shrink = [header.index(title) for title in ("MESSAGE", "WAITING", "SCORE", "NAME", "NAMESPACE") if title in header]
    table = grid(cells, look.width, look.signs.more, shrink)
    return [*table, line(Span(_hidden(hidden), palette.DIM))] if hidden else table


def fitted(rows: Sequence[JobRow], room: int | None) -> tuple[Sequence[JobRow], Sequence[JobRow]]:
    """(shown, hidden): `room` is for the header, the rows and the line about the hidden ones."""
    if room is None or len(rows) + 1 <= room:
        return rows, ()
    by_urgency = sorted(rows, key=lambda row: URGENCY.index(row.phase) if row.phase in URGENCY else len(URGENCY))
    kept = set(by_urgency[: max(1, room - 2)])
    return [row for row in rows if row in kept], [row for row in rows if row not in kept]


def _hidden(rows: Sequence[JobRow]) -> str:
    phases = [row.phase or "Pending" for row in rows]
    return GAP.join(
        f"+{phases.count(phase)} {phase.lower()}" for phase in dict.fromkeys((*URGENCY, *phases)) if phase in phases
    )


def _header(look: Look, *, namespaces: bool) -> list[str]:
    return [
        *(["NAMESPACE"] if namespaces else []),
        *("NAME", "PHASE", "PROGRESS", "WAITING", "AGE"),
        *(["RUN", "RETRIES", "COST", "SCORE", "MESSAGE"] if look.wide else []),
    ]


def _cells(row: JobRow, look: Look, *, namespaces: bool) -> list[Cell]:
    until = clock(row.waiting_until, look.now)
    waiting = f"{row.waiting_reason} {until}".strip() if row.waiting_reason else "-"
    wide: list[Cell] = [*(str(row.run or "-"), str(row.retries), row.cost or "-", row.score or "-", row.message or "-")]
    return [
        *([row.namespace] if namespaces else []),
        row.name,
        palette.phase(row.phase),
        f"{row.completed}/{row.total}" if row.total else "-",
        waiting,
        since(row.created, look.now),
        *(wide if look.wide else []),
    ]
