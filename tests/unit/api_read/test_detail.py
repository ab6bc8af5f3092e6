"""One job's object as the seed's API tells it."""

from typing import Any

import pytest

from marianne_api.read.detail import job_detail, job_state, percent, sheet_summary
from marianne_api.read.models import JobDetail, JobState, SheetSummary
from tests.unit.api_read.made import body, sheets

ID = "team.song"


def state(**status: Any) -> dict[str, Any]:
    return job_state(body(**status), ID)


@pytest.mark.parametrize(
    ("progress", "expected"),
    [("3/12", (3, 12, 25.0)), ("1/3", (1, 3, 33.3)), ("0/4", (0, 4, 0.0)), (None, (0, 0, 0.0)), ("odd", (0, 0, 0.0))],
)
def test_progress(progress: str | None, expected: tuple[int, int, float]) -> None:
    told = state(progress=progress)
    assert (told["completed_sheets"], told["total_sheets"], told["progress_percent"]) == expected


def test_nothing_of_nothing_is_zero_percent() -> None:
    assert percent(0, 0) == 0.0


def test_the_current_sheet_is_the_first_that_runs() -> None:
    assert state(sheets=sheets("completed", "in_progress", "dispatched"))["current_sheet"] == 2
    assert state(sheets=sheets("completed", "pending"))["current_sheet"] is None


def test_the_error_is_what_the_condition_says() -> None:
    failed = {"type": "Succeeded", "status": "False", "reason": "SheetFailed", "message": "sheet 2 failed"}
    running = {"type": "Succeeded", "status": "Unknown", "reason": "Running", "message": "1 of 2"}
    assert state(conditions=[failed])["error_message"] == "sheet 2 failed"
    assert state(conditions=[{**failed, "message": ""}])["error_message"] == "SheetFailed"
    assert state(conditions=[running])["error_message"] is None


def test_updated_at_is_the_last_time_that_is_told_in_whatever_precision() -> None:
    assert state()["updated_at"] == "2026-11-24T10:00:00Z"
    assert state(startTime="2026-11-24T10:00:00.500000Z")["updated_at"] == "2026-11-24T10:00:00.500000Z"
    times = {"startTime": "2026-11-24T10:00:05Z", "lastLaunchTime": "2026-11-24T10:02:00Z"}
    assert state(**times)["updated_at"] == "2026-11-24T10:02:00Z"
    sheet = {"num": 1, "state": "completed", "completedAt": "2026-11-24T10:02:30Z"}
    assert state(**times, sheets=[sheet])["updated_at"] == "2026-11-24T10:02:30Z"
    assert state(**times, completionTime="2026-11-24T10:03:00Z")["updated_at"] == "2026-11-24T10:03:00Z"


def test_a_job_waits_for_a_reason() -> None:
    waiting = {"reason": "RateLimited", "message": "until noon", "since": "s", "until": "u"}
    assert state(phase="Waiting", waiting=waiting)["waiting"] == waiting
    assert state(phase="Waiting", startTime="2026-11-24T10:00:05Z")["status"] == "running"
    assert state(phase="Waiting")["status"] == "pending"


def test_the_models_fit_a_job_that_says_everything_and_one_that_says_nothing() -> None:
    full = body(
        phase="Running",
        run=2,
        score={"name": "mass"},
        totalRetries=3,
        totalInputTokens=5,
        totalCostMicroUsd=1_250_000,
        sheets=[
            *sheets("completed", "in_progress"),
            {"num": 3, "state": "waiting", "waiting": {"reason": "RateLimited"}, "rateLimitWaits": 1},
            {"num": 4, "state": "completed", "rateLimitWaits": 2, "quotaWaits": 3},
        ],
        hooks=[{"index": 0, "type": "run_command", "state": "failed", "exitCode": 2, "message": "no"}],
        notifications=[{"index": 1, "event": "job_start", "run": 2, "state": "sent", "podName": "p", "time": "t"}],
        conditions=[{"type": "Succeeded", "status": "Unknown", "reason": "Running", "lastTransitionTime": "t"}],
    )
    told = JobDetail.model_validate(job_detail(full, ID))
    assert (told.job_name, told.run, told.total_retry_count, told.last_completed_sheet) == ("mass", 2, 3, 4)
    assert (told.rate_limit_waits, told.total_input_tokens, len(told.sheets)) == (6, 5, 4)
    assert (told.hooks[0].exit_code, told.hooks[0].message) == (2, "no")
    assert (told.notifications[0].event, told.notifications[0].message) == ("job_start", None)
    assert told.total_estimated_cost == 1.25
    nothing = body()
    del nothing["status"], nothing["spec"]
    empty = JobDetail.model_validate(job_detail(nothing, ID))
    assert (empty.job_name, empty.status, empty.sheets, empty.last_completed_sheet) == ("song", "pending", [], 0)
    assert (empty.hooks, empty.notifications) == ([], [])
    JobState.model_validate(job_state(nothing, ID))


def test_a_plain_pending_sheet() -> None:
    told = SheetSummary.model_validate(sheet_summary({"num": 4, "state": "pending", "attempt": 0}))
    assert (told.sheet_num, told.status, told.attempt_count, told.validation_passed) == (4, "pending", 0, None)
