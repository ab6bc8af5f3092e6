"""The five validations over stages, tries and placeholders."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from marianne_runner.checks import Ground, label, modified_times, run_check
from marianne_runner.contract import Check
from marianne_runner.timing import Clock
from tests.unit.runner.forked import forked
from tests.unit.runner.scene import rule

CONTEXT = {"sheet_num": 2, "stage": 1, "name": "it's $x", "kinds": ["a", "b"]}


class Sleeper:
    """A clock whose sleeps are noted, and may change the world."""

    def __init__(self, *effects: Any) -> None:
        self.slept: list[float] = []
        self._effects = list(effects)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self._effects:
            self._effects.pop(0)()


def ground(workspace: Path, sleep: Any = time.sleep, modified: Mapping[str, int] | None = None) -> Ground:
    environment = {"PATH": os.environ["PATH"], "GIVEN": "here"}
    context = {**CONTEXT, "workspace": str(workspace)}
    return Ground(workspace, context, environment, modified, Clock(time.monotonic, time.time, sleep))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("hello\nworld\n", encoding="utf-8")
    (tmp_path / "dir").mkdir()
    (tmp_path / "sp ace").mkdir()
    (tmp_path / "sp ace/f").touch()
    (tmp_path / "02.txt").touch()
    (tmp_path / "to-file").symlink_to("a.txt")
    (tmp_path / "to-nothing").symlink_to("nothing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe needle \xff")
    return tmp_path


def check(workspace: Path, kind: str, **fields: Any) -> Check:
    return forked(lambda: run_check(rule(kind, **fields), ground(workspace)))


@pytest.mark.parametrize(
    ("path", "passed"),
    [
        ("a.txt", True),
        ("{workspace}/a.txt", True),
        ("./dir/../a.txt", True),
        ("sp ace/f", True),
        ("{sheet_num:02d}.txt", True),
        ("to-file", True),
        ("to-nothing", False),
        ("dir", False),
        ("absent", False),
        ("a.txt/below", False),
        ("/etc/hostname", True),
        ("", False),
    ],
)
def test_file_exists(workspace: Path, path: str, passed: bool) -> None:
    result = check(workspace, "file_exists", path=path)
    assert result["passed"] is passed
    assert result["expected_value"].startswith("/")
    if not passed:
        assert result["failure_category"] == "missing"
        assert "actual_value" not in result


@pytest.mark.parametrize("path", ["{unknown}/a", "{", "{0}", "{workspace.nothing}", "{kinds[7]}"])
def test_a_path_that_cannot_be_expanded(workspace: Path, path: str) -> None:
    result = check(workspace, "file_exists", path=path)
    assert (result["passed"], result["error_type"]) == (False, "internal_error")
    assert path in result["error_message"]


def test_doubled_braces_are_single_ones(workspace: Path) -> None:
    (workspace / "{x}").touch()
    assert check(workspace, "file_exists", path="{{x}}")["passed"]


@pytest.mark.parametrize(
    ("path", "pattern", "passed", "category"),
    [
        ("a.txt", "hello", True, None),
        ("a.txt", "lo\nwor", True, None),
        ("a.txt", "", True, None),
        ("a.txt", "HELLO", False, "incomplete"),
        ("a.txt", "h.llo", False, "incomplete"),
        ("a.txt", "{sheet_num}", False, "incomplete"),
        ("binary", "needle", True, None),
        ("absent", "x", False, "missing"),
    ],
)
def test_content_contains(workspace: Path, path: str, pattern: str, passed: bool, category: str | None) -> None:
    result = check(workspace, "content_contains", path=path, pattern=pattern)
    assert (result["passed"], result.get("failure_category")) == (passed, category)
    assert result["expected_value"] == pattern
    if category != "missing":
        assert result["actual_value"] == f"contains={'true' if passed else 'false'}"


@pytest.mark.parametrize(
    ("path", "pattern", "actual", "category"),
    [
        ("a.txt", "^world", "world", None),
        ("a.txt", r"h\w+", "hello", None),
        ("a.txt", "hello.world", None, "malformed"),  # no DOTALL
        ("a.txt", "^HELLO", None, "malformed"),
        ("a.txt", "{sheet_num}", None, "malformed"),  # never expanded
        ("absent", "x", None, "missing"),
    ],
)
def test_content_regex(workspace: Path, path: str, pattern: str, actual: str | None, category: str | None) -> None:
    result = check(workspace, "content_regex", path=path, pattern=pattern)
    assert (result["passed"], result.get("actual_value")) == (category is None, actual)
    assert result.get("failure_category") == category


def test_a_bad_regular_expression(workspace: Path) -> None:
    result = check(workspace, "content_regex", path="a.txt", pattern="(")
    assert (result["passed"], result["error_type"]) == (False, "regex_error")


@pytest.mark.parametrize("kind", ["content_contains", "content_regex"])
def test_content_of_a_folder(workspace: Path, kind: str) -> None:
    result = check(workspace, kind, path="{workspace}/dir", pattern="x")
    assert (result["passed"], result["error_type"]) == (False, "io_error")
    assert result["expected_value"] == "{workspace}/dir"
    assert "failure_category" not in result


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0),
        ("test -f a.txt", 0),
        ("echo ${PIPESTATUS[0]}; [[ a == a ]]", 0),
        ('test {sheet_num} = 2 && test {name} = "it\'s \\$x"', 0),
        ('test "$GIVEN" = here', 0),
        ("test {unknown} = '{unknown}'", 0),
        ("x=1; test ${sheet_num}y = y", 0),
        ("exit 3", 3),
        ("kill -9 $$", -9),
        ("no-such-program", 127),
        ("read line; exit 5", 5),  # nothing to read
    ],
)
def test_command_succeeds(workspace: Path, command: str, code: int) -> None:
    result = check(workspace, "command_succeeds", command=command)
    assert (result["passed"], result["actual_value"]) == (code == 0, f"exit_code={code}")
    assert result["expected_value"] == "exit_code=0"
    assert result["confidence"] == (1.0 if code == 0 else 0.8)
    assert result.get("failure_category") == (None if code == 0 else "error")


def test_a_command_in_its_folder(workspace: Path) -> None:
    assert check(workspace, "command_succeeds", command="pwd | grep -q dir$", working_directory="{workspace}/dir")[
        "passed"
    ]
    gone = check(workspace, "command_succeeds", command="true", working_directory="absent")
    assert (gone["passed"], gone["error_type"]) == (False, "io_error")


def test_what_a_failed_command_said_is_told_in_part(workspace: Path) -> None:
    said = check(workspace, "command_succeeds", command="echo out; echo err >&2; yes | head -c 1000000; exit 1")
    assert said["error_message"].startswith("exit code 1: out\nerr\ny")
    assert len(said["error_message"]) < 600


def test_no_credential_is_told(workspace: Path) -> None:
    key = "sk-ant-" + "x" * 40
    (workspace / "a.txt").write_text(f"key: {key}")
    said = check(workspace, "command_succeeds", command="cat a.txt; exit 1")
    found = check(workspace, "content_regex", path="a.txt", pattern="key.*")
    assert said["error_message"] == "exit code 1: key: [REDACTED_ANTHROPIC_KEY]"
    assert found["actual_value"] == "key: [REDACTED_ANTHROPIC_KEY]"


def test_a_command_that_takes_too_long(workspace: Path) -> None:
    begun = time.monotonic()
    result = check(workspace, "command_succeeds", command="sleep 1000 & sleep 1000", timeout_seconds=0.3)
    assert (result["passed"], result["failure_category"]) == (False, "error")
    assert "longer than 0.3 s" in result["error_message"]
    assert "confidence_factors" not in result
    assert time.monotonic() - begun < 20


def test_a_command_with_a_zero_byte(workspace: Path) -> None:
    result = check(workspace, "command_succeeds", command="echo \0")
    assert (result["passed"], result["error_type"]) == (False, "internal_error")


@pytest.mark.parametrize(
    ("before", "touch", "passed", "category"),
    [
        ({"a.txt": 10**18}, 10**18 + 1, True, None),
        ({"a.txt": 10**18}, 10**18, False, "stale"),
        ({"a.txt": 10**18}, 10**18 - 1, False, "stale"),
        ({"a.txt": 0}, 1, True, None),  # it was not there before
        ({}, 1, True, None),
        (None, 1, True, None),  # no snapshot: it is enough that it exists
    ],
)
def test_file_modified(
    workspace: Path, before: dict[str, int] | None, touch: int, passed: bool, category: str | None
) -> None:
    os.utime(workspace / "a.txt", ns=(touch, touch))
    result = run_check(rule("file_modified", path="a.txt"), ground(workspace, modified=before))
    assert (result["passed"], result.get("failure_category")) == (passed, category)


def test_file_modified_and_what_is_not_there(workspace: Path) -> None:
    result = run_check(rule("file_modified", path="absent"), ground(workspace, modified={"absent": 0}))
    assert (result["passed"], result["failure_category"]) == (False, "missing")


def test_a_path_that_leads_nowhere_fails_its_rule_and_no_workspace(workspace: Path) -> None:
    (workspace / "round").symlink_to("round")
    rules = [rule("file_modified", path=path) for path in ("round", "n" * 300, "nul\0")]
    times = modified_times(rules, ground(workspace))
    assert times == {"round": 0, "n" * 300: 0}
    assert not any(run_check(each, ground(workspace, modified=times))["passed"] for each in rules)


def test_the_times_before_the_first_attempt(workspace: Path) -> None:
    os.utime(workspace / "a.txt", ns=(7, 7))
    rules = [
        rule("file_modified", path="{workspace}/a.txt"),
        rule("file_modified", path="absent"),
        rule("file_modified", path="{unknown}"),
        rule("file_exists", path="dir"),
    ]
    assert modified_times(rules, ground(workspace)) == {"{workspace}/a.txt": 7, "absent": 0}


# ---- tries


@pytest.mark.parametrize(
    ("fails", "retries", "passed", "slept"),
    [(0, 3, True, 0), (2, 3, True, 2), (3, 3, True, 3), (4, 3, False, 3), (1, 0, False, 0)],
)
def test_the_first_try_that_holds_wins(workspace: Path, fails: int, retries: int, passed: bool, slept: int) -> None:
    late = workspace / "late"
    sleeper = Sleeper(*[lambda: None] * (fails - 1), late.touch)
    if not fails:
        late.touch()
    made = rule("file_exists", path="late", retry_count=retries, retry_delay_ms=250)
    result = run_check(made, ground(workspace, sleeper))
    assert result["passed"] is passed
    assert sleeper.slept == [0.25] * slept


@pytest.mark.parametrize("retries", [0, 2])
def test_a_failing_command_is_tried_as_often(workspace: Path, retries: int) -> None:
    made = rule("command_succeeds", command="echo x >> tries; false", retry_count=retries)
    forked(lambda: run_check(made, ground(workspace, Sleeper())))
    assert (workspace / "tries").read_text() == "x\n" * (retries + 1)


def test_a_result_says_what_was_written(workspace: Path) -> None:
    result = check(workspace, "content_contains", path="{workspace}/a.txt", pattern="hello", description="greets")
    assert (result["path"], result["pattern"], result["description"]) == ("{workspace}/a.txt", "hello", "greets")
    assert result["checked_at"].endswith("Z")
    assert label(result) == "greets"
    assert label(check(workspace, "file_exists", path="{workspace}/a.txt")) == "{workspace}/a.txt"
    assert label(check(workspace, "command_succeeds", command="true")) == "validation"
