"""What went wrong in a job: its own reason, and each sheet's error with the checks that failed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kubectl_marianne import palette
from kubectl_marianne.lines import Cell, Line, Span, grid, line
from kubectl_marianne.reading import Body, Look, Score, condition, phase, sheets
from kubectl_marianne.times import clock

FAULTY: Final = ("Failed", "Refused")


def error_lines(job: Body, score: Score, look: Look) -> list[Line]:
    """Empty where nothing did."""
    faulty = [sheet for sheet in sheets(job) if sheet.get("errorMessage") and sheet["state"] != "completed"]
    lines = [*_job(job), *(_table(faulty, score, look) if faulty else [])]
    return [*lines, *(each for sheet in faulty for each in _evidence(sheet))]


def _job(job: Body) -> list[Line]:
    told = condition(job, "Stalled" if phase(job) == "Refused" else "Succeeded")
    if phase(job) not in FAULTY or not told:
        return []
    return [line(palette.phase(phase(job)), f"  {told['reason']}: {told.get('message', '')}")]


def _table(faulty: Sequence[Body], score: Score, look: Look) -> list[Line]:
    titles = ("SHEET", "MOVEMENT", "STATE", "TIME", "TYPE", "CODE", "ATT", "MESSAGE")
    header: list[Cell] = [Span(title, palette.HEADER) for title in titles]
    return grid([header, *(_cells(sheet, score, look) for sheet in faulty)], look.width, look.signs.more, [7, 1])


def _cells(sheet: Body, score: Score, look: Look) -> list[Cell]:
    return [
        str(sheet["num"]),
        score.movement(sheet["num"]),
        palette.sheet_state(sheet["state"], look.signs),
        clock(sheet.get("completedAt") or sheet.get("startedAt"), look.now) or "-",
        palette.category(sheet.get("errorCategory")),
        sheet.get("errorCode") or "-",
        str(sheet.get("attempt") or "-"),
        str(sheet["errorMessage"]),
    ]


def _evidence(sheet: Body) -> list[Line]:
    """Whole, however wide the terminal is: this is what is read to the end."""
    checks: Sequence[Mapping[str, Any]] = sheet.get("validationDetails") or ()
    told = [line(f"  failed check: {_check(each)}") for each in checks if not each.get("passed")]
    for name, tail in (("stdout", sheet.get("stdoutTail")), ("stderr", sheet.get("stderrTail"))):
        told += [line(Span(f"  {name}: ", palette.DIM), part) for part in (tail or "").splitlines()]
    heading = line(Span(f"sheet {sheet['num']}", palette.HEADER), f": {sheet['errorMessage']}")
    return [line(), heading, *told]


def _check(check: Mapping[str, Any]) -> str:
    """`file_exists report.md: no such file (expected ..., found ...)`."""
    name = " ".join(filter(None, (check.get("rule_type"), check.get("description") or check.get("path"))))
    values = (("expected", check.get("expected_value")), ("found", check.get("actual_value")))
    told = ", ".join(f"{word} {value}" for word, value in values if value)
    return name + (f": {check['error_message']}" if check.get("error_message") else "") + (f" ({told})" if told else "")
