"""What lint says of a score, how much of it, and in which words."""

import re
from pathlib import Path

import pytest
import yaml

from marianne_operator.score.effects import EFFECTS
from marianne_operator.score.lint.findings import CHECKS, UNREADABLE, WRONG_FIELDS
from marianne_operator.score.lint.text import SHOWN, lint, warnings
from marianne_operator.score.refused import LONGEST
from tests.unit.score.test_effects import written
from tests.unit.score.test_lint import SMALL, condition, prompt, rule, sheet

PAGE = Path(__file__).parents[3] / "docs" / "lint.md"
CLAUSES = "write clauses like sheet_num >= 2, joined by ' and '"


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.path)
def test_every_effect_is_a_finding(effect):
    expected = {"refused": {"K004"}, "none": {"K101", "K102"}}[effect.kind]
    found = [each for each in lint(yaml.safe_dump(written(effect.path))) if each.path == effect.path]
    assert {each.check_id for each in found} <= expected and found


def test_all_errors_of_the_fields_are_told():
    many = "".join(f"a{number}: 1\n" for number in range(20))
    assert len([found for found in lint(SMALL + many) if found.check_id == "K002"]) == 20


def test_findings_are_few_and_errors_go_first():
    found = lint(SMALL.replace("play", "'" + "".join(f"{{{{v{n}}}}}" for n in range(300)) + "'") + "state_path: x\n")
    assert len(found) == SHOWN + 1
    assert (found[-1].check_id, found[-1].severity) == ("K000", "info")
    assert found[-1].message == "more findings are not shown: 100 of severity warning, 1 of severity info"
    sorted_out = lint(
        sheet("dependencies: {9: [1]}, descriptions: {" + "".join(f"{n}: a, " for n in range(4, 400)) + "}")
    )
    assert [each.check_id for each in sorted_out if each.severity == "error"] == ["K005"]


def test_what_is_quoted_is_cut():
    for found in lint(prompt("{{ " + 9000 * "x" + " }}") + 9000 * "y" + ": 1\n"):
        assert len(found.message) <= LONGEST and len(found.path) <= 200


def test_very_many_wrong_fields_are_one_finding():
    (found,) = lint(SMALL.replace("validations:", "validations: [" + 10_001 * "1," + "]\nagent_card:"))
    assert found.message == "10002 fields are wrong; this is no score"


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        (SMALL + "promt: x\n", "did you mean 'prompt'?"),
        (sheet("total_item: 3"), "did you mean 'total_items'?"),
        (rule("type: file_exists, path: a, comand: b"), "did you mean 'command'?"),
        (SMALL + "movements: {1: {voice: 2}}\n", "did you mean 'voices'?"),
        (sheet("cadenzas: {1: [{fil: a, as: tool}]}"), "did you mean 'file'?"),
        (SMALL + "bridge: {enable: true}\n", "did you mean 'enabled'?"),
        (SMALL + "xyzzy: 1\n", None),
        (SMALL + 100 * "prompt" + ": 1\n", None),
    ],
)
def test_a_misspelt_field_is_guessed(text, suggestion):
    (found,) = (each for each in lint(text) if "no such field" in each.message)
    assert found.suggestion == suggestion


def test_a_refusal_in_the_schema_is_told_apart_from_one_in_the_text():
    assert {found.check_id for found in lint("name: [")} <= UNREADABLE
    assert {found.check_id for found in lint(SMALL + "titel: x\n")} <= WRONG_FIELDS
    assert not {found.check_id for found in lint(sheet("dependencies: {2: [2]}"))} & (UNREADABLE | WRONG_FIELDS)


def test_the_page_has_every_check_with_its_severity():
    rows = re.findall(r"^\| ([KV]\d{3}) \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [(check_id, check.severity) for check_id, check in CHECKS.items()]


@pytest.mark.parametrize(
    ("text", "words", "suggestion"),
    [
        (
            prompt("x", ", variables: {stakes: 1}"),
            "the template gets prompt.stakes instead",
            "write it as prompt.stakes",
        ),
        (prompt("x", ", variables: {stage: 1}"), "the built-in 'stage'", "give the variable another name"),
        (prompt("{workspace}"), "{workspace} stays as it is", "write {{ workspace }}"),
        (rule("type: file_modified, path: '{{ workspace }}/a'"), "double braces are not filled", "write {workspace}"),
        (condition("sheet_num == 1 or stage == 2"), "'or stage == 2' after 'sheet_num == 1' is ignored", CLAUSES),
        (condition("stage = 2"), "'stage = 2' is not of the form NAME OP NUMBER and counts as true", CLAUSES),
        (condition("stag == 2"), "'stag' is no number that conditions know, so 'stag == 2' counts as true", CLAUSES),
    ],
)
def test_words(text, words, suggestion):
    (found,) = lint(text)
    assert words in found.message and found.suggestion == suggestion


def test_a_job_is_told_the_warnings_with_their_lines():
    text = SMALL + "notifications: []\nlearning: {enabled: true}\nlogging: {level: DEBUG}\n"
    text = text.replace("template: play", "template: 'play {{ nobody }}'")
    assert [each.split(": ")[:2] for each in warnings(lint(text))] == [["line 3", "prompt.template"]]


def test_few_warnings_are_told_and_the_rest_counted():
    rules = "".join(f"- {{type: file_exists, path: '{{nothing{number}}}'}}\n" for number in range(23))
    told = warnings(lint(SMALL.partition("validations:")[0] + "validations:\n" + rules))
    assert (len(told), told[-1]) == (21, "and 3 more, see lint")
