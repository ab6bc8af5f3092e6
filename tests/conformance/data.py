"""The conformance data: what Marianne itself makes of scores. It lies beside the repository and is not part of it."""

import copy
import functools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.effects import EFFECTS
from marianne_operator.score.load import tree_of
from marianne_operator.score.refused import ScoreRefusedError
from marianne_runner.contract import CompiledScore

REPOSITORY = Path(__file__).parents[2]
FOLDER = (REPOSITORY / os.environ.get("MARIANNE_CONFORMANCE_DIR", "../shared/conformance")).resolve()

MIXED = {"sheet", "prompt", "backend"}

if not FOLDER.is_dir():
    why = f"conformance data: no folder {FOLDER}; set MARIANNE_CONFORMANCE_DIR to check against Marianne itself"
    pytest.skip(why, allow_module_level=True)


@functools.cache
def units() -> dict[str, Any]:
    """Cases of single functions, by table."""
    return json.loads((FOLDER / "units-truth.json").read_text())


@functools.cache
def scores() -> list[dict[str, Any]]:
    """What each score of the folder is, by its sheets."""
    every = json.loads((FOLDER / "scores-truth.json").read_text())["scores"]
    return [{"file": f"scores/{Path(truth['path']).name}", **truth} for truth in every]


def score_cases() -> list[Any]:
    return [pytest.param(truth, id=truth["name"]) for truth in scores()]


def sheet_cases() -> list[Any]:
    return [pytest.param(truth, sheet, id=f"{truth['name']}-{sheet['sheet_num']}")
            for truth in scores() for sheet in truth["sheets"]]  # fmt: skip


@functools.cache
def _refusal_and_score(file: str) -> tuple[str | None, CompiledScore]:
    text = (FOLDER / file).read_text()
    try:
        return None, compile_source(text)
    except ScoreRefusedError as refused:
        if refused.reason != "ScoreUnsupported":
            raise
        return refused.message, compile_source(without_refused_fields(tree_of(text)))


def refusal(truth: dict[str, Any]) -> str | None:
    """Why the operator does not take this score as it is."""
    return _refusal_and_score(truth["file"])[0]


def compiled(truth: dict[str, Any]) -> CompiledScore:
    """The score, or what is left of it without the fields that are refused by name: none of them moves the truth."""
    return copy.deepcopy(_refusal_and_score(truth["file"])[1])


def without_refused_fields(tree: dict[Any, Any]) -> dict[Any, Any]:
    """A copy. What is refused in one of its fields, and has none that are performed, goes as a whole."""
    made = copy.deepcopy(tree)
    for path in (effect.path for effect in EFFECTS if effect.kind == "refused"):
        part, _, field = path.partition(".")
        if part in MIXED:
            made.get(part, {}).pop(field, None)
        else:
            made.pop(part, None)
    made.pop("on_success", None)  # a job_path that names a file of its author's machine is refused
    return made
