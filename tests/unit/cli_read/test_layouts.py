"""Layouts as tables: what a person sees of which object."""

from typing import Any

import pytest
from rich.cells import cell_len

from kubectl_marianne.layout_errors import error_lines
from kubectl_marianne.layout_job import job_lines
from kubectl_marianne.layout_list import conductor_line, fitted, job_table
from kubectl_marianne.layout_sheet import sheet_lines
from kubectl_marianne.layout_tree import tree_lines
from kubectl_marianne.lines import Line, plain
from kubectl_marianne.reading import Score
from marianne_client.attempts import attempts_by_sheet
from marianne_client.conductor import ConductorStatus
from marianne_client.details import sheet_details
from tests.unit.cli_read.samples import SCORE, condition, ended, job, look, pod, row, sheet

UNTIL = "2026-11-24T14:05:00Z"
CONDUCTOR = ConductorStatus(1, 10800.0, 2, 3, 60.0, "0.3.0", "uid")
LIMITED = {"reason": "RateLimited", "message": "claude-code resets", "since": UNTIL, "until": UNTIL}


def texts(lines: list[Line]) -> list[str]:
    return [plain(each) for each in lines]


@pytest.mark.parametrize(
    ("conductor", "told"),
    [
        (CONDUCTOR, "conductor  Running 3h00m (v0.3.0)   1 running  1 waiting"),
        ("not running in marianne-system", "conductor  not running in marianne-system   1 running  1 waiting"),
    ],
)
def test_the_first_line_says_whether_anybody_conducts(conductor: ConductorStatus | str, told: str) -> None:
    rows = [row("a"), row("b", "Waiting"), row("c", "Completed")]
    assert plain(conductor_line(conductor, rows)) == told


def test_a_list_says_why_a_job_waits() -> None:
    rows = [row("nightly-x7"), row("review-k2", "Waiting", waiting_reason="RateLimited", waiting_until=UNTIL)]
    assert texts(job_table(rows, look(), namespaces=False)) == [
        "NAME        PHASE    PROGRESS  WAITING            AGE",
        "nightly-x7  Running  7/12      -                  12m",
        "review-k2   Waiting  7/12      RateLimited 14:05  12m",
    ]


def test_a_list_of_all_namespaces_begins_with_them_and_a_wide_one_tells_more() -> None:
    [header, first] = texts(job_table([row("a", "", total=0)], look(None, wide=True), namespaces=True))
    assert header.split() == [  # in this order
        "NAMESPACE",
        "NAME",
        "PHASE",
        "PROGRESS",
        "WAITING",
        "AGE",
        "RUN",
        "RETRIES",
        "COST",
        "SCORE",
        "MESSAGE",
    ]
    assert first.split() == ["default", "a", "Pending", "-", "-", "12m", "1", "0", "-", "song", "-"]
    [_, second] = texts(job_table([row("a", cost="$0.42")], look(None, wide=True), namespaces=False))
    assert second.split()[-3:] == ["$0.42", "song", "-"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "-"),
        ({"estimatedCostMicroUsd": 0}, "$0.0000"),
        ({"estimatedCostMicroUsd": 4500, "costSource": "reported"}, "$0.0045"),
        ({"estimatedCostMicroUsd": 1_250_000, "costSource": "estimated"}, "~$1.25"),
        ({"estimatedCostMicroUsd": 4500, "costSource": "unknown"}, ">$0.0045"),
        ({"costSource": "unknown"}, "?"),
    ],
)
def test_a_sheet_s_cost_says_how_sure_it_is(fields: dict[str, Any], said: str) -> None:
    song = job("Running", sheet(1, "completed", model="m", podName="p", **fields), cost="$1.25")
    lines = texts(job_lines(song, Score({}), look(None, wide=True)))
    assert lines[0].endswith("$1.25")
    cells = lines[-2].split()
    assert cells[cells.index("m") - 1] == said


def test_a_long_list_keeps_the_urgent_ones_on_the_screen() -> None:
    rows = [row(f"done-{n}", "Completed") for n in range(30)] + [
        row("bad", "Failed"),
        row("busy"),
        row("late", "Waiting"),
    ]
    table = texts(job_table(rows, look(height=6), namespaces=False))
    assert [line.split()[0] for line in table] == ["NAME", "done-0", "bad", "busy", "late", "+29"]
    assert table[-1] == "+29 completed"
    assert fitted(rows[:3], 4) == (rows[:3], ())


@pytest.mark.parametrize("width", [20, 40, 80])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    long = "長" * 50
    every = job("Failed", *(sheet(n, "failed", errorMessage=long, instrument=long) for n in range(1, 5)))
    rows = [row("a" * 63, "Waiting", waiting_reason="VolumeUnavailable", waiting_until=UNTIL, namespace="b" * 63)]
    for line in (
        *job_lines(every, SCORE, look(width)),
        *job_table(rows, look(width), namespaces=True),
        *tree_lines(every, SCORE, {}, look(width), every=True),
    ):
        assert cell_len(plain(line)) <= width


def test_one_job_as_the_reference_draws_it() -> None:
    body = job(
        "Waiting",
        sheet(
            1, "completed", attempt=1, executionDurationSeconds=65.2, validationPassed=True, instrument="claude-code"
        ),
        sheet(
            2,
            "completed",
            attempt=2,
            executionDurationSeconds=190.0,
            passedValidations=["a", "b", "c"],
            failedValidations=["d"],
            instrument="claude-code",
        ),
        sheet(3, "waiting", attempt=1, waiting={"reason": "RateLimited", "since": UNTIL, "until": UNTIL}),
        sheet(4),
        waiting=LIMITED,
    )
    assert texts(job_lines(body, SCORE, look(fancy=True))) == [
        "review-k2 · default · Waiting · 1h02m",
        "RateLimited: claude-code resets until 14:05 (in 6m00s)",
        "████████░░░░░░░░ 2/4   ⏳1 waiting  · 1 pending  ✓ 2 completed",
        "#  MOVEMENT    STATE        ATT  CHECKS  INSTRUMENT   TIME   DETAIL",
        "1  1           ✓ completed  1    2/2     claude-code  1m05s",
        "2  2 draft.v1  ✓ completed  2    3/4     claude-code  3m10s",
        "3  2 draft.v2  ⏳waiting    1    -       claude-code  -      RateLimited until …",
        "4  3           · pending    -    -       claude-code  -      merge them",
        "next: kubectl marianne status review-k2 -w",
    ]


def test_a_long_reason_is_told_on_several_lines() -> None:
    words = " ".join(f"word{n}" for n in range(12))
    body = job("Refused", conditions=[condition("Stalled", "True", "ScoreInvalid", words)])
    lines = texts(job_lines(body, SCORE, look(40)))
    assert " ".join(lines[1:-1]) == f"ScoreInvalid: {words}"
    assert len(lines) == 5
    assert texts(job_lines(body, SCORE, look(12)))[4].endswith("...")


def test_a_job_that_nobody_has_seen_yet() -> None:
    body = {"metadata": {"name": "new", "namespace": "default"}, "spec": {}}
    assert texts(job_lines(body, Score({}), look())) == [
        "new - default - Pending",
        "The operator has not seen it yet.",
        "next: kubectl marianne doctor",
    ]


@pytest.mark.parametrize(
    ("phase", "conditions", "told"),
    [
        ("Failed", [condition("Succeeded", "False", "SheetFailed", "sheet 2 failed")], "SheetFailed: sheet 2 failed"),
        ("Refused", [condition("Stalled", "True", "ScoreInvalid", "name: missing")], "ScoreInvalid: name: missing"),
        ("Cancelled", [condition("Succeeded", "False", "Cancelled")], "Cancelled"),
        ("Running", [condition("Accepted", "True", "FieldsWithoutEffect", "worktree")], "note: worktree"),
    ],
)
def test_the_reason_stands_below_the_name(phase: str, conditions: list[dict[str, str]], told: str) -> None:
    assert texts(job_lines(job(phase, conditions=conditions), SCORE, look()))[1] == told


def test_a_great_job_fits_the_screen_and_counts_the_rest() -> None:
    states = ["completed"] * 300 + ["pending"] * 190 + ["waiting"] * 4 + ["failed"] * 3 + ["in_progress"] * 3
    body = job("Running", *(sheet(num, state) for num, state in enumerate(states, 1)))
    lines = texts(job_lines(body, Score({}), look(height=14)))
    assert len(lines) == 14
    assert [line.split()[2] for line in lines[3:-2]] == [*["waiting"] * 3, *["failed"] * 3, *["in_progress"] * 3]
    assert lines[-2] == "+1 waiting  +190 pending  +300 completed"
    assert len(job_lines(body, Score({}), look(height=None))) == 500 + 4


def test_only_the_wanted_sheets_are_listed() -> None:
    body = job("Running", sheet(1, "failed", errorMessage="no"), sheet(2))
    lines = texts(job_lines(body, SCORE, look(), lambda each: each["state"] == "failed"))
    assert [line.split()[0] for line in lines[2:-1]] == ["#", "1"]
    assert "1 failed  1 pending" in lines[1]  # of all


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (sheet(1, "retry_scheduled", nextRetryAt=UNTIL, errorMessage="exit 1"), "again 14:05: exit 1"),
        (sheet(1, "failed", errorMessage="exit 1"), "exit 1"),
        (sheet(1, "skipped", errorMessage="its condition"), "its condition"),
        (sheet(1, "completed", errorMessage="of an earlier attempt"), ""),
        (sheet(1, "waiting", waiting={"reason": "ImagePull", "message": "no such image"}), "ImagePull no such image"),
    ],
)
def test_a_sheet_s_detail(item: dict[str, str], told: str) -> None:
    row_of_it = texts(job_lines(job("Running", item), Score({}), look(None)))[3]
    assert row_of_it.split("  ")[-1].strip() == (told or "-")


def test_a_tree_groups_voices_and_shows_attempts_where_they_matter() -> None:
    body = job(
        "Failed", sheet(1, "completed"), sheet(2, "failed", errorMessage="exit 3"), sheet(3, "completed"), sheet(4)
    )
    done = {"phase": "Succeeded"}
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    attempts = attempts_by_sheet(
        [
            *(pod(number, sheet=3, state=ended(number, 0, startedAt=None), **done) for number in (2, 1)),
            pod(1, sheet=1, state=ended(1, 0, startedAt=None), **done),
            pod(1, sheet=2, phase="Failed", state=ended(1, 1, finishedAt="2026-11-24T13:01:05Z")),
            pod(2, sheet=2, phase="Failed", state=killed),
        ],
        body,
    )
    assert texts(tree_lines(body, SCORE, attempts, look(), every=False)) == [
        "review-k2 - default - Failed - 1h02m",
        "|- movement 1  1 completed",
        "|  `- sheet 1  completed",
        "|- movement 2 draft (2 sheets)  1 failed  1 completed",
        "|  |- sheet 2 voice 1  failed  exit 3",
        "|  |  |- attempt 1  Pod p1  exit 1 1m05s",
        "|  |  `- attempt 2  Pod p2  exit 137 OOMKilled",
        "|  `- sheet 3 voice 2  completed",
        "|     |- attempt 1  Pod p1  exit 0",
        "|     `- attempt 2  Pod p2  exit 0",
        "`- movement 3  1 pending",
        "   `- sheet 4  pending  merge them",
    ]
    every = texts(tree_lines(body, SCORE, attempts, look(), every=True))
    assert "|     `- attempt 1  Pod p1  exit 0" in every
    assert every[-1].endswith("after 2, 3")


def test_a_tree_folds_a_large_movement_but_for_what_matters() -> None:
    body = job("Running", *(sheet(n, "in_progress" if n == 7 else "completed") for n in range(1, 41)))
    folded = texts(tree_lines(body, Score({}), {}, look(), every=False))
    assert folded[1:] == ["`- sheets (40 sheets)  1 in_progress  39 completed", "   `- sheet 7  in_progress"]
    assert len(tree_lines(body, Score({}), {}, look(), every=True)) == 42


def test_a_sheet_shows_all_of_its_33_details() -> None:
    item = sheet(3, "failed", errorMessage="bad", failedValidations=["a", "b"], stdoutTail="one\ntwo", exitCode=1)
    lines = texts(sheet_lines(sheet_details(item), look()))
    assert len({line.split()[0] for line in lines if not line.startswith(" ")}) == 33
    assert "exit_code                     1" in lines
    assert lines[lines.index("stdout_tail") :][:3] == ["stdout_tail", "  one", "  two"]
    assert lines[lines.index("failed_validations") :][:3] == ["failed_validations", "  a", "  b"]


def test_errors_show_the_message_whole_and_what_failed() -> None:
    check = {"rule_type": "file_exists", "path": "a.md", "passed": False, "error_message": "no such file"}
    bad = sheet(2, "failed", attempt=3, errorMessage="x" * 100, errorCategory="validation", errorCode="E301")
    bad |= {"validationDetails": [check, {**check, "passed": True}], "stderrTail": "oh\nno", "completedAt": UNTIL}
    body = job(
        "Failed", sheet(1, "completed"), bad, conditions=[condition("Succeeded", "False", "SheetFailed", "1 of 4")]
    )
    lines = texts(error_lines(body, SCORE, look()))
    assert lines[0] == "Failed  SheetFailed: 1 of 4"
    assert lines[2].split()[:8] == ["2", "2", "draft.v1", "failed", "14:05", "validation", "E301", "3"]
    assert lines[3:] == [
        "",
        f"sheet 2: {'x' * 100}",
        "  failed check: file_exists a.md: no such file",
        "  stderr: oh",
        "  stderr: no",
    ]
    assert error_lines(job("Running", sheet(1)), SCORE, look()) == []
