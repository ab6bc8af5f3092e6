"""The page of the command line names every verb, every flag of each and every exit code."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from kubectl_marianne import exits
from kubectl_marianne.application import VERBS
from kubectl_marianne.options import _FLAGS

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
PAGE_ROWS = [row.split(" | ") for row in PAGE.splitlines() if row.startswith("| ")]
ROWS = [row for row in PAGE_ROWS if row[0].startswith("| `")]


def flags(verb: str) -> set[str]:
    """Long names of its own flags, without those that verbs share."""
    command = importlib.import_module(f"kubectl_marianne.{VERBS[verb].module}").command
    own = [each for name, each in inspect.signature(command).parameters.items() if name not in _FLAGS]
    options = [option for each in own for option in each.annotation.__metadata__]
    names = [name for option in options for name in option.param_decls or () if name.startswith("--")]
    return {name.split("/")[0] for name in names}


def test_every_verb_is_told_and_no_other() -> None:
    told = {re.match(r"\| `([a-z]+)", row[0])[1] for row in ROWS if len(row) == 3}  # type: ignore[index]
    assert told == set(VERBS)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_flag_is_told(verb: str) -> None:
    told = " ".join(row[2] for row in ROWS if len(row) == 3 and re.match(rf"\| `{verb}\b", row[0]))
    assert {name for name in flags(verb) if name not in told} <= {"--output"}


def test_every_shared_flag_is_told() -> None:
    shared = {name for flag in _FLAGS.values() for name in flag.__metadata__[0].param_decls if name.startswith("--")}
    assert {name for name in shared if f"`{name}" not in PAGE and f" {name}`" not in PAGE} <= {"--no-color"}


def test_every_exit_code_is_told() -> None:
    codes = {value for value in vars(exits).values() if isinstance(value, int)}
    told = [row[0].removeprefix("| ").split(", ") for row in PAGE_ROWS if re.match(r"\| \d", row[0])]
    assert {int(code) for cell in told for code in cell} == codes
