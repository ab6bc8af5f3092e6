"""A diagnosis as one page, and for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from kubectl_marianne import palette
from kubectl_marianne.diagnosis import Facts, Level, findings, next_steps, sheet_that_matters
from kubectl_marianne.layout_attempts import attempt_lines
from kubectl_marianne.layout_job import headline
from kubectl_marianne.lines import GAP, Cell, Line, Span, fit, grid, line
from kubectl_marianne.reading import Body, Look
from kubectl_marianne.times import clock
from marianne_client.attempts import attempt_details
from marianne_client.events import event
from marianne_client.table import JobRow

STYLES: Final[dict[Level, str]] = {"good": "green", "note": palette.DIM, "waits": palette.WAIT, "bad": palette.BAD}
IN_ORDER: Final = ("Running", "Completed", "Cancelled")
"""Phases of jobs that need nobody."""


def page(facts: Facts, look: Look) -> list[Line]:
    """Findings whole, however wide the screen is; then the evidence."""
    lines = [headline(facts.job, look)]
    for each in findings(facts):
        lines.append(line(Span(f"{each.level}: ", STYLES[each.level]), f"{each.about}: {each.told}"))
        lines += [line(f"{GAP}do: {each.fix}")] if each.fix else []
    if facts.attempt is not None:
        lines += [line(), *attempt_lines([facts.attempt], look)]
    if facts.events:
        lines += [line(), *_events(facts.events, look)]
    if facts.log:
        lines += [line(), line(Span("the end of its output", palette.HEADER))]
        lines += [line(GAP, each) for each in facts.log]
    steps = [line(f"next: kubectl marianne {step}{look.flags}") for step in next_steps(facts.job)]
    return [*lines, *([line()] if steps else []), *steps]


def as_object(facts: Facts) -> dict[str, Any]:
    """The same for programs."""
    meta, matters = facts.job["metadata"], sheet_that_matters(facts.job)
    return {
        "job": meta["name"],
        "namespace": meta["namespace"],
        "phase": (facts.job.get("status") or {}).get("phase"),
        "findings": [asdict(each) for each in findings(facts)],
        "sheet_num": None if matters is None else matters["num"],
        "attempt": None if facts.attempt is None else attempt_details(facts.attempt),
        "events": [event(each) for each in facts.events or ()],
        "log": list(facts.log),
        "next": next_steps(facts.job),
    }


def stuck(rows: Sequence[JobRow]) -> list[JobRow]:
    """Jobs that do not go on by themselves, or not now."""
    return [row for row in rows if row.phase not in IN_ORDER]


def stuck_lines(rows: Sequence[JobRow], look: Look, *, namespaces: bool) -> list[Line]:
    """A line each; the verb itself tells more of one."""
    titles = [*(["NAMESPACE"] if namespaces else []), "NAME", "PHASE", "PROGRESS", "WHY", "UNTIL"]
    cells: list[list[Cell]] = [[Span(title, palette.HEADER) for title in titles]]
    for row in rows:
        why = ": ".join(filter(None, (row.waiting_reason, row.message))) or "-"
        own: list[Cell] = [row.name, palette.phase(row.phase), f"{row.completed}/{row.total}" if row.total else "-"]
        when = clock(row.waiting_until, look.now) or "-"
        cells.append([*([row.namespace] if namespaces else []), *own, why, when])
    return [
        fit(each, look.width, look.signs.more) for each in grid(cells, look.width, look.signs.more, [len(titles) - 2])
    ]


def stuck_object(rows: Sequence[JobRow]) -> dict[str, Any]:
    """The same for programs."""
    keys = ("namespace", "name", "phase", "waiting_reason", "waiting_until", "message")
    return {"jobs": [{key: getattr(row, key) or None for key in keys} for row in rows]}


def _events(events: Sequence[Body], look: Look) -> list[Line]:
    rows: list[list[Cell]] = [[Span(title, palette.HEADER) for title in ("SEEN", "EVENT", "OF", "MESSAGE")]]
    for each in map(event, events):
        times = f" x{each['count']}" if each["count"] > 1 else ""
        of = f"{each['object']['kind'] or ''} {each['object']['name'] or ''}"
        rows.append([clock(each["last_seen"], look.now) or "-", f"{each['reason']}{times}", of, each["message"]])
    return grid(rows, look.width, look.signs.more, [3])
