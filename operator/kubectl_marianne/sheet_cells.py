"""One sheet as a row."""

from kubectl_marianne import palette
from kubectl_marianne.lines import Cell
from kubectl_marianne.reading import RUNNING, Body, Look, Score
from kubectl_marianne.times import clock, duration, since, until
from marianne_operator.model.money import dollars


def sheet_header(look: Look) -> list[str]:
    """Titles of `sheet_cells`."""
    wide = ["COST", "MODEL", "POD"] if look.wide else []
    return ["#", "MOVEMENT", "STATE", "ATT", "CHECKS", "INSTRUMENT", "TIME", *wide, "DETAIL"]


def sheet_cells(sheet: Body, score: Score, look: Look) -> list[Cell]:
    """What the status says of it; what it will be performed by, from the score."""
    num = sheet["num"]
    wide: list[Cell] = [cost(sheet), sheet.get("model") or "-", sheet.get("podName") or "-"] if look.wide else []
    return [
        str(num),
        score.movement(num),
        palette.sheet_state(sheet["state"], look.signs),
        str(sheet.get("attempt") or "-"),
        checks(sheet, score),
        sheet.get("instrument") or score.instrument(num) or "-",
        taken(sheet, look),
        *wide,
        detail(sheet, look) or score.described(num),
    ]


def checks(sheet: Body, score: Score) -> str:
    """`3/4` passed. Of a job with many sheets the status keeps no labels: then what the score has, if all passed."""
    passed, failed = len(sheet.get("passedValidations") or ()), len(sheet.get("failedValidations") or ())
    if not passed and not failed and sheet.get("validationPassed"):
        passed = len(score.sheet(sheet["num"]).get("rules") or ())
    return f"{passed}/{passed + failed}" if passed or failed else "-"


def cost(sheet: Body) -> str:
    """`~`: estimated, or a part of it; `>`: what a lost Pod has spent is not in it."""
    micro, source = sheet.get("estimatedCostMicroUsd"), sheet.get("costSource")
    if micro is None:
        return "?" if source == "unknown" else "-"
    return {"estimated": "~", "unknown": ">"}.get(str(source), "") + dollars(micro)


def taken(sheet: Body, look: Look) -> str:
    """How long it ran, or has been running."""
    if sheet["state"] in RUNNING:
        return since(sheet.get("startedAt"), look.now)
    return duration(sheet.get("executionDurationSeconds"))


def detail(sheet: Body, look: Look) -> str:
    """Why it is in this state, in a few words."""
    if waiting := sheet.get("waiting"):
        parts = (waiting["reason"], until(waiting.get("until"), look.now) or waiting.get("message", ""))
        return " ".join(filter(None, parts))
    if sheet["state"] == "retry_scheduled" and sheet.get("nextRetryAt"):
        return f"again {clock(sheet['nextRetryAt'], look.now)}: {sheet.get('errorMessage', '')}".rstrip(": ")
    if sheet["state"] in ("completed", *RUNNING):
        return ""
    return str(sheet.get("errorMessage") or "")
