"""From one version to the next as lines, for whatever reads a pipe."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubectl_marianne import palette
from kubectl_marianne.lines import Line, line
from kubectl_marianne.reading import phase, sheets, status
from marianne_client.table import JobRow

Job = Mapping[str, Any]
Rows = Mapping[tuple[str, str], JobRow]


def job_changes(before: Job | None, after: Job, wanted: Callable[[Job], bool] = lambda _: True) -> list[Line]:
    """Each wanted sheet whose state or attempt is another one, then the job, if its phase or reason is.

    What was wanted until now is told once more, as what it has become.
    """
    old = {sheet["num"]: sheet for sheet in sheets(before)} if before else {}
    pairs = [(old.get(sheet["num"]), sheet) for sheet in sheets(after)]
    news = [(was, now) for was, now in pairs if _news(now) != _news(was or {})]
    told = [_sheet(now) for was, now in news if wanted(now) or (was is not None and wanted(was))]
    if before is None or _job(before) != _job(after):
        told.append(_job(after))
    return told


def row_changes(before: Rows | None, after: Rows, wanted: Callable[[JobRow], bool] = lambda _: True) -> list[Line]:
    """Each wanted job that looks different, and those that are gone; what was wanted until now is told once more."""
    old: Rows = before or {}
    seen = {key: row for key, row in old.items() if wanted(row)}
    news = [(key, row) for key, row in after.items() if key not in old or _row(old[key]) != _row(row)]
    told = [_row(row) for key, row in news if wanted(row) or key in seen]
    return told + [line(f"{row.namespace}/{row.name} deleted") for key, row in seen.items() if key not in after]


def _news(sheet: Mapping[str, Any]) -> Sequence[Any]:
    """A sheet that was never begun is no news."""
    state, waiting = sheet.get("state", "pending"), sheet.get("waiting") or {}
    return state, sheet.get("attempt", 0), waiting.get("reason"), waiting.get("until")


def _sheet(sheet: Mapping[str, Any]) -> Line:
    waiting = sheet.get("waiting") or {}
    why = waiting.get("reason") or (sheet.get("errorMessage") if sheet["state"] not in ("completed",) else None)
    attempt = f" attempt {sheet['attempt']}" if sheet.get("attempt") else ""
    return line(f"sheet {sheet['num']} ", palette.sheet_state(sheet["state"], palette.ASCII), attempt, *_because(why))


def _job(job: Job) -> Line:
    found = status(job)
    waiting = found.get("waiting") or {}
    why = ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
    progress = f" {found['progress']}" if found.get("progress") and phase(job) != "Running" else ""
    return line(f"{job['metadata']['name']} ", palette.phase(phase(job)), progress, *_because(why))


def _row(row: JobRow) -> Line:
    progress = f" {row.completed}/{row.total}" if row.total else ""
    waiting = " ".join(filter(None, (row.waiting_reason, row.waiting_until)))
    return line(f"{row.namespace}/{row.name} ", palette.phase(row.phase), progress, *_because(waiting))


def _because(why: str | None) -> list[str]:
    return [f": {why}"] if why else []
