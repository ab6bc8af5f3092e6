"""The prompt: the author's template, and around it what an agent has to know (semantics §5.1).

The template is rendered strictly: an undefined variable is an error, and the sheet fails at once.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from marianne_runner.contract import Brief, CompiledScore, Rule, Sheet
from marianne_runner.variables import for_prompt


class TemplateError(ValueError):
    """The template cannot be rendered; the message says where and why."""


def template_text(score: CompiledScore, folders: Sequence[Path]) -> str | None:
    """The template as written; a file is looked for beside the score, then in the workspace."""
    prompt = score["prompt"]
    if "template_file" not in prompt:
        return prompt.get("template")
    for folder in folders:
        file = folder / prompt["template_file"]
        if file.is_file():
            return file.read_text(encoding="utf-8")
    looked = " and ".join(str(folder) for folder in folders)
    raise TemplateError(f"prompt.template_file: {prompt['template_file']!r} is neither in {looked}")


def render_prompt(
    score: CompiledScore,
    sheet: Sheet,
    workspace: str,
    previous_outputs: Mapping[int, str],
    previous_files: Mapping[str, str],
    skipped_upstream: list[int] | None = None,
    template: str | None = None,
) -> str:
    """The rendered template, or the default prompt where the score has none; raises `TemplateError`."""
    text = template if template is not None else score["prompt"].get("template")
    if text is None:
        return _default_prompt(score, sheet)
    if not any(mark in text for mark in ("{{", "{%", "{#", "\r")):
        return text  # what Jinja would say, without the import
    variables = for_prompt(score, sheet, workspace, previous_outputs, previous_files, skipped_upstream or [])
    return _rendered(text, variables)


def assemble(rendered: str, score: CompiledScore, sheet: Sheet, brief: Brief, workspace: str) -> str:
    """What the instrument receives: for a raw one the rendered template alone."""
    if brief["profile"].get("raw_prompt"):
        return rendered
    rules = [score["rules"][index] for index in sheet["rules"]]
    parts = [_preamble(score, sheet, brief, workspace), rendered, _history(brief), _requirements(rules)]
    return "\n\n".join(part for part in parts if part)


def label(rule: Rule) -> str:
    """How a rule is called where people read of it."""
    return rule.get("description") or rule.get("path") or "validation"


def _rendered(text: str, variables: Mapping[str, Any]) -> str:
    import jinja2  # noqa: PLC0415  (half of our start-up, and a plain template needs none)

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    try:
        return environment.from_string(text).render(variables)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"prompt.template: line {error.lineno}: {error.message}") from error
    except Exception as error:  # a template may raise whatever its expressions raise
        raise TemplateError(f"prompt.template: {type(error).__name__}: {error}") from error


def _default_prompt(score: CompiledScore, sheet: Sheet) -> str:
    first = (
        f"Work on sheet {sheet['num']} of {score['total_sheets']}: items {sheet['start_item']} to {sheet['end_item']}."
    )
    prompt = score["prompt"]
    parts = [first, prompt.get("stakes"), prompt.get("thinking_method")]
    return "\n\n".join(part for part in parts if part)


def _preamble(score: CompiledScore, sheet: Sheet, brief: Brief, workspace: str) -> str:
    lines = [
        f"You perform sheet {sheet['num']} of {score['total_sheets']} of the score {score['name']!r}.",
        f"Your workspace is {workspace}: read and write there, and leave no process running when you are done.",
        "You have succeeded when the requirements at the end of this prompt are met.",
    ]
    if score["parallel"]["enabled"]:
        lines.append("Other sheets may be at work in the same workspace: touch only files that are yours.")
    if brief["mode"] == "retry":
        lines.append("This is another try: the one before did not meet the requirements.")
    return "\n".join(lines)


def _history(brief: Brief) -> str:
    failed = brief.get("failed_rules", [])
    return "\n".join(["What the last try did not meet:", *(f"- {each}" for each in failed)]) if failed else ""


def _requirements(rules: Sequence[Rule]) -> str:
    if not rules:
        return ""
    return "\n".join(["Requirements:", *(f"{index}. {_requirement(rule)}" for index, rule in enumerate(rules, 1))])


def _requirement(rule: Rule) -> str:
    path, pattern = rule.get("path", ""), rule.get("pattern", "")
    told = {
        "file_exists": f"the file {path} exists",
        "file_modified": f"the file {path} was changed",
        "content_contains": f"the file {path} contains the text: {pattern}",
        "content_regex": f"the file {path} matches the regular expression: {pattern}",
        "command_succeeds": f"this command succeeds: {rule.get('command', '')[:60]}",
    }[rule["type"]]
    return f"{rule['description']} ({told})" if "description" in rule else told
