"""One job: what it is doing, why not more, and its sheets, at most as many as the screen is high."""

from collections.abc import Callable, Sequence
from typing import Final

from kubectl_marianne import palette
from kubectl_marianne.lines import GAP, Cell, Line, Span, fit, grid, line, wrap
from kubectl_marianne.reading import ORDER, Body, Look, Score, condition, counted, phase, sheets, status
from kubectl_marianne.sheet_cells import sheet_cells, sheet_header
from kubectl_marianne.times import duration, parsed, until

BAR: Final = 16
Wanted = Callable[[Body], bool]
NEXT: Final = {
    "Pending": "status {name} -w",
    "Running": "logs {name} -f",
    "Waiting": "status {name} -w",
    "Paused": "resume {name}",
    "PausedAtChain": "resume {name}",
    "Completed": "files {name} ls",
    "Failed": "errors {name}",
    "Refused": "errors {name}",
    "Cancelled": "tree {name}",
}


def job_lines(job: Body, score: Score, look: Look, wanted: Wanted = lambda _sheet: True) -> list[Line]:
    """The whole block."""
    top = [headline(job, look), *_reasons(job, look), *([_progress(job, look)] if sheets(job) else [])]
    end = wrap(Span(f"next: {_next(job, look)}"), look.width, look.signs.more)
    room = None if look.height is None else look.height - len(top) - len(end)
    chosen = [sheet for sheet in sheets(job) if wanted(sheet)]
    table = _table(chosen, score, look, room) if chosen else []
    return [fit(each, look.width, look.signs.more) for each in (*top, *table, *end)]


def _next(job: Body, look: Look) -> str:
    verb = NEXT[phase(job)] if status(job) else "doctor"
    return f"kubectl marianne {verb.format(**job['metadata'])}{look.flags}"


def headline(job: Body, look: Look) -> Line:
    """Name, namespace, phase, how long it has run, what it has cost."""
    found, dot = status(job), look.signs.dot
    began = parsed(found.get("startTime"))
    over = parsed(found.get("completionTime")) or look.now
    took = f"{dot}{duration((over - began).total_seconds())}" if began else ""
    cost = f"{dot}{found['cost']}" if found.get("cost") else ""
    meta = job["metadata"]
    where = f"{dot}{meta['namespace']}{dot}"
    return line(Span(meta["name"], palette.HEADER), where, palette.phase(phase(job)), took, cost)


def _reasons(job: Body, look: Look) -> list[Line]:
    """Why it stands still, and what of the score is without effect."""
    told: list[Span] = []
    if job["metadata"].get("deletionTimestamp"):
        told.append(Span("It is being deleted.", palette.WAIT))
    if not status(job):
        told.append(Span("The operator has not seen it yet.", palette.WAIT))
    elif waiting := status(job).get("waiting"):
        parts = (_reason(waiting), until(waiting.get("until"), look.now))
        told.append(Span(" ".join(filter(None, parts)), palette.WAIT))
    elif phase(job) in ("Failed", "Refused", "Cancelled"):
        of = condition(job, "Stalled" if phase(job) == "Refused" else "Succeeded")
        style = palette.DIM if phase(job) == "Cancelled" else palette.BAD
        told += [Span(_reason(of), style)] if of else []
    accepted = condition(job, "Accepted")
    if accepted.get("reason") == "FieldsWithoutEffect":
        told.append(Span(f"note: {accepted.get('message', '')}", palette.DIM))
    return [part for span in told for part in wrap(span, look.width, look.signs.more)]


def _reason(of: Body) -> str:
    return f"{of['reason']}: {of.get('message', '')}".rstrip(": ")


def _progress(job: Body, look: Look) -> Line:
    """A bar, the number, and each state by its word."""
    states = [sheet["state"] for sheet in sheets(job)]
    done = states.count("completed")
    full = BAR * done // len(states)
    spans = [
        Span(look.signs.full * full, "green"),
        Span(look.signs.empty * (BAR - full)),
        Span(f" {done}/{len(states)} "),
    ]
    for state, count in counted(states):
        sign = look.signs.states.get(state, "")
        spans += [Span(GAP), Span(f"{sign}{count} {state}", palette.sheet_state(state, look.signs).style)]
    return line(*spans)


def _table(chosen: Sequence[Body], score: Score, look: Look, room: int | None) -> list[Line]:
    shown, hidden = fitted(chosen, room)
    header = sheet_header(look)
    rows: list[list[Cell]] = [
        [Span(title, palette.HEADER) for title in header],
        *(sheet_cells(sheet, score, look) for sheet in shown),
    ]
    shrink = [header.index(title) for title in ("DETAIL", "MOVEMENT", "INSTRUMENT")]
    lines = grid(rows, look.width, look.signs.more, shrink)
    more = GAP.join(f"+{count} {state}" for state, count in counted([sheet["state"] for sheet in hidden]))
    return [*lines, line(Span(more, palette.DIM))] if hidden else lines


def fitted(chosen: Sequence[Body], room: int | None) -> tuple[Sequence[Body], Sequence[Body]]:
    """(shown, hidden), each by number: running before failed before waiting, if not all fit."""
    if room is None or len(chosen) + 1 <= room:
        return chosen, ()
    urgent = sorted(chosen, key=lambda sheet: ORDER.index(sheet["state"]))[: max(1, room - 2)]
    kept = {sheet["num"] for sheet in urgent}
    return [each for each in chosen if each["num"] in kept], [each for each in chosen if each["num"] not in kept]
