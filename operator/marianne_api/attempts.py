"""The attempts of one sheet, from those of its Pods that are left and that the caller may read."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from marianne_api.dependencies import CallerDep, JobIdDep, StateDep
from marianne_api.lookup import read_job
from marianne_client import paths
from marianne_client.attempts import attempt_details, attempts_by_sheet
from marianne_client.details import sheet_of
from marianne_runner.contract import JOB_LABEL, SHEET_LABEL

router = APIRouter(prefix="/api/jobs", tags=["Jobs"])


class KindRate(BaseModel):
    """Of one type of rule."""

    passed: int
    total: int


class AttemptDetails(BaseModel):
    """`outcome` is the runner's word, or how far the Pod has come: `starting`, `running`, `unknown`."""

    attempt: int
    run: int | None
    mode: str | None
    instrument: str | None
    model: str | None
    pod_name: str
    pod_phase: str
    pod_reason: str | None
    started_at: str | None
    completed_at: str | None
    duration_seconds: float | None
    outcome: str
    reason: str | None
    message: str | None
    error_code: str | None
    error_category: str | None
    exit_code: int | None
    exit_signal: int | None
    exit_reason: str | None
    validation_passed: bool | None
    pass_percentage: float | None
    confidence: float | None
    prompt_characters: int | None
    validations_by_kind: dict[str, KindRate]
    passed_validations: list[str]
    failed_validations: list[str]
    validation_details: list[dict[str, Any]]
    input_tokens: int | None
    output_tokens: int | None
    stdout_tail: str | None
    stderr_tail: str | None
    output_truncated: bool


class SheetAttempts(BaseModel):
    """In their order. Attempts whose Pods were removed are missing."""

    job_id: str
    sheet_num: int
    attempts: list[AttemptDetails]


@router.get("/{job_id}/sheets/{sheet_num}/attempts")
async def list_sheet_attempts(
    job: JobIdDep, sheet_num: Annotated[int, Path()], caller: CallerDep, state: StateDep
) -> SheetAttempts:
    """What each attempt did, and why it ended."""
    found = await read_job(state, caller, job)
    if sheet_of(found, sheet_num) is None:
        raise HTTPException(404, f"Sheet {sheet_num} not found in job {state.name_of(job)}")
    labels = f"{JOB_LABEL}={job.name},{SHEET_LABEL}={sheet_num}"
    listed = await caller.connection.get(paths.pods(job.namespace), labelSelector=labels)
    several = attempts_by_sheet(listed["items"], found).get(sheet_num, [])
    details = [attempt_details(each) for each in several]
    return SheetAttempts.model_validate({"job_id": state.name_of(job), "sheet_num": sheet_num, "attempts": details})
