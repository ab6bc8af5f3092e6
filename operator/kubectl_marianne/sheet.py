"""`kubectl marianne sheet`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, OUTPUT, Options, refuse, verb

if TYPE_CHECKING:
    from kubectl_marianne.session import Session


@verb(CLUSTER, OUTPUT)
async def command(
    options: Options,
    job: Annotated[str, typer.Argument(help="The job.", metavar="JOB", show_default=False)],
    num: Annotated[int, typer.Argument(help="The sheet's number.", metavar="N", min=1, show_default=False)],
    attempts: Annotated[bool, typer.Option("--attempts", help="Its attempts instead, by their Pods.")] = False,
) -> int:
    """`-o json` prints the 33 details that the HTTP API answers with."""
    from kubectl_marianne.fetch import look, one_job  # noqa: PLC0415  (not for --help)
    from kubectl_marianne.layout_sheet import sheet_lines  # noqa: PLC0415
    from kubectl_marianne.output import complain, show, show_json, show_yaml  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from marianne_client.details import sheet_details, sheet_of  # noqa: PLC0415

    if options.output == "name" or (attempts and options.output):
        raise refuse("a sheet has no name of its own" if options.output == "name" else "--attempts is a table only")
    async with session(options) as opened:
        found = await one_job(opened, job)
        item = sheet_of(found, num)
        if item is None:
            complain(f"Sheet {num} not found in job {job}")
            return exits.ERROR
        if options.output in ("json", "yaml"):
            (show_json if options.output == "json" else show_yaml)(sheet_details(item))
        elif attempts:
            await _attempts(opened, found, num)
        else:
            show(sheet_lines(sheet_details(item), look(opened, opened.screen)), opened.screen)
        return exits.OK


async def _attempts(opened: "Session", job: Mapping[str, Any], num: int) -> None:
    from kubectl_marianne.attempts import attempts_by_sheet  # noqa: PLC0415
    from kubectl_marianne.fetch import look, pods_of  # noqa: PLC0415
    from kubectl_marianne.layout_sheet import attempt_lines  # noqa: PLC0415
    from kubectl_marianne.output import complain, show  # noqa: PLC0415

    pods = await pods_of(opened, opened.job(job["metadata"]["name"]), num)
    found = attempts_by_sheet(pods, job["metadata"]["uid"]).get(num, [])
    if found:
        show(attempt_lines(found, look(opened, opened.screen)), opened.screen)
    else:
        complain(f"No Pod of sheet {num} is left.")
