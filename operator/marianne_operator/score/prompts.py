"""What a score says of its prompts, as the runner assembles them (semantics §5)."""

import json
from collections.abc import Iterable, Mapping, Sequence

from marianne_operator.score.fields import Score
from marianne_operator.score.fields.sheet import InjectionItem
from marianne_operator.score.fields.workspace import SpecFragment
from marianne_runner.contract import Fragment, Injection, Prompt


def prompt(score: Score) -> Prompt:
    """Absent keys mean that nothing is written."""
    written, sheet = score.prompt, score.sheet
    made = Prompt(variables=written.variables)
    if written.template is not None:
        made["template"] = written.template
    if written.template_file is not None:
        made["template_file"] = written.template_file
    if written.stakes is not None:
        made["stakes"] = written.stakes
    if written.thinking_method is not None:
        made["thinking_method"] = written.thinking_method
    if sheet.prelude:
        made["prelude"] = _injections(sheet.prelude)
    if sheet.cadenzas:
        made["cadenzas"] = {str(number): _injections(items) for number, items in sheet.cadenzas.items()}
    if score.spec.fragments:
        made["fragments"] = [_fragment(each) for each in score.spec.fragments]
    if sheet.spec_tags:
        made["fragment_tags"] = _by_number(sheet.spec_tags)
    if written.prompt_extensions:
        made["extensions"] = written.prompt_extensions
    if sheet.prompt_extensions:
        made["sheet_extensions"] = _by_number(sheet.prompt_extensions)
    return made


def _injections(items: Iterable[InjectionItem]) -> list[Injection]:
    made = []
    for item in items:
        injection = Injection(category=item.as_)
        if item.file is not None:
            injection["file"] = item.file
        if item.directory is not None:
            injection["directory"] = item.directory
        made.append(injection)
    return made


def _fragment(written: SpecFragment) -> Fragment:
    """Structured content is shown as the data that it is."""
    content = written.content
    if written.kind == "structured" and written.data:
        data = json.dumps(written.data, indent=2, ensure_ascii=False, default=str)
        content = "\n\n".join(part for part in (content, f"```json\n{data}\n```") if part)
    return Fragment(name=written.name, content=content, tags=written.tags)


def _by_number(written: Mapping[int, Sequence[str]]) -> dict[str, list[str]]:
    return {str(number): list(values) for number, values in written.items()}
