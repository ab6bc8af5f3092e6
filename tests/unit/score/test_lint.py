"""Every check of lint fires where it should and is silent where it should not."""

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.lint.findings import CHECKS
from marianne_operator.score.lint.text import lint
from marianne_operator.score.load import MAX_TEXT
from marianne_operator.score.refused import ScoreRefusedError

HEAD = "name: song\n"
SHEET = "sheet: {size: 1, total_items: 3}\n"
PROMPT = "prompt: {template: play}\n"
RULES = "validations:\n- {type: command_succeeds, command: 'true'}\n"
SMALL = HEAD + SHEET + PROMPT + RULES


def sheet(fields, more=""):
    return f"{HEAD}sheet: {{size: 1, total_items: 3, {fields}}}\n{PROMPT}{RULES}{more}"


def prompt(template, more=""):
    return f"{HEAD}{SHEET}prompt: {{template: '{template}'{more}}}\n{RULES}"


def rule(fields, more=""):
    return (
        f"{HEAD}{SHEET}{PROMPT}validations:\n- {{type: file_exists, path: '{{workspace}}/a'}}\n- {{{fields}}}\n{more}"
    )


def path(text):
    return rule(f"type: file_modified, path: '{text}'")


def condition(text):
    return rule(f"type: file_modified, path: a, condition: '{text}'")


FIRES = [
    ("K001", "name: [", "score"),
    ("K001", "", "score"),
    ("K001", SMALL + "name: again\n", "score"),
    ("K001", "a: &x b\n", "score"),
    ("K001", "? [a]\n: b\n", "score"),
    ("K002", SMALL + "titel: x\n", "titel"),
    ("K002", SMALL + "instrument: ''\n", "instrument"),
    ("K002", SMALL + "instrument_config: {a: .nan}\n", "instrument_config.a"),
    ("K002", HEAD + PROMPT, "sheet"),
    ("K002", sheet("start_item: 4"), "sheet"),
    ("K002", sheet("fan_out: {4: 2}"), "sheet"),
    ("K002", sheet("fan_out: {1: 2}, start_item: 2"), "sheet"),
    ("K002", sheet("instrument_map: {a: [1], b: [1]}"), "sheet.instrument_map"),
    ("K002", sheet("prelude: [{file: a, directory: b, as: tool}]"), "sheet.prelude.0"),
    ("K002", SMALL + "instrument: aider\nbackend: {type: ollama}\n", "score"),
    ("K002", prompt("play", ", template_file: b"), "prompt"),
    ("K002", SMALL + "retry: {base_delay_seconds: 2, max_delay_seconds: 1}\n", "retry"),
    ("K002", SMALL + "stale_detection: {idle_timeout_seconds: 1}\n", "stale_detection"),
    ("K002", SMALL + "cost_limits: {enabled: true}\n", "cost_limits"),
    ("K002", SMALL + "parallel: {budget_partition: false}\n", "parallel"),
    ("K002", SMALL + "notifications: [{type: slack}]\n", "notifications.0"),
    ("K002", SMALL + "on_success: [{type: run_job}]\n", "on_success.0"),
    ("K003", SMALL + "#" + MAX_TEXT * "x", "score"),
    ("K003", SMALL.replace("total_items: 3", "total_items: 501"), "sheet"),
    ("K003", prompt("{{ " + 5000 * "(" + "1" + 5000 * ")" + " }}"), "prompt.template"),
    ("K003", 65 * "[", "score"),
    ("K003", SMALL + 9000 * "- {type: file_exists, path: a}\n", "score"),
    ("K004", SMALL + "spec: {spec_dir: a}\n", "spec.spec_dir"),
    ("K004", SMALL + "backend: {working_directory: x}\n", "backend.working_directory"),
    ("K005", sheet("dependencies: {4: [1]}"), "sheet.dependencies.4"),
    ("K005", sheet("dependencies: {2: [2]}"), "sheet.dependencies.2"),
    ("K005", sheet("dependencies: {1: [2], 2: [3], 3: [1]}"), "sheet.dependencies"),
    ("K005", SMALL + "movements: {4: {voices: 2}}\n", "movements.4.voices"),
    ("K005", sheet("start_item: 2", "movements: {1: {voices: 2}}\n"), "movements.1.voices"),
    ("K005", sheet("fan_out_stage_map: {1: {stage: 1}}"), "sheet.fan_out_stage_map.1"),
    ("K101", SMALL + "workspace: ./somewhere\n", "workspace"),
    ("K101", SMALL + "logging: {level: DEBUG}\n", "logging"),
    ("K102", SMALL + "agent_card: {name: a, description: b}\n", "agent_card"),
    ("K103", sheet("descriptions: {4: x}"), "sheet.descriptions.4"),
    ("K103", sheet("per_sheet_instruments: {4: aider}"), "sheet.per_sheet_instruments.4"),
    ("K103", sheet("instrument_map: {aider: [1, 9]}"), "sheet.instrument_map.aider.1"),
    ("K103", sheet("descriptions: {0: x}"), "sheet.descriptions.0"),
    ("K103", SMALL + "movements: {4: {name: x}}\n", "movements.4"),
    ("K108", sheet("skip_when: {2: 'sheet[1].status'}"), "sheet.skip_when.2"),
    ("K103", SMALL + "backend: {timeout_overrides: {4: 90}}\n", "backend.timeout_overrides.4"),
    ("K103", SMALL + "backend: {sheet_overrides: {4: {timeout_seconds: 90}}}\n", "backend.sheet_overrides.4"),
    ("K104", condition("sheet_num in (1, 2)"), "validations.1.condition"),
    ("K104", condition("sheet_num == 1 or sheet_num == 2"), "validations.1.condition"),
    ("K104", condition("sheetnum == 1"), "validations.1.condition"),
    ("K104", condition("sheet_num >= 1 and workspace == 1"), "validations.1.condition"),
    ("K105", condition("sheet_num == 4"), "validations.1.condition"),
    ("K105", condition("sheet_num == 1 and stage == 2"), "validations.1.condition"),
    ("K105", rule("type: file_modified, path: a, sheet: 4"), "validations.1.sheet"),
    ("K106", path("{sheet}/a"), "validations.1.path"),
    ("K106", path("{workspace/a"), "validations.1.path"),
    ("K106", path("{}"), "validations.1.path"),
    ("K106", path("{nobody[0].name}"), "validations.1.path"),
    (
        "K106",
        rule("type: command_succeeds, command: 'true', working_directory: '{x}'"),
        "validations.1.working_directory",
    ),
    ("K107", HEAD + SHEET + "prompt: {}\n" + RULES, "prompt"),
    ("V001", prompt("{% if %}"), "prompt.template"),
    ("V001", SMALL.replace("template: play", "template: '{{ a'") + "titel: x\n", "prompt.template"),
    ("V007", rule("type: content_regex, path: a, pattern: '('"), "validations.1.pattern"),
    ("V008", rule("type: file_modified"), "validations.1"),
    ("V008", rule("type: content_contains, path: a"), "validations.1"),
    ("V008", rule("type: command_succeeds"), "validations.1"),
    ("V101", prompt("{{ nobody }}"), "prompt.template"),
    ("V103", SMALL + "backend: {timeout_seconds: 59}\n", "backend.timeout_seconds"),
    ("V103", SMALL + "backend: {timeout_overrides: {2: 86401}}\n", "backend.timeout_overrides.2"),
    (
        "V103",
        SMALL + "backend: {sheet_overrides: {2: {timeout_seconds: 1}}}\n",
        "backend.sheet_overrides.2.timeout_seconds",
    ),
    ("V106", rule("type: content_contains, path: a, pattern: ''"), "validations.1.pattern"),
    ("V201", path("{{ workspace }}/a"), "validations.1.path"),
    ("V201", path("{% if a %}b{% endif %}"), "validations.1.path"),
    ("V201", rule("type: command_succeeds, command: 'ls {{ workspace }}'"), "validations.1.command"),
    ("V201", rule("type: content_contains, path: a, pattern: '{{ sheet_num }}'"), "validations.1.pattern"),
    ("V202", prompt("Write to {workspace}/a"), "prompt.template"),
    ("V202", prompt("{mine}", ", variables: {mine: 1}"), "prompt.template"),
    ("V203", HEAD + SHEET + PROMPT, "validations"),
    ("V205", HEAD + SHEET + PROMPT + "validations: [{type: file_exists, path: a}]\n", "validations"),
    ("V206", sheet("fan_out: {1: 2}"), "sheet.fan_out"),
    ("V206", SMALL + "movements: {1: {voices: 2}}\n", "movements"),
    ("V207", sheet("fan_out: {1: 2}, dependencies: {2: [1]}"), "sheet.fan_out"),
    ("V208", prompt("x", ", variables: {stage: 1}"), "prompt.variables.stage"),
    ("V208", prompt("x", ", variables: {stakes: 1}"), "prompt.variables.stakes"),
    ("V210", SMALL + "instrument: my agent\n", "instrument"),
    ("V210", SMALL + "instruments: {a: {profile: '-'}}\n", "instruments.a.profile"),
    ("V210", sheet("per_sheet_instruments: {1: a/b}"), "sheet.per_sheet_instruments.1"),
    ("V210", sheet("instrument_map: {a/b: [1]}"), "sheet.instrument_map.a/b"),
    ("V210", SMALL + "movements: {1: {instrument: a b}}\n", "movements.1.instrument"),
    ("V210", SMALL + "backend: {type: " + 254 * "x" + "}\n", "backend.type"),
    ("V211", SMALL + "instrument_fallbacks: [good, not good]\n", "instrument_fallbacks.1"),
    ("V211", SMALL + "movements: {1: {instrument_fallbacks: [a b]}}\n", "movements.1.instrument_fallbacks.0"),
    ("V211", sheet("per_sheet_fallbacks: {2: [a b]}"), "sheet.per_sheet_fallbacks.2.0"),
    ("V212", sheet("skip_when: {4: 'True'}"), "sheet.skip_when.4"),
    ("V212", sheet("skip_when: {4: a}, fan_out: {1: 2}"), "sheet.skip_when.4"),
    ("V212", sheet("skip_when_command: {4: {command: 'true'}}"), "sheet.skip_when_command.4"),
]

SILENT = [
    ("K101", SMALL + "workspace: workspace\n"),
    ("K102", SMALL + "instrument_fallbacks: [aider]\n"),
    ("K103", sheet("descriptions: {3: x}, instrument_map: {aider: [1, 3]}", "movements: {3: {name: x}}\n")),
    ("K103", sheet("fan_out: {1: 2}, descriptions: {4: x}")),
    ("K108", sheet("skip_when: {2: 'sheets[1].validation_passed'}")),
    ("K104", condition("sheet_num >= 1 and stage != 2 and instance < 9")),
    ("K104", HEAD + SHEET + "prompt: {template: a, variables: {n: 1}}\n" + condition("n == 1").split(PROMPT)[1]),
    ("K105", condition("sheet_num == 3")),
    ("K105", rule("type: file_modified, path: a, sheet: 3")),
    ("K106", path("{workspace}/{sheet_num:03}-{instrument_name}-{{}}")),
    ("K107", HEAD + SHEET + "prompt: {template_file: a.j2}\n" + RULES),
    ("V001", SMALL + "titel: x\n"),
    ("V101", prompt("{{ sheet_num }}{{ mine }}", ", variables: {mine: 1}")),
    ("V103", SMALL + "backend: {timeout_seconds: 60, timeout_overrides: {1: 86400}}\n"),
    ("V106", rule("type: content_contains, path: a, pattern: x")),
    ("V106", rule("type: file_modified, path: a, pattern: ''")),
    ("V201", rule("type: command_succeeds, command: 'docker ps --format {{.Names}} {{ name }} ${workspace}'")),
    ("V202", prompt("${workspace} {{ workspace }} {other}")),
    ("V202", prompt("{% raw %}{{workspace}} {workspace}}{% endraw %}")),
    ("V203", SMALL),
    ("V205", path("a")),
    ("V206", sheet("fan_out: {1: 2}, dependencies: {2: [1]}")),
    ("V206", sheet("fan_out: {1: 1}")),
    ("V207", sheet("fan_out: {1: 2}, dependencies: {2: [1]}", "parallel: {enabled: true}\n")),
    ("V208", prompt("x", ", variables: {mine: 1}")),
    ("V210", SMALL + "instrument: My_Agent.v2\n"),
    ("V210", SMALL + "instrument: my agent\ninstruments: {my agent: {profile: aider}}\n"),
    ("V211", SMALL + "instrument_fallbacks: [good]\n"),
    ("V212", sheet("skip_when: {3: 'True'}, fan_out: {1: 9}")),
]


def checked(text):
    return {(found.check_id, found.path) for found in lint(text)}


@pytest.mark.parametrize(("check_id", "text", "where"), FIRES)
def test_fires(check_id, text, where):
    assert (check_id, where) in checked(text)


@pytest.mark.parametrize(("check_id", "text"), SILENT)
def test_is_silent(check_id, text):
    assert check_id not in {found.check_id for found in lint(text)}


def test_a_sound_score_has_no_findings():
    assert lint(SMALL) == []


def test_every_check_is_tried():
    assert {check_id for check_id, _, _ in FIRES} == CHECKS.keys() - {"K000"}
    warnings = {check_id for check_id, check in CHECKS.items() if check.severity != "error"}
    assert {check_id for check_id, _ in SILENT} >= warnings - {"K000"}


@pytest.mark.parametrize("text", [text for _, text, *_ in [*FIRES, *SILENT]])
def test_errors_are_what_the_operator_refuses_in_its_words(text):
    errors = [found for found in lint(text) if found.severity == "error"]
    try:
        compile_source(text)
    except ScoreRefusedError as refused:
        assert errors
        assert any(found.message in refused.message for found in errors)
    else:
        assert errors == []
