"""`kubectl marianne restart JOB...`: the next run, of as much as is asked for."""

import uuid
from typing import Annotated, Any

import typer

from kubectl_marianne.options import CLUSTER, SELECTION, Options, refuse, verb
from kubectl_marianne.steering_command import ALL, JOBS, Meant, check, steered
from kubectl_marianne.waits import TIMEOUT, WAIT, timeout_of


@verb(CLUSTER, SELECTION)
async def command(
    options: Options,
    jobs: JOBS = None,
    from_sheet: Annotated[
        int | None, typer.Option("--from-sheet", min=1, help="Also this sheet, and what depends on it.")
    ] = None,
    every_sheet: Annotated[bool, typer.Option("--all-sheets", help="Everything, from spec.startSheet on.")] = False,
    validate_only: Annotated[
        bool, typer.Option("--validate-only", help="Only hold what was tried against its rules again; costs nothing.")
    ] = False,
    every: ALL = False,
    wait: WAIT = False,
    timeout: TIMEOUT = None,
) -> int:
    """Without a flag: every sheet that was neither completed nor skipped by its condition, after a cancel too."""
    meant = Meant(jobs or (), every, wait, timeout_of(timeout))
    check(options, meant)
    if from_sheet is not None and every_sheet:
        raise refuse("--from-sheet or --all-sheets, not both")
    asked = _asked(from_sheet, every_sheet, validate_only)
    from marianne_client import verbs  # noqa: PLC0415  (not for --help)

    return await steered(options, meant, lambda job: verbs.restart(job, asked), "completed")


def _asked(from_sheet: int | None, every_sheet: bool, validate_only: bool) -> dict[str, Any]:
    """`spec.restart`."""
    if from_sheet is not None:
        scope: dict[str, Any] = {"scope": "FromSheet", "fromSheet": from_sheet}
    else:
        scope = {"scope": "All" if every_sheet else "Failed"}
    mode = "ValidateOnly" if validate_only else "Run"
    return {"token": uuid.uuid4().hex, "mode": mode, **scope}
