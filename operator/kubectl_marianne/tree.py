"""`kubectl marianne tree`."""

from typing import Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, Options, verb


@verb(CLUSTER)
async def command(
    options: Options,
    job: Annotated[str, typer.Argument(help="The job.", metavar="JOB", show_default=False)],
    every: Annotated[bool, typer.Option("--all", help="Every voice, attempt and dependency.")] = False,
) -> int:
    """Pods that were removed are missing among the attempts."""
    from kubectl_marianne.fetch import look, one_job, pods_of, score_of  # noqa: PLC0415  (not for --help)
    from kubectl_marianne.layout_tree import tree_lines  # noqa: PLC0415
    from kubectl_marianne.output import show  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from marianne_client.attempts import attempts_by_sheet  # noqa: PLC0415

    async with session(options) as opened:
        found = await one_job(opened, job)
        score = await score_of(opened.connection, found)
        attempts = attempts_by_sheet(await pods_of(opened, opened.job(job)), found)
        show(tree_lines(found, score, attempts, look(opened, opened.screen), every=every), opened.screen)
        return exits.OK
