"""`kubectl marianne wait JOB...`: return when there is nothing left to wait for, and say how by the exit code."""

from enum import StrEnum
from typing import Annotated

import typer

from kubectl_marianne.options import CLUSTER, Options, verb
from kubectl_marianne.waits import TIMEOUT, timeout_of


class For(StrEnum):
    """What is waited for."""

    COMPLETED = "completed"
    PAUSED = "paused"
    FINISHED = "finished"


@verb(CLUSTER)
async def command(
    options: Options,
    jobs: Annotated[list[str], typer.Argument(metavar="JOB")],
    goal: Annotated[For, typer.Option("--for", help="finished: however it ends, exit code 0.")] = For.COMPLETED,
    timeout: TIMEOUT = None,
) -> int:
    """Ends for a refused job too, whatever is waited for; `completed` also ends when the job is paused."""
    from kubectl_marianne.session import session  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.waits import wait_for  # noqa: PLC0415

    limit = timeout_of(timeout)
    async with session(options) as opened:
        return await wait_for(opened, [opened.job(name) for name in jobs], goal.value, limit)
