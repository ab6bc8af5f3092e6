"""`kubectl marianne sheet`."""

from typing import Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, OUTPUT, Options, refuse, verb


@verb(CLUSTER, OUTPUT)
async def command(
    options: Options,
    job: Annotated[str, typer.Argument(help="The job.", metavar="JOB", show_default=False)],
    num: Annotated[int, typer.Argument(help="The sheet's number.", metavar="N", min=1, show_default=False)],
    attempts: Annotated[bool, typer.Option("--attempts", help="Its attempts instead, by their Pods.")] = False,
    *,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="And their prompts, output and checks, from the ledger.")
    ] = False,
    image: Annotated[
        str | None, typer.Option("--image", help="Of the Pod that reads the ledger; else that of the job's Pods.")
    ] = None,
    timeout: Annotated[str, typer.Option("--timeout", help="For that Pod to start and to answer.")] = "2m",
) -> int:
    """`-o json` prints the 33 details that the HTTP API answers with; of `--attempts`, its answer to that."""
    if options.output == "name":
        raise refuse("a sheet has no name of its own")
    if evidence and not attempts:
        raise refuse("--evidence goes with --attempts")
    from kubectl_marianne.fetch import look, one_job  # noqa: PLC0415  (not for --help)
    from kubectl_marianne.layout_sheet import sheet_lines  # noqa: PLC0415
    from kubectl_marianne.output import complain, show, show_object  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from kubectl_marianne.sheet_attempts import Asked, show_attempts  # noqa: PLC0415
    from kubectl_marianne.waits import timeout_of  # noqa: PLC0415
    from marianne_client.details import sheet_details, sheet_of  # noqa: PLC0415
    from marianne_client.retained import verdict_of_sheet  # noqa: PLC0415

    async with session(options) as opened:
        found = await one_job(opened, job)
        item = sheet_of(found, num)
        if item is None:
            complain(f"Sheet {num} not found in job {job}")
            return exits.ERROR
        if attempts:
            return await show_attempts(opened, found, Asked(num, evidence, image, timeout_of(timeout)))
        verdict = await verdict_of_sheet(opened.connection, found, item)
        details = sheet_details(item, verdict)
        if options.output in ("json", "yaml"):
            show_object(options.output, details)
        else:
            show(sheet_lines(details, look(opened, opened.screen)), opened.screen)
        return exits.OK
