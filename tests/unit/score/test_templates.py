"""Templates are looked at, never run."""

import time

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.refused import ScoreRefusedError
from marianne_operator.score.templates import BUILT_IN, SHOWN, warnings
from marianne_runner.variables import for_prompt
from tests.unit.score.given import score, tree


def told(template, **variables):
    return warnings(score(prompt={"template": template, "variables": variables}))


@pytest.mark.parametrize(
    "template",
    [
        "nothing at all",
        "{{ sheet_num }} {{ previous_outputs[1] }} {{ stakes }}",
        "{{ mine }}",
        "{% for each in mine %}{{ loop.index }} {{ each }}{% endfor %}",
        "{% for key, value in mine %}{{ key }}{{ value }}{% endfor %}",
        "{% set made = 1 %}{{ made }}",
        "{% set space = namespace(n=1) %}{% set space.n = 2 %}{{ space.n }}",
        "{% macro say(what, loud=1) %}{{ what }}{{ loud }}{{ varargs }}{% endmacro %}{{ say(1) }}",
        "{% from 'x' import a as b, c %}{{ b }}{{ c }}",
        "{% import 'x' as whole %}{{ whole.a }}",
        "{% with inner = 1 %}{{ inner }}{% endwith %}",
        "{{ range(3) }}{{ dict() }}{{ lipsum }}",
        "{# {{ nobody }} #}{% raw %}{{ nobody }}{% endraw %}",
    ],
)
def test_what_is_defined_is_not_warned_of(template):
    assert told(template, mine={}) == []


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{ nobody }}", ["nobody"]),
        ("{{ zoe }}{{ amy.name }}{{ amy }}", ["amy", "zoe"]),
        ("{{ nobody | default('x') }}", ["nobody"]),
        ("{% if nobody %}x{% endif %}", ["nobody"]),
        ("{% for each in nobody %}{{ each }}{% endfor %}", ["nobody"]),
        ("{{ sheet_nums }}", ["sheet_nums"]),
    ],
)
def test_what_is_not_defined_is_warned_of(template, names):
    assert told(template) == [f"prompt.template: variable {name!r} is not defined" for name in names]


def test_warnings_are_few():
    many = told("".join(f"{{{{ v{number:03} }}}}" for number in range(100)))
    assert len(many) == SHOWN + 1
    assert many[-1] == "prompt.template: 80 more variables are not defined"


@pytest.mark.parametrize(
    ("template", "reason", "words"),
    [
        ("line\n{% if %}", "ScoreInvalid", "prompt.template: line 2: Expected an expression"),
        ("{{ a", "ScoreInvalid", "prompt.template: line 1:"),
        ("{% nothing %}", "ScoreInvalid", "unknown tag 'nothing'"),
        ("{{ " + 5000 * "9" + " }}", "ScoreInvalid", "Exceeds the limit"),
        ("{{ " + 5000 * "(" + "1" + 5000 * ")" + " }}", "ScoreTooLarge", "prompt.template: nested too deeply"),
    ],
)
def test_what_cannot_be_parsed_is_refused(template, reason, words):
    with pytest.raises(ScoreRefusedError) as refused:
        told(template)
    assert refused.value.reason == reason
    assert words in refused.value.message


@pytest.mark.parametrize(
    "template",
    ["{{ 'a' * 3000000000 }}", "{% set x = 'a' * 3000000000 %}", "{{ 'a' | center(3000000000) }}", "{{ 9 ** 9 ** 9 }}"],
)
def test_constants_are_not_folded(template):
    begun = time.process_time()
    assert told(template) == []
    assert time.process_time() - begun < 0.5


def test_a_template_file_is_not_read():
    assert warnings(score(prompt={"template_file": "there.j2"})) == []
    assert warnings(score(prompt={})) == []


def test_the_built_in_names_are_those_of_the_runner():
    compiled = compile_source(tree())
    assert for_prompt(compiled, compiled["sheets"][0], "/workspace").keys() == BUILT_IN
