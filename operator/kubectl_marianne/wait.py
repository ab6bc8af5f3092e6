"""`kubectl marianne wait JOB...`: return when there is nothing left to wait for, and say how by the exit code."""

from enum import StrEnum
from typing import Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, SELECTION, Options, verb
from kubectl_marianne.steering_command import ALL, JOBS, Meant, check, chosen
from kubectl_marianne.waits import TIMEOUT, timeout_of


class For(StrEnum):
    """What is waited for."""

    COMPLETED = "completed"
    PAUSED = "paused"
    FINISHED = "finished"


@verb(CLUSTER, SELECTION)
async def command(
    options: Options,
    jobs: JOBS = None,
    goal: Annotated[For, typer.Option("--for", help="finished: however it ends, exit code 0.")] = For.COMPLETED,
    every: ALL = False,
    timeout: TIMEOUT = None,
) -> int:
    """Ends for a refused job too, whatever is waited for; `completed` also ends when the job is paused."""
    meant = Meant(jobs or (), every, wait=True, timeout_seconds=timeout_of(timeout))
    check(options, meant)
    from kubectl_marianne.output import complain  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.session import session  # noqa: PLC0415
    from kubectl_marianne.waits import wait_for  # noqa: PLC0415

    async with session(options) as opened:
        found = await chosen(opened, meant)
        if not found:
            complain("error: no jobs found")
            return exits.ERROR
        return await wait_for(opened, found, goal.value, meant.timeout_seconds)
