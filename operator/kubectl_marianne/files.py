"""`kubectl marianne files JOB ls|cat|cp`: what the sheets made."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kubectl_marianne.options import CLUSTER, Options, refuse, verb


class Question(StrEnum):
    """What is wanted of the workspace."""

    LS = "ls"
    CAT = "cat"
    CP = "cp"


@verb(CLUSTER)
async def command(
    options: Options,
    job: Annotated[str, typer.Argument(metavar="JOB")],
    question: Annotated[Question, typer.Argument(metavar="ls|cat|cp", show_default=False)] = Question.LS,
    path: Annotated[str, typer.Argument(metavar="PATH", help="In the workspace.")] = "",
    target: Annotated[Path | None, typer.Argument(metavar="TARGET", help="cp: a folder of this machine.")] = None,
    *,
    image: Annotated[
        str | None, typer.Option("--image", help="With python3; else the image of the job's Pods.")
    ] = None,
    timeout: Annotated[str, typer.Option("--timeout", help="For the Pod to start and to answer.")] = "2m",
) -> int:
    """By a short restricted Pod that mounts the job's claim read-only, made with your own rights and removed again."""
    if question is Question.CAT and not path:
        raise refuse("cat needs the path of a file in the workspace")
    if target is not None and question is not Question.CP:
        raise refuse("only cp has a target")
    from kubectl_marianne.files_answer import Asked, answer  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.session import session  # noqa: PLC0415
    from kubectl_marianne.waits import timeout_of  # noqa: PLC0415

    asked = Asked(question.value, path, target or Path(), image, timeout_of(timeout))
    async with session(options) as opened:
        return await answer(opened, opened.job(job), asked)
