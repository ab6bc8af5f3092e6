"""Waiting as a part of several verbs: the flag, the words, the exit code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import refuse
from kubectl_marianne.times import seconds

if TYPE_CHECKING:
    from kubectl_marianne.session import Session
    from kubectl_marianne.verdict import Goal, Verdict
    from marianne_client.identity import JobId

TIMEOUT = Annotated[str | None, typer.Option("--timeout", help="As 90s, 5m or 1h30m; then exit code 124.")]
WAIT = Annotated[bool, typer.Option("--wait", help="Return when it has come to that.")]


def timeout_of(text: str | None) -> float | None:
    """None waits for ever, and so does 0, as with kubectl."""
    try:
        return (seconds(text) or None) if text is not None else None
    except ValueError as error:
        raise refuse(f"--timeout: {error}") from error


async def wait_for(opened: "Session", jobs: Sequence["JobId"], goal: "Goal", timeout_seconds: float | None) -> int:
    """The exit code; a line for each job, as soon as it is known, on stderr where stdout is for an object."""
    from kubectl_marianne.awaiting import await_jobs  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.lines import line  # noqa: PLC0415
    from kubectl_marianne.output import complain, show  # noqa: PLC0415
    from kubectl_marianne.verdict import worst  # noqa: PLC0415

    def tell(job: "JobId", found: "Verdict") -> None:
        if opened.options.output:
            complain(f"{job.name}: {found.told}")
        else:
            show([line(f"{job.name}: {found.told}")], opened.screen)

    try:
        return worst(await await_jobs(opened.connection, jobs, goal, timeout_seconds, tell))
    except TimeoutError:
        complain(f"error: not {goal} within the time-out")
        return exits.TIMED_OUT
