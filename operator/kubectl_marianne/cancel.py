"""`kubectl marianne cancel JOB...`: end jobs for good."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, SELECTION, Options, verb
from kubectl_marianne.steering_command import ALL, JOBS, Meant, check, chosen, obey
from kubectl_marianne.waits import TIMEOUT, WAIT, timeout_of

if TYPE_CHECKING:
    from marianne_client.identity import JobId


@verb(CLUSTER, SELECTION)
async def command(
    options: Options,
    jobs: JOBS = None,
    now: Annotated[bool, typer.Option("--now", help="Running sheets get no time to end well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    every: ALL = False,
    wait: WAIT = False,
    timeout: TIMEOUT = None,
) -> int:
    """Asks first on a terminal. Results and finished sheets stay."""
    meant = Meant(jobs or (), every, wait, timeout_of(timeout))
    check(options, meant)
    from kubectl_marianne.output import complain  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.session import session  # noqa: PLC0415
    from marianne_client import verbs  # noqa: PLC0415

    async with session(options) as opened:
        found = await chosen(opened, meant)
        if found and not yes and sys.stdin.isatty() and not _agreed(found):
            complain("nothing was cancelled")
            return exits.ERROR
        return await obey(opened, found, lambda job: verbs.cancel(job, now=now), meant, "finished")


def _agreed(jobs: Sequence["JobId"]) -> bool:
    """What a terminal answers; names are safe, their pattern was checked."""
    from kubectl_marianne.process import asking  # noqa: PLC0415

    named = ", ".join(str(each) for each in jobs[:10]) + (f" and {len(jobs) - 10} more" if len(jobs) > 10 else "")
    print(f"Cancel {named}? [y/N]: ", end="", file=sys.stderr, flush=True)
    with asking():
        return sys.stdin.readline().strip().lower() in ("y", "yes")
