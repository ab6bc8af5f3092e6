"""`kubectl marianne approve JOB SHEET`: decide about a sheet that waits for a person."""

import uuid
from typing import Annotated, Literal

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, Options, refuse, verb

Decision = Literal["approve", "reject", "retry", "skip", "accept", "abort"]


@verb(CLUSTER)
async def command(
    options: Options,
    job: Annotated[str, typer.Argument(metavar="JOB")],
    sheet: Annotated[int, typer.Argument(metavar="SHEET", min=1)],
    reject: Annotated[bool, typer.Option("--reject", help="The same as --decision reject.")] = False,
    decision: Annotated[Decision | None, typer.Option("--decision", help="What becomes of it.")] = None,
) -> int:
    """At a checkpoint: approve, reject or skip. After the last try: retry, skip, accept or abort."""
    if reject and decision not in (None, "reject"):
        raise refuse("--reject is a decision of its own")
    said = decision or ("reject" if reject else "approve")
    from kubectl_marianne.lines import line  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.output import complain, show  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from kubectl_marianne.steering import steer  # noqa: PLC0415
    from marianne_client.approving import decide  # noqa: PLC0415

    async with session(options) as opened:
        token = uuid.uuid4().hex[:16]
        (answer,) = await steer(opened.connection, [opened.job(job)], lambda held: decide(held, sheet, said, token))
        if not answer.done:
            complain(f"{job}: {answer.message}")
            return exits.ERROR
        show([line(f"{job}: {answer.message}")], opened.screen)
        return exits.OK
