"""`kubectl marianne run SCORE.yaml`: check a score, make a job of it, and follow it if asked to."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import (
    CLUSTER,
    NAME,
    OUTPUT,
    SCORE,
    SELF_HEALING,
    START_SHEET,
    WORKSPACE,
    Options,
    refuse,
    verb,
)
from kubectl_marianne.waits import TIMEOUT, timeout_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_marianne.follow_run import Follow
    from kubectl_marianne.score_file import ScoreFile, Wanted
    from kubectl_marianne.session import Session

OUTPUTS = ("name", "json", "yaml")


class DryRun(StrEnum):
    """`client` asks nobody; `server` lets the API server check everything and keep nothing."""

    CLIENT = "client"
    SERVER = "server"


@verb(CLUSTER, OUTPUT)
async def command(  # noqa: PLR0913  (flags)
    options: Options,
    score: SCORE,
    *,
    name: NAME = None,
    workspace: WORKSPACE = None,
    start_sheet: START_SHEET = None,
    self_healing: SELF_HEALING = False,
    dry_run: Annotated[DryRun | None, typer.Option("--dry-run", help="Alone it means client.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show its status until it ends.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return when it ends.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Print what its sheets print until it ends.")] = False,
    timeout: TIMEOUT = None,
) -> int:
    """With --watch, --wait or --logs the exit code is the job's: 0 completed, 10 failed, 11 cancelled, 12 paused.

    A pause ends no --watch: it shows what comes after it.
    """
    if options.output not in (None, *OUTPUTS):
        raise refuse(f"-o is one of {', '.join(OUTPUTS)}")
    if dry_run and (watch or wait or logs):
        raise refuse("--dry-run makes no job that could be followed")
    if options.output and (watch or logs):
        raise refuse("-o is for programs, --watch and --logs are for people: choose one")
    if watch and logs:
        raise refuse("--watch and --logs both want the terminal: choose one")
    if timeout and not (watch or wait or logs):
        raise refuse("--timeout is for --watch, --wait and --logs")
    limit = timeout_of(timeout)
    from kubectl_marianne.follow_run import Follow  # noqa: PLC0415  (httpx, pydantic: not for --help)
    from kubectl_marianne.output import complain  # noqa: PLC0415
    from kubectl_marianne.score_file import ScoreFileError, Wanted, read  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from marianne_client.submission import WorkspaceError  # noqa: PLC0415

    try:
        file = read(score)
        async with session(options) as opened:
            wanted = Wanted(opened.namespace, options.namespace, name, workspace, start_sheet, self_healing)
            return await _run(opened, file, wanted, dry_run, Follow(watch, wait, logs, limit))
    except (ScoreFileError, WorkspaceError) as error:
        complain(f"error: {error}")
        return exits.USAGE


async def _run(opened: "Session", file: "ScoreFile", wanted: "Wanted", dry_run: DryRun | None, follow: "Follow") -> int:
    from kubectl_marianne.follow_run import follow_run  # noqa: PLC0415
    from kubectl_marianne.submission import named, prepare  # noqa: PLC0415
    from marianne_client import paths  # noqa: PLC0415
    from marianne_client.identity import JobId  # noqa: PLC0415

    body = await prepare(file, wanted)
    if body is None:
        return exits.ERROR
    if dry_run is DryRun.CLIENT:
        _show(named(body), opened.options.output or "yaml", "")
        return exits.OK
    namespace = str(body["metadata"]["namespace"])
    JobId.of(namespace, wanted.name or "job")  # both become a part of a path
    made = await opened.connection.create(paths.jobs(namespace), body, dry_run=dry_run is DryRun.SERVER)
    _show(made, opened.options.output, " (server dry run)" if dry_run else "")
    if dry_run or not follow.wanted:
        return exits.OK
    return await follow_run(opened, JobId(namespace, made["metadata"]["name"]), follow)


def _show(job: "Mapping[str, Any]", output: str | None, remark: str) -> None:
    from kubectl_marianne.output import JOB, show_objects, tell  # noqa: PLC0415

    if output is None:
        tell(f"{JOB}/{job['metadata']['name']} created{remark}")
    else:
        show_objects(output, [job], one=True)
