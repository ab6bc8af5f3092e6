"""Templates rendered strictly, and the prompt around them."""

import json
from pathlib import Path
from typing import Any, cast

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marianne_runner.contract import Brief, CompiledScore
from marianne_runner.expansion import expand_command, expand_literally
from marianne_runner.prompt import assemble
from marianne_runner.render import TemplateInvalidError, render_prompt, template_text
from marianne_runner.variables import Heard, for_prompt, for_rules
from tests.unit.runner.scene import BASH, compiled, rule


def rendered(template: str | None, variables: dict[str, Any] | None = None, **prompt: Any) -> str:
    score = compiled(template)
    score["prompt"].update({"variables": json.loads(json.dumps(variables or {})), **prompt})  # type: ignore[typeddict-item]
    heard = Heard({1: "said"}, {"/workspace/f": "read"})
    return render_prompt(score, score["sheets"][0], for_prompt(score, score["sheets"][0], "/workspace", heard))


@pytest.mark.parametrize(
    ("template", "variables", "expected"),
    [
        ("plain\n", {}, "plain\n"),
        ("a\r\nb\rc", {}, "a\nb\nc"),
        ("{{ workspace }}/{{ sheet_num }}/{{ total_sheets }}\n", {}, "/workspace/1/1\n"),
        ("{{ stage }}{{ movement }}{{ instance }}{{ voice }}{{ fan_count }}{{ voice_count }}", {}, "111111"),
        ("{{ start_item }}-{{ end_item }}/{{ total_stages }}{{ total_movements }}", {}, "1-1/11"),
        ("{{ previous_outputs[1] }} {{ previous_files['/workspace/f'] }}", {}, "said read"),
        ("{{ skipped_upstream }}{{ injected_context }}{{ injected_skills }}{{ injected_tools }}", {}, "[][][][]"),
        ("{{ sheet_num }}", {"sheet_num": "mine"}, "mine"),
        ("{{ stakes }}|{{ thinking_method }}|", {"stakes": "mine"}, "||"),
        ("{{ c[instance].name }}", {"c": {1: {"name": "Lira"}}}, "Lira"),
        ("{{ c[0][-1]['x']['01'] }}", {"c": [{-1: {"x": {"01": "deep"}}}]}, "deep"),
        ("{{ '<b>' }} & {{ x | join('; ') }}", {"x": ["a", "b"]}, "<b> & a; b"),
        ("{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(1) }}{# gone #}", {}, "[1]"),
        ("{% if x is defined %}{% else %}none{% endif %}", {}, "none"),
        ("}} %}", {}, "}} %}"),
    ],
)
def test_a_template(template: str, variables: dict[str, Any], expected: str) -> None:
    assert rendered(template, variables) == expected


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("one\n{{ nothing }}", ["line 2", "'nothing' is undefined"]),
        ("{% if %}", ["line 1"]),
        ("a\nb\n{{ x", ["line 3"]),
        ("{{ sheet_num / 0 }}", ["line 1", "ZeroDivisionError"]),
        ("{% include 'x' %}", ["no loader"]),
        ("{{ sheet_num.nothing }}", ["nothing"]),
        ("{{ previous_outputs[9] }}", ["9"]),
    ],
)
def test_a_template_that_does_not_render(template: str, words: list[str]) -> None:
    with pytest.raises(TemplateInvalidError) as raised:
        rendered(template)
    for word in ["prompt.template", *words]:
        assert word in str(raised.value)


@given(st.text(alphabet="ab \n\r{}%#-\t", max_size=40))
def test_without_markup_jinja_would_say_the_same(text: str) -> None:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        assert rendered(text) == environment.from_string(text).render()


def test_the_default_prompt() -> None:
    text = rendered(None, stakes="It matters.", thinking_method="Step by step.")
    assert text == "Perform sheet 1 of 1: item 1.\n\nIt matters.\n\nStep by step."


def test_a_template_file_is_looked_for_beside_the_score_then_in_the_workspace(tmp_path: Path) -> None:
    score = compiled(None)
    score["prompt"]["template_file"] = "t.j2"
    folders = [tmp_path / "score", tmp_path / "workspace"]
    for folder in folders:
        folder.mkdir()
    with pytest.raises(TemplateInvalidError, match=r"'t\.j2' is neither in .*score nor in .*workspace"):
        template_text(score, folders)
    (folders[1] / "t.j2").write_text("second")
    assert template_text(score, folders) == "second"
    (folders[0] / "t.j2").write_bytes(b"first\r\n")
    assert template_text(score, folders) == "first\r\n"
    (folders[0] / "t.j2").write_bytes(b"\xff")
    with pytest.raises(TemplateInvalidError, match=r"t\.j2"):
        template_text(score, folders)


def test_in_a_prompt_the_author_wins_and_in_a_rule_the_built_in_does() -> None:
    score = compiled()
    score["prompt"]["variables"] = {"workspace": "mine", "own": 1}
    sheet = score["sheets"][0]
    assert for_prompt(score, sheet, "/workspace")["workspace"] == "mine"
    assert for_rules(score, sheet, "/workspace")["workspace"] == "/workspace"
    assert for_rules(score, sheet, "/workspace", "cli")["instrument_name"] == "cli"
    assert for_rules(score, sheet, "/workspace")["own"] == 1


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cat {w}/x", "cat /work space/x".replace("/work space", "'/work space'")),
        ("{n} {{n}} ${n} {unknown} {} ${HOME:-{n}}", "1 {1} ${n} {unknown} {} ${HOME:-1}"),
        ("{q}", "'it'\"'\"'s'"),
        ("{e}", "''"),
        ("{swap}", "'{n}'"),
    ],
)
def test_a_command_gets_quoted_values(command: str, expected: str) -> None:
    context = {"w": "/work space", "n": 1, "q": "it's", "e": "", "swap": "{n}"}
    assert expand_command(command, context) == expected


def test_a_prompt_gets_values_as_they_are() -> None:
    assert expand_literally("{w}/{x}", {"w": "/work space"}) == "/work space/{x}"


# ---- around the template

RULES = [
    rule("file_exists", path="{workspace}/a"),
    rule("content_contains", path="b", pattern="x{sheet_num}", description="says x"),
    rule("command_succeeds", command="c" * 100),
]


def assembled(*, raw: bool = False, parallel: bool = False, rules: list[Any] | None = None, **brief: Any) -> str:
    score: CompiledScore = compiled("", RULES if rules is None else rules)
    score["parallel"]["enabled"] = parallel
    told = {"profile": {**BASH, "raw_prompt": raw}, "mode": "normal", **brief}
    sheet = score["sheets"][0]
    return assemble("THE TEMPLATE", score, sheet, cast(Brief, told), for_prompt(score, sheet, "/workspace"))


def test_a_raw_instrument_gets_the_template_alone() -> None:
    assert assembled(raw=True, mode="retry", failed_rules=["x"]) == "THE TEMPLATE"


def test_the_parts_in_their_order() -> None:
    preamble, template, requirements = assembled().split("\n\n")
    assert preamble.startswith("<sheet>")
    assert "sheet 1 of 1" in preamble
    assert "/workspace" in preamble
    assert template == "THE TEMPLATE"
    assert requirements.splitlines() == [
        "Requirements:",
        "1. the file /workspace/a exists",
        "2. says x (the file b contains the text: x1)",
        f"3. this command succeeds: {'c' * 60}",
    ]


def test_a_retry_says_what_failed() -> None:
    preamble, _, history, _ = assembled(mode="retry", failed_rules=["says x"]).split("\n\n")
    assert "another try" in preamble
    assert history.splitlines()[1:] == ["- says x"]


def test_absent_parts_leave_no_trace() -> None:
    text = assembled(rules=[])
    assert text.endswith("</sheet>\n\nTHE TEMPLATE")
    assert "requirements" not in text


def test_sheets_at_the_same_time_are_spoken_of() -> None:
    assert "Other sheets" in assembled(parallel=True)
    assert "Other sheets" not in assembled()
