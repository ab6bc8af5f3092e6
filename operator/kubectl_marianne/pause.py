"""`kubectl marianne pause JOB...`: start no more sheets."""

from typing import Annotated

import typer

from kubectl_marianne.options import CLUSTER, SELECTION, Options, verb
from kubectl_marianne.steering_command import ALL, JOBS, Meant, check, steered
from kubectl_marianne.waits import TIMEOUT, WAIT, timeout_of


@verb(CLUSTER, SELECTION)
async def command(
    options: Options,
    jobs: JOBS = None,
    interrupt: Annotated[
        bool, typer.Option("--interrupt", help="Stop running sheets too; it costs them no try.")
    ] = False,
    every: ALL = False,
    wait: WAIT = False,
    timeout: TIMEOUT = None,
) -> int:
    """Running sheets end first, unless they are interrupted."""
    meant = Meant(jobs or (), every, wait, timeout_of(timeout))
    check(options, meant)
    from marianne_client import verbs  # noqa: PLC0415  (not for --help)

    return await steered(options, meant, lambda job: verbs.pause(job, interrupt=interrupt), "paused")
