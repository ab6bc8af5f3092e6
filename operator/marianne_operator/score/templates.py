"""A look at the template without running it.

Only parsed: Jinja's `compile` folds constants, and a short template can fold into gigabytes. Rendering happens in the
sheet's Pod.
"""

from typing import Final

import jinja2
from jinja2 import meta

from marianne_operator.score.fields import Score
from marianne_operator.score.refused import ScoreRefusedError

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


def warnings(score: Score) -> list[str]:
    """Variables that nothing defines, as the author would read of them; raises `ScoreRefusedError` on bad syntax.

    A warning, because a template may well give a default; without one, the sheet fails when it is rendered.
    """
    if score.prompt.template is None:
        return []
    environment = jinja2.Environment(autoescape=False)  # noqa: S701  (prompts are no HTML)
    try:
        used = meta.find_undeclared_variables(environment.parse(score.prompt.template))
    except jinja2.TemplateSyntaxError as error:
        why = f"prompt.template: line {error.lineno}: {error.message}"
        raise ScoreRefusedError("ScoreInvalid", why) from error
    except RecursionError as error:
        raise ScoreRefusedError("ScoreTooLarge", "prompt.template: nested too deeply") from error
    unknown = sorted(used - BUILT_IN - score.prompt.variables.keys() - environment.globals.keys())
    return [f"prompt.template: variable {name!r} is not defined" for name in unknown]
