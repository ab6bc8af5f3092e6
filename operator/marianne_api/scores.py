"""Scores that are looked at, or started, without a job in view."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from marianne_api.dependencies import CallerDep, StateDep
from marianne_api.models import StartJobRequest
from marianne_api.starting import start
from marianne_operator.score.lint.findings import ORDER, UNREADABLE, WRONG_FIELDS, Finding
from marianne_operator.score.refused import ScoreRefusedError
from marianne_runner.contract import CompiledScore

router = APIRouter(prefix="/api/scores", tags=["Scores"])
LONGEST: Final = 1_000_000
SHOWN_CONTEXT: Final = 200
"""Characters of the line that an issue is about."""
TOO_LARGE: Final = "K003"


class ValidateScoreRequest(BaseModel):
    """`filename` and `workspace_path` are accepted, and of no effect: nothing of a disk is looked at."""

    content: Annotated[str, Field(max_length=LONGEST, description="A score, as YAML")]
    filename: str | None = None
    workspace_path: str | None = None


class Issue(BaseModel):
    """One finding of lint (docs/lint.md); `context` is the line that it is about."""

    check_id: str
    severity: str
    message: str
    line: int | None = None
    column: int | None = None
    context: str | None = None
    suggestion: str | None = None
    auto_fixable: bool = False
    path: str


class ConfigSummary(BaseModel):
    """What a valid score comes to."""

    name: str
    total_sheets: int
    total_stages: int
    instruments: list[str]
    validations: int
    has_dependencies: bool


class ValidateScoreResponse(BaseModel):
    """`valid`: the operator would perform it. `error_message` is the first error's."""

    valid: bool
    yaml_syntax_valid: bool
    schema_valid: bool
    issues: list[Issue]
    counts: dict[str, int]
    config_summary: ConfigSummary | None = None
    error_message: str | None = None


class SubmitScoreRequest(BaseModel):
    """A score to start, with what `POST /api/jobs` knows besides."""

    content: Annotated[str, Field(description="A score, as YAML")]
    workspace: str | None = None
    self_healing: bool = False
    name: str | None = None
    namespace: str | None = None


class SubmitScoreResponse(BaseModel):
    """Started."""

    success: bool
    job_id: str
    job_name: str
    message: str


@router.post("/validate")
async def validate_score(asked: ValidateScoreRequest, state: StateDep, caller: CallerDep) -> ValidateScoreResponse:
    """What is wrong with a score, and where; 200 also where it is not valid. Nothing of it runs."""
    try:
        async with state.readers.turn(caller.username):
            findings = await state.sandbox.lint(asked.content)
            compiled = None if _errors(findings) else await state.sandbox.compile(asked.content)
    except ScoreRefusedError as refused:
        findings = [*findings, Finding(TOO_LARGE, "error", refused.message, "score")]
        compiled = None
    except OSError as error:
        raise HTTPException(503, "Scores cannot be read now") from error
    return judged(asked.content, findings, compiled)


@router.post("/submit")
async def submit_score(
    asked: SubmitScoreRequest, request: Request, response: Response, state: StateDep, caller: CallerDep
) -> SubmitScoreResponse:
    """`POST /api/jobs` by another name."""
    given = asked.model_dump(exclude={"content"})
    made = await start(state, caller, request, response, StartJobRequest(config_content=asked.content, **given))
    return SubmitScoreResponse(success=made.success, job_id=made.job_id, job_name=made.job_name, message=made.message)


def judged(text: str, findings: list[Finding], compiled: CompiledScore | None) -> ValidateScoreResponse:
    """The answer; pure."""
    errors = _errors(findings)
    ids = {each.check_id for each in errors}
    lines = text.split("\n")
    return ValidateScoreResponse(
        valid=not errors,
        yaml_syntax_valid=not ids & UNREADABLE,
        schema_valid=not ids & (UNREADABLE | WRONG_FIELDS | {TOO_LARGE}),
        issues=[_issue(each, lines) for each in findings],
        counts={severity: sum(each.severity == severity for each in findings) for severity in ORDER},
        config_summary=None if compiled is None else _summary(compiled),
        error_message=errors[0].message if errors else None,
    )


def _errors(findings: list[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity == "error"]


def _issue(found: Finding, lines: list[str]) -> Issue:
    shown = found.line is not None and 1 <= found.line <= len(lines)
    return Issue(
        check_id=found.check_id,
        severity=found.severity,
        message=found.message,
        line=found.line,
        column=found.column,
        context=lines[(found.line or 1) - 1].rstrip("\r")[:SHOWN_CONTEXT] if shown else None,
        suggestion=found.suggestion,
        path=found.path,
    )


def _summary(compiled: CompiledScore) -> ConfigSummary:
    performers: list[Any] = list(compiled["performers"])
    return ConfigSummary(
        name=compiled["name"],
        total_sheets=compiled["total_sheets"],
        total_stages=compiled["total_stages"],
        instruments=sorted({each["instrument"] for each in performers}),
        validations=len(compiled["rules"]),
        has_dependencies=compiled["dependencies_declared"],
    )
