"""The compiled score: what it says of every sheet, its digest, and its limits."""

import json

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.refused import ScoreRefusedError
from marianne_runner.contract import PROTOCOL
from tests.unit.score.given import sheets, tree

SMALL = "name: song\nsheet: {size: 1, total_items: 3}\nprompt: {template: play}\n"


def compiled(**fields):
    return compile_source(tree(**fields))


def test_the_smallest_score_whole():
    made = compiled()
    assert len(made.pop("digest")) == 64
    assert made == {
        "protocol": PROTOCOL,
        "name": "song",
        "total_sheets": 3,
        "total_stages": 3,
        "sheets": [
            {
                "num": num,
                "stage": num,
                "instance": 1,
                "fan_count": 1,
                "start_item": num,
                "end_item": num,
                "needs": [],
                "rules": [],
                "performer": 0,
            }
            for num in (1, 2, 3)
        ],
        "performers": [{"instrument": "claude_cli"}],
        "rules": [],
        "prompt": {"template": "play", "variables": {}},
        "retry": {
            "max_retries": 3,
            "base_delay_seconds": 10.0,
            "max_delay_seconds": 3600.0,
            "exponential_base": 2.0,
            "jitter": True,
            "max_completion_attempts": 5,
            "completion_delay_seconds": 5.0,
            "completion_threshold_percent": 50.0,
        },
        "parallel": {"enabled": False, "max_concurrent": 3, "fail_fast": True, "stagger_delay_ms": 0},
        "pause_between_sheets_seconds": 0.0,
        "max_output_capture_bytes": 51200,
        "dependencies_declared": False,
        "warnings": [],
        "without_effect": [],
    }


def test_a_fanned_score():
    made = compiled(
        sheet=sheets(3, fan_out={2: 2}, dependencies={2: [1], 3: [2]}, per_sheet_instruments={3: "cli"}),
        instrument="aider",
    )
    assert (made["total_sheets"], made["total_stages"], made["dependencies_declared"]) == (4, 3, True)
    assert [each["needs"] for each in made["sheets"]] == [[], [1], [1], [2, 3]]
    assert [(each["stage"], each["instance"], each["fan_count"]) for each in made["sheets"]] == [
        (1, 1, 1),
        (2, 1, 2),
        (2, 2, 2),
        (3, 1, 1),
    ]
    assert [made["performers"][each["performer"]]["instrument"] for each in made["sheets"]] == [
        "aider",
        "aider",
        "cli",
        "aider",
    ]
    assert len(made["performers"]) == 2


FILE = {"type": "file_exists", "path": "x"}


@pytest.mark.parametrize(
    ("rule", "sheets_of_it"),
    [
        ({}, [1, 2, 3, 4]),
        ({"condition": "stage == 2"}, [2, 3]),
        ({"condition": "instance == 2"}, [3]),
        ({"condition": "instance == 1"}, [1, 2, 4]),
        ({"condition": "fan_count > 1 and sheet_num < 3"}, [2]),
        ({"condition": "voice == 2"}, [3]),
        ({"condition": "movement >= 2 and voice_count == 1"}, [4]),
        ({"condition": "total_sheets == 4 and total_stages == 3 and total_movements == 3"}, [1, 2, 3, 4]),
        ({"condition": "start_item == 4"}, [4]),
        ({"condition": "end_item == 3"}, [3]),
        ({"sheet": 2}, [2]),
        ({"sheet": 2, "condition": "stage == 1"}, [1]),
        ({"condition": "mine == 5"}, [1, 2, 3, 4]),
        ({"condition": "mine == 6"}, []),
        ({"condition": "stage == 99"}, []),
    ],
)
def test_for_which_sheets_a_rule_is(rule, sheets_of_it):
    made = compiled(
        sheet=sheets(3, fan_out={2: 2}),
        prompt={"template": "x", "variables": {"mine": 5, "stage": 99}},
        validations=[FILE, FILE | rule],
    )
    assert [each["num"] for each in made["sheets"] if 1 in each["rules"]] == sheets_of_it
    assert all(0 in each["rules"] for each in made["sheets"])


@pytest.mark.parametrize(
    ("written", "made"),
    [
        (FILE, {"type": "file_exists", "path": "x", "stage": 1, "retry_count": 3, "retry_delay_ms": 200}),
        (
            {"type": "command_succeeds", "command": "true"},
            {"type": "command_succeeds", "command": "true", "stage": 1, "retry_count": 0, "retry_delay_ms": 200},
        ),
        (
            {
                "type": "command_succeeds",
                "command": "true",
                "retry_count": 3,
                "retry_delay_ms": 5,
                "timeout_seconds": 9,
                "working_directory": "{workspace}/a",
                "description": "it is true",
                "stage": 4,
                "condition": "stage == 1",
            },
            {
                "type": "command_succeeds",
                "command": "true",
                "retry_count": 3,
                "retry_delay_ms": 5,
                "timeout_seconds": 9.0,
                "working_directory": "{workspace}/a",
                "description": "it is true",
                "condition": "stage == 1",
                "stage": 4,
            },
        ),
        (
            {"type": "content_regex", "path": "{workspace}/a", "pattern": "b{2}", "retry_count": 0},
            {
                "type": "content_regex",
                "path": "{workspace}/a",
                "pattern": "b{2}",
                "stage": 1,
                "retry_count": 0,
                "retry_delay_ms": 200,
            },
        ),
    ],
)
def test_a_rule_as_the_runner_gets_it(written, made):
    assert compiled(validations=[written])["rules"] == [made]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 0.0),
        ({"pause_between_sheets_seconds": 2}, 2.0),
        ({"pause_between_sheets_seconds": 0}, 0.0),
    ],
)
def test_a_pause_acts_where_it_is_written(fields, expected):
    assert compiled(**fields)["pause_between_sheets_seconds"] == expected


def test_what_only_some_scores_say():
    made = compiled(
        prompt={"template_file": "a.j2", "stakes": "high", "thinking_method": "slow", "variables": {"a": 1}},
        sheet=sheets(3, descriptions={2: "the middle"}),
        movements={1: {"name": "verse"}, 2: {"instrument": "cli"}},
        cross_sheet={"capture_files": ["*.md"], "lookback_sheets": 0},
        retry={
            "max_retries": 7,
            "jitter": False,
            "base_delay_seconds": 1,
            "max_delay_seconds": 2,
            "exponential_base": 3,
            "max_completion_attempts": 1,
            "completion_delay_seconds": 0,
            "completion_threshold_percent": 80,
        },
        parallel={"enabled": True, "max_concurrent": 9, "fail_fast": False, "stagger_delay_ms": 5},
        backend={"max_output_capture_bytes": 10},
        workspace="elsewhere",
    )
    assert made["prompt"] == {
        "template_file": "a.j2",
        "stakes": "high",
        "thinking_method": "slow",
        "variables": {"a": 1},
    }
    assert made["descriptions"] == {"2": "the middle"}
    assert made["stage_names"] == {"1": "verse"}
    assert made["cross_sheet"] == {
        "auto_capture_stdout": False,
        "max_output_chars": 2000,
        "capture_files": ["*.md"],
        "lookback_sheets": 0,
    }
    assert made["retry"] == {
        "max_retries": 7,
        "base_delay_seconds": 1.0,
        "max_delay_seconds": 2.0,
        "exponential_base": 3.0,
        "jitter": False,
        "max_completion_attempts": 1,
        "completion_delay_seconds": 0.0,
        "completion_threshold_percent": 80.0,
    }
    assert made["parallel"] == {"enabled": True, "max_concurrent": 9, "fail_fast": False, "stagger_delay_ms": 5}
    assert made["max_output_capture_bytes"] == 10
    assert made["without_effect"] == ["workspace"]


def test_warnings_are_handed_on():
    assert compiled(prompt={"template": "{{ nobody }}"})["warnings"] == [
        "prompt.template: variable 'nobody' is not defined"
    ]


def test_what_yaml_can_say_and_json_cannot_is_what_a_template_would_print():
    variables = "{day: 2026-01-31, of: {5: one, true: yes}}"
    made = compile_source(SMALL.replace("play}", f"play, variables: {variables}}}"))
    assert made["prompt"]["variables"] == {"day": "2026-01-31", "of": {"5": "one", "true": True}}
    assert json.loads(json.dumps(made)) == made


DIGESTS = [
    (SMALL + "# a remark\n", True),
    ("prompt: {template: play}\nname: song\nsheet:\n  total_items: 3\n  size: 1\n", True),
    (tree(), True),
    (SMALL.replace("song", "song2"), False),
    (SMALL + "retry: {max_retries: 3}\n", False),  # written, though it is the default
    (SMALL + "state_backend: sqlite\n", False),
]


@pytest.mark.parametrize(("source", "same"), DIGESTS, ids=str)
def test_the_digest_is_of_what_the_author_wrote(source, same):
    assert (compile_source(source)["digest"] == compile_source(SMALL)["digest"]) is same


def test_the_digest_stays():
    """Another one for the same score would make every running job look edited."""
    assert compile_source(SMALL)["digest"] == "a694abf7f13b744a9716ac2a9a97f7269adc0cda1e46ff4d60778f2977122de6"


def test_number_keys_have_the_digest_of_their_text():
    written = "name: song\nsheet: {size: 1, total_items: 3, dependencies: {KEY: [1]}}\nprompt: {template: play}\n"
    number, text = (compile_source(written.replace("KEY", key)) for key in ("2", "'2'"))
    assert number == text


@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        (tree(prompt={"template": "x", "variables": {"a": 600_000 * "x"}}), "ScoreTooLarge", "bytes of JSON; at most"),
        (tree(prompt={"template": "{% if %}"}), "ScoreInvalid", "prompt.template: line 1"),
        (tree(sheet=sheets(501)), "ScoreTooLarge", "501 sheets"),
        (tree(sheet=sheets(2, dependencies={1: [2], 2: [1]})), "ScoreInvalid", "is a cycle"),
        (tree(validations=500 * [FILE], sheet=sheets(500)), "ScoreTooLarge", "compiled, the score has"),
        (tree(name="\ud800"), "ScoreInvalid", "name: is not valid Unicode"),
        ("name: [a", "ScoreInvalid", "not YAML"),
        (SMALL + "retry: {max_delay_seconds: .inf}\n", "ScoreInvalid", "retry.max_delay_seconds: is not a finite"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_refused(source, reason, words):
    with pytest.raises(ScoreRefusedError) as refused:
        compile_source(source)
    assert refused.value.reason == reason
    assert words in refused.value.message


def test_a_text_of_the_full_length_may_be_longer_as_json():
    many = "name: song\nsheet: {size: 1, total_items: 3}\nprompt: {template: x, variables: {a: ["
    text = many + 170_000 * "x," + "]}}\n"
    assert compile_source(text)["total_sheets"] == 3


def test_skips_are_written_for_a_stage_and_meant_for_each_instance():
    sheet = sheets(
        2, fan_out={2: 2}, skip_when={2: "True"}, skip_when_command={1: {"command": "a"}, 2: {"command": "b"}}
    )
    made = compiled(sheet=sheet)
    assert made["skip_when"] == {"2": "True", "3": "True"}
    assert {num: each["command"] for num, each in made["skip_when_command"].items()} == {"1": "a", "2": "b", "3": "b"}
    assert made["warnings"] == []


def test_a_skip_that_can_never_be_evaluated_is_told():
    (told,) = compiled(sheet=sheets(skip_when={1: "nothing"}))["warnings"]
    assert told.startswith("sheet.skip_when.1: never skips: 'nothing' is not defined")


def test_silence_counts_only_where_it_is_switched_on():
    times = {"idle_timeout_seconds": 60, "check_interval_seconds": 5}
    assert "stale_detection" not in compiled(stale_detection=times)
    assert compiled(stale_detection=times | {"enabled": True})["stale_detection"] == times


def test_an_archive_is_told_only_where_a_fresh_run_makes_one():
    assert "archive" not in compiled(workspace_lifecycle={"max_archives": 3, "archive_dir": "/old"})
    assert compiled(workspace_lifecycle={"archive_on_fresh": True, "max_archives": 3})["archive"] == {
        "folder": "archive",
        "naming": "iteration",
        "keep": 3,
        "preserve": [".iteration", ".marianne-*", ".coverage", "archive/**", ".worktrees/**"],
    }


@pytest.mark.parametrize("folder", ["/old", "a/../..", "", ".", "a//b", "a/"])
def test_an_archive_lies_inside_the_workspace(folder):
    with pytest.raises(ScoreRefusedError, match=r"workspace_lifecycle.*archive_dir .* is no plain path"):
        compiled(workspace_lifecycle={"archive_on_fresh": True, "archive_dir": folder})


def test_how_limits_are_waited_for_is_told_where_it_is_written():
    assert "rate_limit" not in compiled()
    told = {"wait_minutes": 5, "max_waits": 24, "max_quota_waits": 48}
    assert compiled(rate_limit={"wait_minutes": 5})["rate_limit"] == told
    words = compiled(rate_limit={"detection_patterns": ["no more"]})["rate_limit"]
    assert words == told | {"wait_minutes": 60, "detection_patterns": ["no more"]}


def test_a_breaker_is_told_where_it_is_written():
    assert "circuit_breaker" not in compiled()
    told = {"enabled": True, "failure_threshold": 2, "recovery_timeout_seconds": 300.0}
    assert compiled(circuit_breaker={"failure_threshold": 2})["circuit_breaker"] == told
