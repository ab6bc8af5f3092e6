"""Real scores: loaded, compiled and rendered as Marianne does."""

import hashlib
from pathlib import Path

import pytest

from marianne_runner.expansion import expand_command, expand_path
from marianne_runner.render import render_prompt
from marianne_runner.variables import Heard, for_prompt, for_rules
from tests.conformance.data import FOLDER, compiled, refusal, score_cases, sheet_cases

WORKSPACE = "/workspace"
MUST_COMPILE = {"hello", "simple-sheet", "echelon-repair"}
"""Files that are taken as they are, with nothing refused."""


@pytest.mark.parametrize("truth", score_cases())
def test_loads_and_compiles(truth, record_property):
    text = (FOLDER / truth["file"]).read_text()
    assert hashlib.sha256(text.encode()).hexdigest() == truth["sha256_of_yaml"]
    if why := refusal(truth):
        record_property("refused", f"{truth['name']}: {why}")
    assert why is None or Path(truth["file"]).stem not in MUST_COMPILE
    score = compiled(truth)
    assert score["name"] == truth["name"]
    assert (score["total_sheets"], score["total_stages"]) == (truth["total_sheets"], truth["total_stages"])
    assert len(score["rules"]) == truth["validations_count"]


@pytest.mark.parametrize("truth", score_cases())
def test_dependencies(truth):
    needs = {str(sheet["num"]): sheet["needs"] for sheet in compiled(truth)["sheets"] if sheet["needs"]}
    assert needs == {num: sources for num, sources in truth["dependencies"].items() if sources}


@pytest.mark.parametrize("truth", score_cases())
def test_pace(truth):
    score = compiled(truth)
    assert score["parallel"] == truth["parallel"]
    assert score["retry"] == {field: truth["retry"][field] for field in score["retry"]}
    assert score["pause_between_sheets_seconds"] in (0, truth["pause_between_sheets_seconds"])


@pytest.mark.parametrize(("truth", "expected"), sheet_cases())
def test_sheets(truth, expected):
    score = compiled(truth)
    sheet = score["sheets"][expected["sheet_num"] - 1]
    named = {"num": "sheet_num", "stage": "stage", "instance": "instance", "fan_count": "fan_count"}
    named |= {"start_item": "start_item", "end_item": "end_item", "needs": "dependencies_declared"}
    assert {ours: sheet[ours] for ours in named} == {ours: expected[theirs] for ours, theirs in named.items()}


@pytest.mark.parametrize(("truth", "expected"), sheet_cases())
def test_instruments(truth, expected):
    score = compiled(truth)
    performer = score["performers"][score["sheets"][expected["sheet_num"] - 1]["performer"]]
    assert performer["instrument"] == expected["instrument"]
    assert performer.get("config", {}) == expected["instrument_config"]
    assert performer.get("model") == expected["model"]


@pytest.mark.parametrize(("truth", "expected"), sheet_cases())
def test_fallbacks(truth, expected):
    score = compiled(truth)
    chain = score["sheets"][expected["sheet_num"] - 1].get("fallbacks", [])
    assert [score["performers"][each]["instrument"] for each in chain] == expected["fallbacks"]


@pytest.mark.parametrize(("truth", "expected"), sheet_cases())
def test_validations(truth, expected):
    score = compiled(truth)
    sheet = score["sheets"][expected["sheet_num"] - 1]
    context = for_rules(score, sheet, WORKSPACE)
    assert sheet["rules"] == [rule["index"] for rule in expected["validations"] if rule["applies"]]
    assert len(sheet["rules"]) == expected["validations_applicable"]
    for wanted in expected["validations"]:
        rule = score["rules"][wanted["index"]]
        assert (rule["type"], rule["stage"]) == (wanted["type"], wanted["validation_stage"])
        if "expanded_path" in wanted:
            assert str(expand_path(rule["path"], context, Path(WORKSPACE))) == wanted["expanded_path"]
        if "expanded_command_sha256" in wanted:
            command = expand_command(rule["command"], context)
            assert hashlib.sha256(command.encode()).hexdigest() == wanted["expanded_command_sha256"]


@pytest.mark.parametrize("key", ["template_only", "template_only_with_synthetic_previous_outputs"])
@pytest.mark.parametrize(("truth", "expected"), sheet_cases())
def test_prompts(truth, expected, key):
    score = compiled(truth)
    heard = expected["synthetic_previous_outputs_keys"] if key.endswith("outputs") else []
    outputs = {int(number): f"<<output of sheet {number}>>" for number in heard}
    sheet = score["sheets"][expected["sheet_num"] - 1]
    prompt = render_prompt(score, sheet, for_prompt(score, sheet, WORKSPACE, Heard(outputs)))
    wanted = expected["prompts"][key]
    assert wanted["ok"]
    assert len(prompt) == wanted["length_chars"]
    assert hashlib.sha256(prompt.encode()).hexdigest() == wanted["sha256"]
