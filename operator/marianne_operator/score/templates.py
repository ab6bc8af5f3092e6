"""A look at the template without running it.

Only parsed: `Environment.compile` folds constants, and so does `meta.find_undeclared_variables`, which runs the same
code generator (`{{ 'a' * 10**9 }}` becomes a gigabyte in either). Rendering happens in the sheet's Pod.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import jinja2
from jinja2 import nodes

from marianne_operator.score.fields import Score
from marianne_operator.score.refused import Problem, ScoreRefusedError

BUILT_IN: Final = frozenset(
    {
        "sheet_num",
        "total_sheets",
        "start_item",
        "end_item",
        "workspace",
        "stage",
        "movement",
        "instance",
        "voice",
        "fan_count",
        "voice_count",
        "total_stages",
        "total_movements",
        "previous_outputs",
        "previous_files",
        "skipped_upstream",
        "injected_context",
        "injected_skills",
        "injected_tools",
        "stakes",
        "thinking_method",
    }
)
"""Variables of every template (semantics §5.3)."""
_ENVIRONMENT: Final = jinja2.Environment(autoescape=False)  # noqa: S701  (prompts are no HTML)
_SPECIAL: Final = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
"""Names that Jinja itself gives inside of loops, blocks and macros."""
SHOWN: Final = 20
"""Warnings; each becomes a part of a condition."""
TEMPLATE: Final = ("prompt", "template")


def warnings(score: Score) -> list[str]:
    """Variables that nothing defines, as the author would read of them; raises `ScoreRefusedError` on bad syntax.

    A warning, because a template may well give a default; without one, the sheet fails when it is rendered.
    """
    if score.prompt.template is None:
        return []
    return told(undefined(score, parsed(score.prompt.template)))


def told(names: Iterable[str]) -> list[str]:
    """The warnings about these variables, few enough for a condition."""
    unknown = sorted(names)
    more = [f"prompt.template: {len(unknown) - SHOWN} more variables are not defined"] if len(unknown) > SHOWN else []
    return [f"prompt.template: {not_defined(name)}" for name in unknown[:SHOWN]] + more


def parsed(text: str) -> nodes.Template:
    """The template's syntax; raises `ScoreRefusedError`, with the template's line."""
    try:
        template = _ENVIRONMENT.parse(text)
        for _ in template.find_all(nodes.Name):  # recursive, so that it also must not be nested too deeply
            pass
    except jinja2.TemplateSyntaxError as error:
        why = Problem(TEMPLATE, error.message or "not Jinja", line=error.lineno)
        raise ScoreRefusedError("ScoreInvalid", why) from error
    except ValueError as error:  # a number too long for Python
        raise ScoreRefusedError("ScoreInvalid", Problem(TEMPLATE, str(error))) from error
    except RecursionError as error:
        raise ScoreRefusedError("ScoreTooLarge", Problem(TEMPLATE, "nested too deeply")) from error
    return template


def undefined(score: Score, template: nodes.Template) -> dict[str, int]:
    """Variables that nothing defines, and the template's line that first speaks of each."""
    known = BUILT_IN | _SPECIAL | score.prompt.variables.keys() | _ENVIRONMENT.globals.keys() | set(_defined(template))
    first: dict[str, int] = {}
    for name in template.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in known:
            first[name.name] = min(name.lineno, first.get(name.name, name.lineno))
    return first


def not_defined(name: str) -> str:
    """The warning."""
    return f"variable {name[:80]!r} is not defined"


def _defined(template: nodes.Template) -> Iterator[str]:
    """Wherever in the template: in which order its parts run is known only when it runs."""
    for name in template.find_all(nodes.Name):
        if name.ctx != "load":
            yield name.name
    for macro in template.find_all(nodes.Macro):
        yield macro.name
    for whole in template.find_all(nodes.Import):
        yield whole.target
    for parts in template.find_all(nodes.FromImport):
        yield from (part if isinstance(part, str) else part[1] for part in parts.names)
