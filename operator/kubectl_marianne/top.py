"""`kubectl marianne top`."""

from typing import Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, OUTPUT, SELECTION, Options, check_look, verb


@verb(CLUSTER, SELECTION, OUTPUT)
async def command(
    options: Options,
    job: Annotated[str | None, typer.Argument(help="By sheets of this one.", metavar="JOB", show_default=False)] = None,
) -> int:
    """CPU and memory need the cluster's metrics API, and are said to be unknown where it does not answer."""
    check_look(options, job, "what is used is a table, or an object with -o json or yaml")
    from kubectl_marianne.fetch import look  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.layout_top import top_lines  # noqa: PLC0415
    from kubectl_marianne.output import complain, show, show_object  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from kubectl_marianne.top_look import used_by_jobs, used_by_sheets  # noqa: PLC0415

    async with session(options) as opened:
        rows, why = await (used_by_jobs(opened) if job is None else used_by_sheets(opened, job))
        if options.output is not None:
            told = {"rows": [row.told for row in rows], "metrics": why or None}
            show_object(options.output, told)
        elif rows:
            show(top_lines(rows, look(opened, opened.screen), namespaces=options.all_namespaces), opened.screen)
        else:
            complain("Nothing runs.")
        if why and rows and options.output is None:
            complain(why)
        return exits.OK
