"""What a rule's path may speak of, and what it becomes (semantics §6.2)."""

from pathlib import Path
from typing import cast

import pytest

from marianne_runner.contract import CompiledScore, Sheet
from marianne_runner.expansion import ExpansionError, expand_command, expand_path
from marianne_runner.variables import for_rules

WORKSPACE = Path("/workspace")
SHEET = cast(Sheet, {"num": 4, "stage": 2, "instance": 3, "fan_count": 3, "start_item": 7, "end_item": 9})
VARIABLES = {
    "sheet_num": "the built-in wins",
    "topic": "a b",
    "part": 2,
    "by_sheet": {"4": {"file": "four.md"}},
    "kinds": ["x", "y"],
}
SCORE = cast(CompiledScore, {"total_sheets": 5, "total_stages": 3, "prompt": {"variables": VARIABLES}})
CONTEXT = for_rules(SCORE, SHEET, str(WORKSPACE), "claude-code")


@pytest.mark.parametrize(
    ("path", "expanded"),
    [
        ("{workspace}/a.md", "/workspace/a.md"),
        ("a.md", "/workspace/a.md"),
        ("/etc/a", "/etc/a"),
        ("{sheet_num}/{total_sheets}", "/workspace/4/5"),
        ("{sheet_num:03d}.md", "/workspace/004.md"),
        ("{stage}-{movement}-{total_stages}-{total_movements}", "/workspace/2-2-3-3"),
        ("{instance}-{voice}-{fan_count}-{voice_count}", "/workspace/3-3-3-3"),
        ("{start_item}-{end_item}", "/workspace/7-9"),
        ("{instrument_name}", "/workspace/claude-code"),
        ("{topic}.{part}", "/workspace/a b.2"),
        ("{by_sheet[4][file]}", "/workspace/four.md"),
        ("{kinds[1]}", "/workspace/y"),
        ("{{topic}}", "/workspace/{topic}"),
        ("{topic!r}", "/workspace/'a b'"),
        ("${workspace}", "/workspace/$/workspace"),
        ("{{ workspace }}", "/workspace/{ workspace }"),
    ],
)
def test_a_path(path: str, expanded: str) -> None:
    assert str(expand_path(path, CONTEXT, WORKSPACE)) == expanded


@pytest.mark.parametrize(
    "path", ["{previous_outputs}", "{}", "{kinds[2]}", "{part.nothing}", "{", "{topic:d}", "{ topic }"]
)
def test_a_path_that_speaks_of_nothing_names_itself(path: str) -> None:
    with pytest.raises(ExpansionError) as raised:
        expand_path(path, CONTEXT, WORKSPACE)
    assert repr(path) in str(raised.value)


@pytest.mark.parametrize(
    ("command", "expanded"),
    [
        ("test -s {workspace}/{topic}", "test -s /workspace/'a b'"),
        ("{{workspace}}", "{/workspace}"),
        ("{by_sheet[4][file]} {sheet_num:03d} {nowhere} {}", "{by_sheet[4][file]} {sheet_num:03d} {nowhere} {}"),
        ("awk '{print $1}' ${file} ${workspace}", "awk '{print $1}' ${file} ${workspace}"),
        ("{part}{part}", "22"),
    ],
)
def test_a_command(command: str, expanded: str) -> None:
    assert expand_command(command, CONTEXT) == expanded
