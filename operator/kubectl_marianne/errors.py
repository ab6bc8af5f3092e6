"""`kubectl marianne errors`."""

from typing import Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, Options, verb


@verb(CLUSTER)
async def command(
    options: Options,
    job: Annotated[str, typer.Argument(help="The job.", metavar="JOB", show_default=False)],
) -> int:
    """Looking succeeds whatever is found."""
    from kubectl_marianne.fetch import look, one_job, score_of  # noqa: PLC0415  (not for --help)
    from kubectl_marianne.layout_errors import error_lines  # noqa: PLC0415
    from kubectl_marianne.output import complain, show  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415

    async with session(options) as opened:
        found = await one_job(opened, job)
        score = await score_of(opened.connection, found)
        lines = error_lines(found, score, look(opened, opened.screen))
        show(lines, opened.screen)
        if not lines:
            complain(f"No errors in {job}.")
        return exits.OK
