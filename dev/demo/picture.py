"""What people see of a running job: rows of a table, or lines where something changed. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from marianne_runner.contract import CompiledScore, Sheet

Status = Mapping[str, Any]
ENDED: Final = ("Completed", "Failed", "Cancelled", "Refused")
HEADINGS: Final = ("job", "sheet", "state", "attempts", "checks", "instrument", "duration")


@dataclass(frozen=True, slots=True)
class Row:
    """One sheet, as words."""

    job: str
    sheet: str
    state: str
    attempts: str
    checks: str
    instrument: str
    duration: str
    remark: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of `HEADINGS`."""
        return (self.job, self.sheet, self.state, self.attempts, self.checks, self.instrument, self.duration)


def rows(job: str, score: CompiledScore, status: Status) -> list[Row]:
    """Of every sheet, also before the operator has seen the job."""
    items = {item["num"]: item for item in status.get("sheets", [])}
    return [_row(job, score, sheet, items.get(sheet["num"], {})) for sheet in score["sheets"]]


def lines(before: list[Row], after: list[Row]) -> Iterator[str]:
    """Of those that look different now, for a terminal that cannot be painted on."""
    known = {(row.job, row.sheet): row for row in before}
    for row in after:
        old = known.get((row.job, row.sheet))
        if row.state != "pending" and (old is None or (old.state, old.attempts) != (row.state, row.attempts)):
            yield line(row)


def line(row: Row) -> str:
    """One row in columns that fit most scores."""
    told = (
        f"{row.job:<7} {row.sheet:<20} {row.state:<15} attempts {row.attempts or '0'}  checks {row.checks or '-':<4}"
        f" {row.instrument:<14} {row.duration:>7}"
    )
    return (told + (f"  {row.remark}" if row.remark else "")).rstrip()


def ended(status: Status) -> bool:
    """Nothing happens any more unless somebody wants it to."""
    return status.get("phase") in ENDED


def completed(status: Status) -> bool:
    """It went well."""
    return status.get("phase") == "Completed"


def summary(status: Status) -> str:
    """One line on a job: its phase, its progress, and why it waits or failed."""
    told = [str(status.get("phase", "not seen yet")), str(status.get("progress", ""))]
    waiting = status.get("waiting")
    told += [f"{waiting['reason']}: {waiting.get('message', '')}"] if waiting else []
    if status.get("phase") in ("Failed", "Refused"):
        told += [each.get("message", "") for each in status.get("conditions", []) if each["type"] == "Succeeded"]
    return "  ".join(part for part in told if part)


def totals(status: Status) -> str:
    """What the run took: sheets, tries that were repeated, tokens where any were counted."""
    retries = status.get("totalRetries", 0)
    told = [f"{status.get('progress', '')} sheets", f"{retries} {'try' if retries == 1 else 'tries'} repeated"]
    tokens = status.get("totalInputTokens", 0), status.get("totalOutputTokens", 0)
    told += [f"{tokens[0]} tokens in, {tokens[1]} out"] if any(tokens) else []
    return ", ".join(told)


def _row(job: str, score: CompiledScore, sheet: Sheet, item: Mapping[str, Any]) -> Row:
    failed, rules = item.get("failedValidations", []), len(sheet["rules"])
    judged = bool(item.get("passedValidations") or failed)
    duration = item.get("executionDurationSeconds")
    return Row(
        job=job,
        sheet=f"{sheet['num']} {_name(score, sheet)}",
        state=item.get("state", "pending"),
        attempts=str(item["attempt"]) if item.get("attempt") else "",
        checks=f"{rules - len(failed)}/{rules}" if judged else "",
        instrument=item.get("instrument") or score["performers"][sheet["performer"]]["instrument"],
        duration=f"{duration:.1f} s" if duration is not None else "",
        remark=f"not yet: {failed[0]}" if failed else item.get("errorMessage", ""),
    )


def _name(score: CompiledScore, sheet: Sheet) -> str:
    name = score.get("stage_names", {}).get(str(sheet["stage"]), "")
    voice = f" {sheet['instance']}/{sheet['fan_count']}" if sheet["fan_count"] > 1 else ""
    return (name or f"stage {sheet['stage']}") + voice
