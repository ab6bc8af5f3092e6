"""One sheet of a job, with Marianne's 33 details."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException

from marianne_api.dependencies import CallerDep, JobIdDep, StateDep
from marianne_api.lookup import read_job
from marianne_api.models import SheetDetails
from marianne_client.details import sheet_details, sheet_of
from marianne_client.retained import verdict_of_sheet

router = APIRouter(prefix="/api/jobs", tags=["Jobs"])


@router.get("/{job_id}/sheets/{sheet_num}")
async def get_sheet_details(
    job: JobIdDep, sheet_num: Annotated[int, Path()], caller: CallerDep, state: StateDep
) -> SheetDetails:
    """Everything about one sheet."""
    found = await read_job(state, caller, job)
    item = sheet_of(found, sheet_num)
    if item is None:
        raise HTTPException(404, f"Sheet {sheet_num} not found in job {state.name_of(job)}")
    verdict = await verdict_of_sheet(caller.connection, found, item)
    return SheetDetails.model_validate(sheet_details(item, verdict))
