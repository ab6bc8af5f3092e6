"""What a prompt says of the checks that will be made: the rules that are new for this sheet, and how many others hold.

Marianne reads from the text of a rule's condition when it was new (semantics §5.2), and so misses a rule for a later
stage: here a rule is new as well where no earlier stage had it, so that whoever has to meet it is told.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from marianne_runner.contract import CompiledScore, Rule, Sheet
from marianne_runner.expansion import expand_literally

COMMAND_CHARACTERS: Final = 60
_FROM: Final = re.compile(r"sheet_num\s*>=\s*(\d+)")
_AFTER: Final = re.compile(r"sheet_num\s*>\s*(\d+)")
_EXACTLY: Final = re.compile(r"sheet_num\s*==\s*\d+")


def new_by_condition(condition: str | None, sheet_num: int) -> bool:
    """Marianne's own reading of the text."""
    text = condition or ""
    if found := _FROM.search(text):
        return sheet_num == int(found[1])
    if found := _AFTER.search(text):
        return sheet_num == int(found[1]) + 1
    return _EXACTLY.search(text) is not None or sheet_num == 1


def requirements(score: CompiledScore, sheet: Sheet, context: Mapping[str, Any]) -> str:
    """The section; empty where no rule is for this sheet. Paths and patterns are expanded literally."""
    if not sheet["rules"]:
        return ""
    earlier = {index for each in score["sheets"] if each["stage"] < sheet["stage"] for index in each["rules"]}
    every = [(index, score["rules"][index]) for index in sheet["rules"]]
    new = [
        rule for index, rule in every if index not in earlier or new_by_condition(rule.get("condition"), sheet["num"])
    ]
    return "\n".join(["Requirements:", *_told(new, context), *_inherited(len(sheet["rules"]) - len(new))])


def _told(rules: list[Rule], context: Mapping[str, Any]) -> Iterator[str]:
    for number, rule in enumerate(rules, 1):
        yield f"{number}. {_requirement(rule, context)}"


def _inherited(count: int) -> list[str]:
    if not count:
        return []
    return [f"What earlier sheets had to meet still holds: {count} more {'check' if count == 1 else 'checks'}."]


def _requirement(rule: Rule, context: Mapping[str, Any]) -> str:
    path, pattern = (expand_literally(text, context) for text in (rule.get("path", ""), rule.get("pattern", "")))
    told = {
        "file_exists": f"the file {path} exists",
        "file_modified": f"the file {path} is modified",
        "content_contains": f"the file {path} contains the text: {pattern}",
        "content_regex": f"the file {path} matches the regular expression: {pattern}",
        "command_succeeds": f"this command succeeds: {rule.get('command', '')[:COMMAND_CHARACTERS]}",
    }[rule["type"]]
    return f"{rule['description']} ({told})" if rule.get("description") else told
