"""Checks of `prompt`. The template is parsed, never run."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from jinja2 import nodes

from marianne_operator.score import templates
from marianne_operator.score.fields import Score
from marianne_operator.score.lint.findings import Remark
from marianne_operator.score.refused import Path

_NAME: Final = re.compile(r"(?<![{$])\{(\w+)\}(?!\})")
_FIELDS: Final = frozenset({"stakes", "thinking_method"})
"""Built-in variables that win over the author's: they are fields of the prompt themselves."""


def remarks(score: Score, template: nodes.Template | None, undefined: Mapping[str, int]) -> Iterator[Remark]:
    """Of the variables, and of a template that was parsed, with the lines where it uses what nothing defines."""
    yield from _shadows(score)
    for name, line in undefined.items():
        yield Remark("V101", templates.TEMPLATE, templates.not_defined(name), line=line)
    if template is not None:
        yield from _single_braces(score, template)
    elif score.prompt.template is None and score.prompt.template_file is None:
        why = "without template or template_file the prompt is one line about the sheet's number and items"
        yield Remark("K107", ("prompt",), why)


def _shadows(score: Score) -> Iterator[Remark]:
    for name in score.prompt.variables.keys() & templates.BUILT_IN:
        path: Path = ("prompt", "variables", name)
        if name in _FIELDS:
            yield Remark("V208", path, f"the template gets prompt.{name} instead", f"write it as prompt.{name}")
        else:
            why = f"the template gets this value, but validations and conditions the built-in {name!r}"
            yield Remark("V208", path, why, "give the variable another name")


def _single_braces(score: Score, template: nodes.Template) -> Iterator[Remark]:
    """One remark for each name, where it is written first."""
    names = templates.BUILT_IN | score.prompt.variables.keys()
    seen = set()
    for data in template.find_all(nodes.TemplateData):
        for match in _NAME.finditer(data.data):
            name = match[1]
            if name in names and name not in seen:
                seen.add(name)
                line = data.lineno + data.data.count("\n", 0, match.start())
                why = f"{{{name[:80]}}} stays as it is in a prompt"
                yield Remark("V202", templates.TEMPLATE, why, f"write {{{{ {name[:80]} }}}}", line)
