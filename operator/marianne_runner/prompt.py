"""What the instrument receives: the rendered template, and around it what an agent has to know (semantics §5.1)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from marianne_runner.completion import completion
from marianne_runner.contract import Brief, Check, CompiledScore, Injection, Sheet
from marianne_runner.injections import NOTHING_INJECTED, Injected, sections, text_or_file
from marianne_runner.requirements import requirements

HISTORY: Final = 5
"""Failed rules of the last try that are worth telling; the agent sees the rest for itself."""


def injections_of(score: CompiledScore, sheet: Sheet) -> list[Injection]:
    """The prelude, then what is for this sheet alone."""
    prompt = score["prompt"]
    return [*prompt.get("prelude", ()), *prompt.get("cadenzas", {}).get(str(sheet["num"]), ())]


def assemble(
    rendered: str,
    score: CompiledScore,
    sheet: Sheet,
    brief: Brief,
    context: Mapping[str, Any],
    found: Injected = NOTHING_INJECTED,
    folders: Sequence[Path] = (),
) -> str:
    """Parts joined by one blank line; an absent part leaves no trace. A raw instrument gets the template alone.

    `context`: the template's variables. `folders`: where an extension's file is looked for.
    """
    if brief["profile"].get("raw_prompt"):
        return rendered
    parts = [
        _preamble(score, sheet, brief, str(context["workspace"])),
        *sections(found),
        rendered,
        _specification(score, sheet),
        _history(brief),
        requirements(score, sheet, context),
        *_extensions(score, sheet, folders),
    ]
    return "\n\n".join(part for part in parts if part)


def complete(
    rendered: str,
    score: CompiledScore,
    sheet: Sheet,
    brief: Brief,
    context: Mapping[str, Any],
    checks: Sequence[Check],
) -> str:
    """What is missing, in place of everything. `checks`: of the attempt before. A raw instrument gets the template."""
    if brief["profile"].get("raw_prompt"):
        return rendered
    which, most = brief.get("completion", (1, 1))
    parts = [
        _preamble(score, sheet, brief, str(context["workspace"])),
        completion(which, most, checks, brief.get("failed_rules", ()), rendered),
        requirements(score, sheet, context),
    ]
    return "\n\n".join(part for part in parts if part)


def _preamble(score: CompiledScore, sheet: Sheet, brief: Brief, workspace: str) -> str:
    retry = brief["mode"] == "retry"
    again = brief["mode"] != "normal"
    lines = [
        f"You perform sheet {sheet['num']} of {score['total_sheets']} of the score {score['name']!r}.",
        f"Your workspace is {workspace}: read and write there, and leave no process running when you are done.",
    ]
    if sheet["rules"]:
        lines.append("You have succeeded when the requirements at the end of this prompt are met; they are checked.")
    if score["parallel"]["enabled"] and not again:
        lines.append("Other sheets may be at work in the same workspace: touch only what is yours.")
    if retry:
        lines.append("This is another try: the one before did not meet the requirements. Look at what is there first.")
    return "\n".join(("<sheet>", *lines, "</sheet>"))


def _specification(score: CompiledScore, sheet: Sheet) -> str:
    """Fragments that share a tag with the sheet; all of them for a sheet without tags."""
    wanted = score["prompt"].get("fragment_tags", {}).get(str(sheet["num"]))
    every = score["prompt"].get("fragments", ())
    chosen = [each for each in every if wanted is None or set(wanted) & set(each["tags"])]
    told = [f"### {each['name']}\n\n{each['content']}" for each in chosen]
    return "\n\n".join(("## Injected Specs", *told)) if told else ""


def _history(brief: Brief) -> str:
    failed = brief.get("failed_rules") if brief["mode"] == "retry" else None
    if not failed:
        return ""
    return "\n".join(["What the last try did not meet:", *(f"- {each}" for each in failed[:HISTORY])])


def _extensions(score: CompiledScore, sheet: Sheet, folders: Sequence[Path]) -> Iterator[str]:
    prompt = score["prompt"]
    for entry in (*prompt.get("extensions", ()), *prompt.get("sheet_extensions", {}).get(str(sheet["num"]), ())):
        yield text_or_file(entry, folders).strip("\n")
