"""What the instrument receives: the rendered template, and around it what an agent has to know (semantics §5.1)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from marianne_runner.contract import Brief, CompiledScore, Rule, Sheet
from marianne_runner.expansion import expand_literally
from marianne_runner.variables import for_prompt

COMMAND_CHARACTERS: Final = 60


def assemble(rendered: str, score: CompiledScore, sheet: Sheet, brief: Brief, workspace: str) -> str:
    """Parts joined by one blank line; an absent part leaves no trace. A raw instrument gets the template alone."""
    if brief["profile"].get("raw_prompt"):
        return rendered
    rules = [score["rules"][index] for index in sheet["rules"]]
    context = for_prompt(score, sheet, workspace)
    parts = [_preamble(score, sheet, brief, workspace), rendered, _history(brief), _requirements(rules, context)]
    return "\n\n".join(part for part in parts if part)


def _preamble(score: CompiledScore, sheet: Sheet, brief: Brief, workspace: str) -> str:
    retry = brief["mode"] == "retry"
    lines = [
        f"You perform sheet {sheet['num']} of {score['total_sheets']} of the score {score['name']!r}.",
        f"Your workspace is {workspace}: read and write there, and leave no process running when you are done.",
    ]
    if sheet["rules"]:
        lines.append("You have succeeded when the requirements at the end of this prompt are met; they are checked.")
    if score["parallel"]["enabled"] and not retry:
        lines.append("Other sheets may be at work in the same workspace: touch only what is yours.")
    if retry:
        lines.append("This is another try: the one before did not meet the requirements. Look at what is there first.")
    return "\n".join(("<sheet>", *lines, "</sheet>"))


def _history(brief: Brief) -> str:
    failed = brief.get("failed_rules") if brief["mode"] == "retry" else None
    return "\n".join(["What the last try did not meet:", *(f"- {each}" for each in failed)]) if failed else ""


def _requirements(rules: Sequence[Rule], context: Mapping[str, Any]) -> str:
    if not rules:
        return ""
    told = (f"{index}. {_requirement(rule, context)}" for index, rule in enumerate(rules, 1))
    return "\n".join(["Requirements:", *told])


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
