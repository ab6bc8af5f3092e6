"""What pause, resume and cancel have in common: flags, answers, waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import Options, refuse

if TYPE_CHECKING:
    from kubectl_marianne.session import Session
    from kubectl_marianne.steering import Answer
    from kubectl_marianne.verdict import Goal
    from marianne_client.identity import JobId
    from marianne_client.obey import Ask

JOBS = Annotated[list[str] | None, typer.Argument(metavar="JOB", help="Or -l, or --all.")]
ALL = Annotated[bool, typer.Option("--all", help="Every job of the namespace, or with -A of all.")]


@dataclass(frozen=True, slots=True)
class Meant:
    """What the command line says of the jobs that are meant, and of the waiting after it."""

    names: Sequence[str]
    every: bool
    wait: bool
    timeout_seconds: float | None


def check(options: Options, meant: Meant) -> None:
    """One way of saying which jobs, neither none nor two: raises for exit code 2."""
    ways = [bool(meant.names), options.selector is not None, meant.every]
    if sum(ways) != 1:
        raise refuse("name one or more jobs, or give -l SELECTOR, or --all")
    if meant.names and options.all_namespaces:
        raise refuse("a job's name needs its namespace: -n, not -A")
    if meant.timeout_seconds is not None and not meant.wait:
        raise refuse("--timeout is for --wait")


async def steered(options: Options, meant: Meant, ask: "Ask", goal: "Goal") -> int:
    """The whole of a verb that asks nobody: find the jobs that are meant, and have them obey."""
    from kubectl_marianne.session import session  # noqa: PLC0415  (httpx: not for --help)

    async with session(options) as opened:
        return await obey(opened, await chosen(opened, meant), ask, meant, goal)


async def chosen(opened: "Session", meant: Meant) -> list["JobId"]:
    """The jobs that are meant."""
    from kubectl_marianne.fetch import job_rows  # noqa: PLC0415  (httpx: not for --help)
    from marianne_client.identity import JobId  # noqa: PLC0415

    if meant.names:
        return [opened.job(name) for name in meant.names]
    found, _ = await job_rows(opened)
    return [JobId(row.namespace, row.name) for row in found]


async def obey(opened: "Session", jobs: Sequence["JobId"], ask: "Ask", meant: Meant, goal: "Goal") -> int:
    """Write the wish for each job, tell every answer, wait if asked to; the exit code.

    Refusals of jobs that only a selector found are told, but are no error: there was nothing to do for them.
    """
    from kubectl_marianne.output import complain  # noqa: PLC0415
    from kubectl_marianne.steering import steer  # noqa: PLC0415
    from kubectl_marianne.waits import wait_for  # noqa: PLC0415

    if not jobs:
        complain("no jobs found")
        return exits.OK
    answers = await steer(opened.connection, jobs, ask)
    for each in answers:
        _tell(opened, each)
    failed = any(not each.done and (meant.names or not each.refused) for each in answers)
    done = [each.id for each in answers if each.done]
    waited = await wait_for(opened, done, goal, meant.timeout_seconds) if meant.wait and done else exits.OK
    return exits.ERROR if failed else waited


def _tell(opened: "Session", answer: "Answer") -> None:
    from kubectl_marianne.lines import line  # noqa: PLC0415
    from kubectl_marianne.output import complain, show  # noqa: PLC0415

    name = str(answer.id) if opened.options.all_namespaces else answer.id.name
    if answer.done:
        show([line(f"{name}: {answer.message}")], opened.screen)
    else:
        complain(f"{name}: {answer.message}")
