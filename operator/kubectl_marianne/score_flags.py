"""Flags of `run` and `convert`: what a score's job is to be like."""

from typing import Annotated

import typer

SCORE = Annotated[str, typer.Argument(metavar="SCORE.yaml|-", help="A score, or a MarianneJob that holds one.")]
NAME = Annotated[str | None, typer.Option("--name", help="The job's; else the score's name, made unique by run.")]
WORKSPACE = Annotated[
    str | None, typer.Option("--workspace", "-w", metavar="CLAIM[/FOLDER]", help="An existing claim; else one is made.")
]
START_SHEET = Annotated[int | None, typer.Option("--start-sheet", "-s", min=1, help="Earlier sheets count as done.")]
SELF_HEALING = Annotated[bool, typer.Option("--self-healing", "-H", help="Sets spec.selfHealing.")]
