"""`kubectl marianne status`: all jobs at a glance, or one of them."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, OUTPUT, SELECTION, Options, check_named, refuse, verb


@verb(CLUSTER, SELECTION, OUTPUT)
async def command(
    options: Options,
    job: Annotated[str | None, typer.Argument(help="Look at this one.", metavar="JOB", show_default=False)] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it anew whenever it changes.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only what has failed: jobs, or the job's sheets.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits.")] = False,
    sheet: Annotated[int | None, typer.Option("--sheet", "-s", min=1, help="Only this sheet of the job.")] = None,
) -> int:
    """A job that is watched gives its ending as the exit code."""
    if job is None and sheet is not None:
        raise refuse("--sheet needs the name of a job")
    check_named(options, job)
    if watch and options.output not in (None, "wide"):
        raise refuse(f"--watch is for people: it cannot print {options.output}")
    if job is None:
        return await _list(options, watch=watch, failed=failed, waiting=waiting)
    return await _one(options, job, watch=watch, failed=failed, waiting=waiting, sheet=sheet)


async def _list(options: Options, *, watch: bool, failed: bool, waiting: bool) -> int:
    from kubectl_marianne import fetch, job_list  # noqa: PLC0415  (not for --help)
    from kubectl_marianne.output import show_objects  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415

    wanted = job_list.chosen(failed=failed, waiting=waiting)
    async with session(options) as opened:
        if watch:
            return await job_list.watch(opened, wanted)
        if options.output in ("json", "yaml"):
            every = await fetch.jobs(opened)
            show_objects(options.output, [each for each in every if wanted(job_list.summary(each))], one=False)
            return exits.OK
        return await job_list.once(opened, wanted)


async def _one(options: Options, name: str, *, watch: bool, failed: bool, waiting: bool, sheet: int | None) -> int:
    from kubectl_marianne.fetch import look, one_job, score_of  # noqa: PLC0415
    from kubectl_marianne.layout_job import job_lines  # noqa: PLC0415
    from kubectl_marianne.output import complain, show, show_objects  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from kubectl_marianne.watch import watch_job  # noqa: PLC0415
    from marianne_client.details import sheet_of  # noqa: PLC0415

    states = _states(failed=failed, waiting=waiting)

    def wanted(item: Any) -> bool:  # noqa: ANN401  (a sheet as it stands in the object)
        return (not states or item["state"] in states) and sheet in (None, item["num"])

    async with session(options) as opened:
        if watch:
            return await watch_job(opened, opened.job(name), wanted)
        found = await one_job(opened, name)
        if options.output in ("json", "yaml", "name"):
            show_objects(options.output, [found], one=True)
            return exits.OK
        if sheet is not None and sheet_of(found, sheet) is None:
            complain(f"Sheet {sheet} not found in job {name}")
            return exits.ERROR
        score = await score_of(opened.connection, found)
        show(job_lines(found, score, look(opened, opened.screen), wanted), opened.screen)
        return exits.OK


def _states(*, failed: bool, waiting: bool) -> Sequence[str]:
    from kubectl_marianne.reading import FAILED, WAITING  # noqa: PLC0415

    return [*(FAILED if failed else ()), *(WAITING if waiting else ())]
