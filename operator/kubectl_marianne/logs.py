"""`kubectl marianne logs JOB`: what the sheets print, also before a Pod exists and after it has gone."""

from typing import Annotated

import typer

from kubectl_marianne.options import CLUSTER, Options, refuse, verb

SHEETS = Annotated[list[int] | None, typer.Option("--sheet", "-s", min=1, help="Only this sheet; repeatable.")]


@verb(CLUSTER)
async def command(  # noqa: PLR0913  (flags)
    options: Options,
    job: Annotated[str | None, typer.Argument(metavar="JOB", help="Or --latest.", show_default=False)] = None,
    *,
    sheet: SHEETS = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until the sheets have ended.")] = False,
    attempt: Annotated[int | None, typer.Option("--attempt", min=1, help="Instead of the newest.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only sheets that have failed.")] = False,
    previous: Annotated[bool, typer.Option("--previous", "-p", help="The attempt before the newest.")] = False,
    since: Annotated[str | None, typer.Option("--since", help="Only lines younger than 90s, 5m, 2h.")] = None,
    tail: Annotated[
        int | None, typer.Option("--tail", min=-1, help="Of each Pod's log, the last lines; -1: all.")
    ] = None,
    prefix: Annotated[bool, typer.Option("--prefix/--no-prefix", help="[sheet movement attempt]")] = True,
    timestamps: Annotated[bool, typer.Option("--timestamps", help="When each line was printed.")] = False,
    latest: Annotated[bool, typer.Option("--latest", help="Of the newest job of the namespace.")] = False,
) -> int:
    """Without -f, what there is of the newest attempts; with it, all attempts that are still to come."""
    if (job is None) is not latest:
        raise refuse("name a job, or give --latest")
    if previous and (follow or attempt is not None):
        raise refuse("--previous goes with neither --follow nor --attempt")
    from kubectl_marianne.log_lines import LogStyle  # noqa: PLC0415
    from kubectl_marianne.log_reading import Asked, read_logs  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from kubectl_marianne.times import seconds  # noqa: PLC0415  (not for --help)

    try:
        age = seconds(since) if since else None
    except ValueError as error:
        raise refuse(f"--since: {error}") from error
    asked = Asked(frozenset(sheet or ()), follow, attempt, failed, previous, age, None if tail == -1 else tail)
    async with session(options) as opened:
        return await read_logs(opened, job, asked, LogStyle(prefix, timestamps))
