"""Command line, environment and output, by the profile."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from marianne_runner import environment
from marianne_runner.command import InstrumentMissingError, build, find_program
from marianne_runner.contract import Brief
from marianne_runner.output import Report, found_at, read_report


def brief(command: dict[str, Any], model: str | None = None, **profile: Any) -> Brief:
    told = {"instrument": "tool", "timeout_seconds": 77.9, "profile": {"cli": {"command": command}, **profile}}
    return cast(Brief, told if model is None else {**told, "model": model})


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    tool = tmp_path / "bin/tool"
    tool.parent.mkdir()
    tool.touch(0o755)
    return tmp_path


def line(
    workspace: Path, command: dict[str, Any], prompt: str = "PROMPT", config: Any = (), **given: Any
) -> tuple[list[str], str | None]:
    program = build(
        brief({"executable": "tool", **command}, **given),
        prompt,
        workspace,
        {"PATH": str(workspace / "bin")},
        dict(config),
    )
    assert program.executable == str(workspace / "bin/tool")
    arguments = [each.decode() for each in program.arguments]
    return arguments, None if program.stdin is None else program.stdin.decode()


FLAG = {"prompt_flag": "-c", "prompt_via_stdin": False}


@pytest.mark.parametrize(
    ("command", "arguments", "by_stdin"),
    [
        ({}, ["tool"], True),
        (FLAG, ["tool", "-c", "PROMPT"], False),
        ({"prompt_via_stdin": False}, ["tool", "PROMPT"], False),
        ({"prompt_flag": "-p"}, ["tool"], True),
        ({"prompt_flag": "-p", "stdin_sentinel": "-"}, ["tool", "-p", "-"], True),
        (
            {
                "subcommand": "run",
                "auto_approve_flag": "--yes",
                "output_format_flag": "-o",
                "output_format_value": "json",
                "model_flag": "-m",
                "timeout_flag": "-t",
                "working_dir_flag": "--cwd",
                "mcp_disable_args": ["--no-mcp", "x"],
                "extra_flags": ["--quiet"],
                **FLAG,
            },
            [
                *[
                    "tool",
                    "run",
                    "--yes",
                    "-o",
                    "json",
                    "-m",
                    "small",
                    "-t",
                    "77",
                    "--cwd",
                    "WS",
                    "-c",
                    "PROMPT",
                    "--no-mcp",
                    "x",
                    "--quiet",
                ]
            ],
            False,
        ),
        ({"output_format_flag": "--json"}, ["tool", "--json"], True),
    ],
)
def test_a_command_line(workspace: Path, command: dict[str, Any], arguments: list[str], by_stdin: bool) -> None:
    made, stdin = line(workspace, command, default_model="small")
    assert made == [str(workspace) if each == "WS" else each for each in arguments]
    assert stdin == ("PROMPT" if by_stdin else None)


def test_the_briefs_model_wins(workspace: Path) -> None:
    assert line(workspace, {"model_flag": "-m"}, model="large", default_model="small")[0] == ["tool", "-m", "large"]
    assert line(workspace, {"model_flag": "-m"})[0] == ["tool"]


@pytest.mark.parametrize(
    ("command", "config", "added"),
    [
        ({}, {"allowed_tools": ["Read"]}, []),
        (
            {"allowed_tools_flag": "--tools"},
            {"allowed_tools": ["Read", "Bash(git *)"]},
            ["--tools", "Read,Bash(git *)"],
        ),
        ({"allowed_tools_flag": "--tools"}, {"allowed_tools": []}, ["--tools", ""]),
        ({"allowed_tools_flag": "--tools"}, {"allowed_tools": "Read"}, []),
        ({"extra_flags": ["-q"]}, {"cli_extra_args": ["--depth", 2]}, ["-q", "--depth", "2"]),
        ({}, {"cli_extra_args": "--all"}, []),
    ],
)
def test_what_the_score_adds(
    workspace: Path, command: dict[str, Any], config: dict[str, Any], added: list[str]
) -> None:
    assert line(workspace, command, config=config)[0] == ["tool", *added]


@pytest.mark.parametrize(
    ("prompt", "by_stdin"), [("x" * 32768, False), ("x" * 32769, True), ("ü" * 16385, True), ("a\0b", True)]
)
def test_what_no_argument_can_hold_goes_by_standard_input(workspace: Path, prompt: str, by_stdin: bool) -> None:
    arguments, stdin = line(workspace, FLAG, prompt)
    assert (arguments, stdin) == ((["tool"], prompt) if by_stdin else (["tool", "-c", prompt], None))


@pytest.mark.parametrize("profile", [{}, {"cli": None}, {"cli": {"command": {}}}, {"kind": "cli", "http": {}}])
def test_a_profile_without_a_program(workspace: Path, profile: dict[str, Any]) -> None:
    told = cast(Brief, {"instrument": "tool", "timeout_seconds": 1, "profile": profile})
    with pytest.raises(InstrumentMissingError, match="executable is not set"):
        build(told, "", workspace, {}, {})


def test_a_program_that_the_image_has_not(workspace: Path) -> None:
    with pytest.raises(InstrumentMissingError, match="no program 'absent'"):
        build(brief({"executable": "absent"}), "", workspace, {"PATH": "/usr/bin"}, {})


def test_programs_are_found_as_a_shell_finds_them(workspace: Path) -> None:
    (workspace / "plain").touch(0o644)
    (workspace / "run").touch(0o755)
    assert find_program("run", "/usr/bin", workspace) is None
    assert find_program("./run", "", workspace) == str(workspace / "run")
    assert find_program("./plain", "", workspace) is None
    assert find_program("bin", f"{workspace}", workspace) is None  # a folder
    assert find_program("tool", f"/nowhere::{workspace}/bin", workspace) == str(workspace / "bin/tool")
    assert find_program(str(workspace / "run"), "", Path("/")) == str(workspace / "run")


POD = {"PATH": "/bin", "HOME": "/tmp", "SECRET": "s", "OTHER": "o", "GIT_CONFIG_COUNT": "1"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ({}, POD),
        ({"required_env": None}, POD),
        ({"required_env": ["SECRET"]}, {key: POD[key] for key in ("PATH", "HOME", "SECRET", "GIT_CONFIG_COUNT")}),
        ({"required_env": []}, {key: POD[key] for key in ("PATH", "HOME", "GIT_CONFIG_COUNT")}),
        ({"env": {"A": "x${OTHER}y${NONE}", "N": 3}}, {**POD, "A": "xoy", "N": "3"}),
        (
            {"required_env": [], "env": {"A": "${OTHER}"}},
            {"PATH": "/bin", "HOME": "/tmp", "GIT_CONFIG_COUNT": "1", "A": "o"},
        ),
    ],
)
def test_the_environment(command: dict[str, Any], expected: dict[str, str]) -> None:
    assert environment.for_instrument(command, POD, []) == expected


def test_an_instruments_own_credentials_always_pass() -> None:
    passed = environment.for_instrument({"required_env": []}, POD, ["SECRET", "ABSENT"])
    assert passed == {key: POD[key] for key in ("PATH", "HOME", "SECRET", "GIT_CONFIG_COUNT")}


def test_checks_do_not_see_credentials() -> None:
    assert environment.for_checks(POD, ["SECRET"]) == {key: value for key, value in POD.items() if key != "SECRET"}


# ---- output

JSON = {
    "format": "json",
    "result_path": "result",
    "error_path": "error.message",
    "input_tokens_path": "usage.input",
    "output_tokens_path": "usage.output",
}
EVENTS = {
    "format": "jsonl",
    "completion_event_type": "done",
    "completion_event_filter": {"final": True},
    "result_path": "text",
    "error_path": "error",
    "input_tokens_path": "usage.input",
    "output_tokens_path": "usage.output",
}


@pytest.mark.parametrize(
    ("output", "stdout", "succeeded", "report"),
    [
        ({}, '{"result": "x"}', True, Report()),
        ({"format": "text"}, "x", True, Report()),
        (JSON, '{"result": "hi", "usage": {"input": 10, "output": 5}}', True, Report("hi", None, 10, 5)),
        (JSON, '{"result": "hi", "error": {"message": "bad"}}', False, Report(None, "bad")),
        (JSON, '{"result": null}', True, Report()),
        (JSON, '{"result": {"a": 1}}', True, Report('{"a": 1}')),
        (JSON, "no json", True, Report()),
        (JSON, "[" * 100_000, True, Report()),
        (JSON, '{"usage": {"input": "10", "output": true}}', True, Report()),
        (JSON, '{"usage": {"input": -1, "output": 1e999}}', True, Report()),
        (JSON, '{"usage": {"input": NaN, "output": 7.9}}', True, Report(output_tokens=7)),
        (JSON, '{"usage": {"input": 999999999999999999}}', True, Report()),
        (EVENTS, 'x\n{"type":"done"}\n{"type":"done","final":true,"text":"A"}\n', True, Report("A")),
        (EVENTS, '{"usage":{"input":1}}\n{"usage":{"input":2,"output":3}}', True, Report(None, None, 1, 3)),
        (EVENTS, '{"a":1}\n{"error":"bad"}\n3', False, Report(None, "bad")),
    ],
)
def test_what_the_cli_says(output: dict[str, Any], stdout: str, succeeded: bool, report: Report) -> None:
    assert read_report(output, stdout.encode(), succeeded=succeeded) == report


SPENT = {**JSON, "cost_path": "total_cost_usd"}


@pytest.mark.parametrize(
    ("flag", "left", "said"),
    [("--max", 1.5, ["--max", "1.50"]), ("--max", 0.01, ["--max", "0.01"]), ("--max", None, []), (None, 1.5, [])],
)
def test_what_is_left_of_a_budget(workspace: Path, flag: str | None, left: float | None, said: list[str]) -> None:
    told = brief({"executable": "tool", "budget_flag": flag})
    if left is not None:
        told["budget_usd"] = left
    program = build(told, "PROMPT", workspace, {"PATH": str(workspace / "bin")}, {})
    assert [each.decode() for each in program.arguments] == ["tool", *said]


@pytest.mark.parametrize(
    ("told", "micro"),
    [(0.012345, 12345), (2, 2_000_000), (0, None), (-1, None), ("1", None), (True, None), (1e300, None), (None, None)],
)
def test_what_it_says_that_it_has_spent(told: Any, micro: int | None) -> None:
    stdout = json.dumps({"result": "hi", "total_cost_usd": told})
    assert read_report(SPENT, stdout.encode(), succeeded=True).cost_micro_usd == micro
    assert read_report(SPENT, stdout.encode(), succeeded=False).cost_micro_usd == micro


@pytest.mark.parametrize(("aggregate", "micro"), [(True, 30_000), (False, 10_000)])
def test_what_it_says_of_each_step(aggregate: bool, micro: int) -> None:
    output = {**EVENTS, "cost_path": "part.cost", "aggregate_tokens": aggregate}
    stdout = b'{"part":{"cost":0.01}}\n{"part":{}}\n{"part":{"cost":0.02}}'
    assert read_report(output, stdout, succeeded=True).cost_micro_usd == micro


STEPS = [
    {"type": "text", "part": {"text": "A", "kind": "x"}},
    {"type": "text", "part": {"text": "B", "kind": "y", "tokens": 3}},
    {"type": "text", "part": {"text": "C", "kind": "x", "tokens": 4}},
    {"type": "text", "part": {}},
]


@pytest.mark.parametrize(
    ("fields", "report"),
    [
        ({}, Report("A", None, 3)),
        ({"completion_event_take": "first"}, Report("A", None, 3)),
        ({"completion_event_take": "last"}, Report("C", None, 3)),
        ({"completion_event_take": "all"}, Report("A\nB\nC", None, 3)),
        ({"completion_event_filter": {"part.kind": "y"}}, Report("B", None, 3)),
        ({"completion_event_filter": {"part.kind": "z"}}, Report(None, None, 3)),
        ({"completion_event_type": None}, Report(None, None, 3)),
        ({"aggregate_tokens": True}, Report("A", None, 7)),
    ],
)
def test_which_events_count(fields: dict[str, Any], report: Report) -> None:
    output = {"format": "jsonl", "completion_event_type": "text", "result_path": "part.text"}
    output |= {"input_tokens_path": "part.tokens"}
    stdout = "\n".join(map(json.dumps, STEPS)).encode()
    assert read_report({**output, **fields}, stdout, succeeded=True) == report


@pytest.mark.parametrize(("counts", "total"), [([3, 30], 33), ([0, 0], None), ([], None), ([1, -5], 1)])
def test_tokens_of_all_models_are_added_up(counts: list[int], total: int | None) -> None:
    output = {**JSON, "input_tokens_path": "models.*.in", "aggregate_tokens": True}
    stdout = json.dumps({"models": {str(index): {"in": count} for index, count in enumerate(counts)}})
    assert read_report(output, stdout.encode(), succeeded=True).input_tokens == total


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b[0]", [1]),
        ("a.b[1].c", [2]),
        ("a.b[5]", []),
        ("a.b[-1].c", [2]),
        ("a.b[-3]", []),
        ("a.b[*]", [1, {"c": 2}]),
        ("a.b[*].c", [2]),
        ("m[0]", []),
        ("m.*.t", [1, 2]),
        ("a.x", []),
        ("", []),
        ("m.p.t.u", []),
        ("a.x | m.q.t|m.p.t", [2]),
        ("a.x|zz", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    document = {"a": {"b": [1, {"c": 2}], "x": None}, "m": {"p": {"t": 1}, "q": {"t": 2}}}
    assert found_at(document, path) == found
