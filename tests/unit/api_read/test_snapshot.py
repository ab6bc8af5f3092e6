"""What a stream tells between two versions of a job."""

from marianne_api.read.snapshot import Snapshot, between
from tests.unit.api_read.made import body, row, sheets

ID = "team.song"


def snapshot(version: int = 7, uid: str = "", **status: object) -> Snapshot:
    return Snapshot.of(body(version, uid=uid, **status), ID)


def told(before: Snapshot | None, after: Snapshot) -> list[str]:
    return [name if name != "sheet" else f"sheet {data['sheet_num']}" for name, data in between(before, after)]


def test_the_first_event_is_the_state_then_the_sheets_that_ever_began() -> None:
    first = snapshot(phase="Running", sheets=sheets("completed", "in_progress", "pending"))
    assert told(None, first) == ["job_status", "sheet 1", "sheet 2"]


def test_only_what_has_changed_is_told() -> None:
    before = snapshot(1, phase="Running", sheets=sheets("completed", "in_progress"))
    after = snapshot(2, phase="Running", sheets=sheets("completed", "completed"))
    assert told(before, after) == ["job_status", "sheet 2"]  # the state names the current sheet
    assert told(before, snapshot(3, phase="Running", sheets=sheets("completed", "in_progress"))) == []


def test_a_sheet_that_goes_back_to_pending_is_told() -> None:
    before = snapshot(1, phase="Failed", sheets=sheets("failed"))
    assert "sheet 1" in told(before, snapshot(2, phase="Running", sheets=sheets("pending")))


def test_the_end_is_told_once() -> None:
    before, after = snapshot(1, phase="Running"), snapshot(2, phase="Completed")
    assert between(before, after)[-1] == ("job_finished", {"job_id": ID, "final_status": "completed"})
    assert after.last
    assert told(after, snapshot(3, phase="Completed")) == []
    assert told(None, after) == ["job_status", "job_finished"]


def test_a_job_whose_spec_says_something_new_has_not_ended() -> None:
    resumed = body(8, phase="Failed")
    resumed["metadata"]["generation"] = 2
    assert not Snapshot.of(resumed, ID).last


def test_a_deleted_job_tells_how_it_ended_if_it_did() -> None:
    running = snapshot(1, phase="Running")
    assert told(running, running.deleted(row(phase="Running"), 2)) == ["job_deleted"]
    ended = running.deleted(row(phase="Failed"), 2)
    assert told(running, ended) == ["job_finished", "job_deleted"]
    assert ended.last
    assert told(running, running.deleted(None, 2)) == ["job_deleted"]


def test_a_namesake_is_not_the_job() -> None:
    assert told(snapshot(1, phase="Running"), snapshot(9, uid="another", phase="Running")) == ["job_deleted"]
