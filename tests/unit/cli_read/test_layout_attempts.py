"""Attempts side by side, as a reader sees them."""

from kubectl_marianne.layout_attempts import attempt_lines, evidence_lines
from kubectl_marianne.lines import plain
from marianne_client.attempts import attempts_by_sheet
from tests.unit.cli_read.samples import JOB, ended, look, pod

BRIEF = {"mode": "normal", "instrument": "cli"}
FIRST = {
    "reason": "ValidationFailed",
    "message": "b: no such file",
    "error_code": "E201",
    "passed_rules": ["a"],
    "failed_rules": ["b", "c"],
    "rules_by_kind": {"file_exists": [0, 2], "command_succeeds": [1, 1]},
    "prompt_characters": 512,
    "duration_seconds": 4.5,
}
SECOND = {"outcome": "completed", "passed_rules": ["a", "b"]}
PODS = [
    pod(1, brief=BRIEF, phase="Failed", state=ended(1, 1, FIRST)),
    pod(2, brief={**BRIEF, "mode": "completion"}, phase="Succeeded", state=ended(2, 0, SECOND)),
    pod(3, phase="Running", state={"running": {"startedAt": "2026-11-24T13:57:00Z"}}),
]


def told(pods: list[dict[str, object]], width: int | None = None) -> list[str]:
    return [plain(each) for each in attempt_lines(attempts_by_sheet(pods, JOB)[3], look(width))]


def test_a_row_each_then_the_reasons_then_the_rules() -> None:
    assert told(PODS) == [
        "ATTEMPT  MODE        INSTRUMENT  OUTCOME    CODE  CHECKS  STARTED  TIME   POD  REASON",
        "1        normal      cli         failed     E201  1/3     13:00    4s     p1   ValidationFailed",
        "2        completion  cli         completed  -     2/2     13:00    9s     p2   -",
        "3        -           -           running    -     -       13:57    2m00s  p3   -",
        "attempt 1: b: no such file",
        "attempt 1: prompt of 512 characters; file_exists 0/2, command_succeeds 1/1",
        "",
        "RULE  a1      a2",
        "a     ok      ok",
        "b     failed  ok",
        "c     failed  -",
    ]


def test_a_narrow_screen_loses_the_reason_first() -> None:
    assert max(map(len, told(PODS, 80)[:4])) <= 80
    assert all("completion" in row or "2 " not in row[:2] for row in told(PODS, 80)[:4])


def test_hostile_text_is_harmless() -> None:
    evil = {"message": "\x1b[2Jgone", "failed_rules": ["\x1b]0;owned\x07rule"], "reason": "\x9b31m"}
    lines = told([pod(1, brief={"mode": "\x1b[31m", "instrument": "x"}, phase="Failed", state=ended(1, 1, evil))])
    assert not any("\x1b" in each or "\x9b" in each for each in lines)


def test_evidence_is_shown_whole() -> None:
    check = {"rule_type": "file_exists", "path": "b", "passed": False, "expected_value": "b", "error_message": "none"}
    files = {
        "prompt": {"size": 9, "text": "do\nthis\n"},
        "stdout": {"size": 4, "text": "\x1b[2Jx"},
        "verdict": {"checks": [check, {"rule_type": "file_exists", "path": "a", "passed": True}, 7]},
    }
    assert [plain(each) for each in evidence_lines(2, files)] == [
        "",
        "attempt 2",
        "  check: failed file_exists b: none (expected b)",
        "  check: ok file_exists a",
        "  prompt (9 bytes)",
        "  | do",
        "  | this",
        "  stdout (4 bytes)",
        "  | x",
    ]
    assert plain(evidence_lines(1, {"verdict": {}})[-1]) == "  nothing is kept of it any more"
    assert plain(evidence_lines(1, {"verdict": {"checks": 5}})[-1]) == "  nothing is kept of it any more"
