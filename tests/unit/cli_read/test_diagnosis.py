"""Why a job does not go on: each rule, and the page that they make."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kubectl_marianne import advice
from kubectl_marianne.diagnosis import Facts, Finding, findings, next_steps, sheet_that_matters
from kubectl_marianne.layout_diagnosis import as_object, page, stuck, stuck_lines, stuck_object
from kubectl_marianne.lines import plain
from marianne_client.attempts import attempts_by_sheet
from marianne_client.conductor import ConductorStatus
from tests.unit.cli_read.samples import JOB, NOW, condition, ended, job, look, pod, row, sheet

CONDUCTS = ConductorStatus(1, 60.0, 1, 1, 90.0, "0.1.0", "uid")
UNTIL = "2026-11-24T14:05:00Z"
PULLS = {"reason": "ImagePull", "message": "x"}
LIMITED = {"reason": "RateLimited", "message": "429", "until": UNTIL}
PAGES = Path(__file__).parents[3] / "docs"


def facts(body: dict[str, Any], **seen: Any) -> Facts:
    return Facts(**{"job": body, "conductor": CONDUCTS, "now": NOW, **seen})


def found(body: dict[str, Any], **seen: Any) -> list[tuple[str, str, str]]:
    return [(each.level, each.about, each.told) for each in findings(facts(body, **seen))]


def failed(code: str = "E209", message: str = "b: no such file", num: int = 1) -> dict[str, Any]:
    return sheet(num, "failed", attempt=2, errorCode=code, errorMessage=message)


def ending(reason: str, message: str) -> dict[str, Any]:
    return {"conditions": [condition("Succeeded", "False", reason, message)]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (job("Completed", sheet(1, "completed"), progress="1/1"), [("good", "job", "it has completed 1/1")]),
        (
            job("Running", sheet(1, "in_progress", startedAt="2026-11-24T13:49:00Z"), sheet(2)),
            [("good", "job", "it runs: 1 of 2 sheets work, the longest for 10m")],
        ),
        (job("Paused", sheet(1)), [("waits", "job", "it is paused: spec.paused")]),
        (
            job("Cancelled", sheet(1, "cancelled"), **ending("Cancelled", "by spec.cancel")),
            [("note", "job", "it was cancelled: Cancelled: by spec.cancel")],
        ),
        (
            job("Refused", conditions=[condition("Stalled", "True", "ScoreInvalid", "sheet.size: missing")]),
            [("bad", "job", "it was refused: ScoreInvalid: sheet.size: missing")],
        ),
        (
            job("Failed", failed(), **ending("SheetFailed", "1 of 1")),
            [
                ("bad", "job", "it failed: SheetFailed: 1 of 1"),
                ("bad", "sheet 1", "failed (E209): b: no such file"),
            ],
        ),
        (
            job("Waiting", sheet(1, "waiting", waiting=LIMITED), waiting=LIMITED),
            [("waits", "job", "waits until 14:05 (in 6m00s): RateLimited: 429")],
        ),
        (
            job("Running", sheet(1, "in_progress"), sheet(2, "waiting", waiting=PULLS)),
            [
                ("good", "job", "it runs: 1 of 2 sheets work"),
                ("waits", "sheet 2", "waits: ImagePull: x"),
            ],
        ),
        (
            job("Running", sheet(1, "retry_scheduled", nextRetryAt=UNTIL, errorMessage="exit code 1")),
            [("waits", "sheet 1", "tries again until 14:05 (in 6m00s): exit code 1")],
        ),
    ],
)
def test_what_the_job_says(body: dict[str, Any], told: list[tuple[str, str, str]]) -> None:
    assert found(body) == told


def test_nobody_conducts() -> None:
    body = job(None)
    body["status"] = {}
    told = found(body, conductor="not running: jobs wait until it is back")
    assert told[0] == ("bad", "operator", "not running: jobs wait until it is back")
    assert told[1] == ("waits", "job", "the operator has not seen it yet")
    assert found(body, conductor="unknown: no right to read its Lease")[0][0] == "note"
    assert next_steps(body) == ["doctor"]


def test_a_change_that_was_not_seen_and_a_deletion() -> None:
    body = job("Running", sheet(1))
    body["metadata"] |= {"generation": 2, "deletionTimestamp": UNTIL}
    assert ("waits", "job", "the operator has not seen its latest change yet") in found(body)
    assert ("waits", "job", "it is being deleted") in found(body)


def test_of_many_sheets_a_few_are_told_and_the_rest_counted() -> None:
    told = found(job("Failed", *(failed(num=num) for num in range(1, 21))))
    assert [about for _, about, _ in told].count("sheet 6") == 0
    assert told[-1] == ("note", "sheets", "20 failed")


def test_a_pod_that_does_not_start_says_why() -> None:
    starting = pod(1, state={"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})
    attempt = attempts_by_sheet([starting], JOB)[3][0]
    told = found(job("Running", sheet(3, "dispatched")), attempt=attempt)
    assert told[-1] == ("waits", "Pod p1", "ImagePullBackOff: no such image")


def test_what_may_not_be_read_is_said() -> None:
    assert found(job("Completed"), events=None)[-1] == ("note", "events", "unknown: no right to list them")


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        ("E006", "Timeout", "idle_timeout_seconds"),
        ("E001", "Timeout", "timeout_overrides"),
        ("E209", "ValidationFailed", "files"),
        ("E201", "", "files"),
        ("E005", "OutOfMemory", "limits.memory"),
        ("E502", "ExitCode", "credentials"),
        ("E503", "ExitCode", "service"),
        ("E902", "", "network policies"),
        ("E009", "ExitCode", "log"),
        (None, "", "log"),
        ("nonsense", "", "log"),
    ],
)
def test_what_to_do_about_a_failure(code: str | None, reason: str, words: str) -> None:
    assert words in advice.for_failure({"errorCode": code}, reason)


def test_what_is_advised_is_of_reasons_that_are_documented() -> None:
    text = (PAGES / "job-reference.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    waits = text.partition("## Why does it wait?")[2]
    assert set(advice.WAITING) == set(re.findall(r"^\| `(\w+)` \|", waits.partition("\n## ")[0], re.MULTILINE))
    assert set(advice.STALLED) <= documented


def test_what_the_operator_says_of_a_failure_comes_first_and_a_rejection_is_none() -> None:
    told = {"errorCode": "E201", "diagnosis": "mend a.md"}
    assert advice.for_failure(told, "OutOfMemory") == "mend a.md"
    assert "rejected" in advice.for_failure({"errorCode": "E999", "errorCategory": "escalation"}, "")
    assert advice.for_failure({"errorCode": "E999"}, "") == "look at its log"


def test_the_sheet_that_matters() -> None:
    states = ("completed", "pending", "in_progress", "retry_scheduled", "waiting", "fermata", "failed")
    for count in range(len(states), 2, -1):
        matters = sheet_that_matters(job("Running", *(sheet(n, s) for n, s in enumerate(states[:count], 1))))
        assert matters is not None
        assert matters["state"] == states[count - 1]
    assert sheet_that_matters(job("Completed", sheet(1, "completed"))) is None


def test_the_page_and_the_object_tell_the_same() -> None:
    verdict = {"reason": "Timeout", "message": "still running", "error_code": "E001", "failed_rules": []}
    attempt = attempts_by_sheet([pod(2, phase="Failed", state=ended(2, 1, verdict))], JOB)[3][0]
    event = {"type": "Warning", "reason": "Evicted", "message": "\x1b[2Jlow", "metadata": {}, "lastTimestamp": UNTIL}
    event["involvedObject"] = {"kind": "Pod", "name": "p2", "uid": "uid-2"}
    body = job("Failed", failed("E001", "still running", 3), **ending("SheetFailed", "1 of 1"))
    seen = facts(body, attempt=attempt, events=[event], log=["one", "\x1b]0;owned\x07two"])
    lines = [plain(each) for each in page(seen, look())]
    assert lines[:4] == [
        "review-k2 - default - Failed - 1h02m",
        "bad: job: it failed: SheetFailed: 1 of 1",
        "bad: sheet 3: failed (E001): still running",
        "  do: raise the sheet's timeout (backend.timeout_overrides, or timeout_seconds in instrument_config)",
    ]
    assert lines[-3:] == [
        "next: kubectl marianne sheet review-k2 3 --attempts",
        "next: kubectl marianne logs review-k2 --sheet 3",
        "next: kubectl marianne resume review-k2",
    ]
    assert lines[-7:-4] == ["the end of its output", "  one", "  two"]
    assert any(each.split()[:4] == ["14:05", "Evicted", "Pod", "p2"] for each in lines)
    assert not any("\x1b" in each for each in lines)
    told = json.loads(json.dumps(as_object(seen)))
    assert (told["job"], told["phase"], told["sheet_num"], told["attempt"]["attempt"]) == ("review-k2", "Failed", 3, 2)
    assert Finding(**told["findings"][0]) == findings(seen)[0]
    assert (told["events"][0]["reason"], told["log"][0], len(told["next"])) == ("Evicted", "one", 3)


def test_jobs_that_stand_still() -> None:
    rows = [
        row("a"),
        row("b", "Waiting", waiting_reason="RateLimited", waiting_until=UNTIL, message="429"),
        row("c", "Failed"),
    ]
    still = stuck([*rows, row("d", "Completed"), row("e", "Cancelled")])
    assert [each.name for each in still] == ["b", "c"]
    lines = [plain(each) for each in stuck_lines(still, look(), namespaces=True)]
    assert lines[1].split() == ["default", "b", "Waiting", "7/12", "RateLimited:", "429", "14:05"]
    assert stuck_object(still)["jobs"][1]["waiting_reason"] is None


def test_the_verb_that_a_job_waits_for_is_a_next_step() -> None:
    steps = next_steps(job("Waiting", sheet(1, "fermata"), sheet(2, "failed"), sheet(3, "fermata")))
    assert ("approve review-k2 1" in steps, "approve review-k2 3" in steps) == (True, True)
    assert "restart review-k2" in next_steps(job("Cancelled", sheet(1, "cancelled")))


def test_hooks_and_notices_are_looked_at_too() -> None:
    hooks = [
        {"index": 0, "type": "run_command", "state": "succeeded"},
        {"index": 1, "type": "run_command", "state": "failed", "message": "exit code 2"},
        {"index": 2, "type": "run_job", "state": "running", "job": "encore"},
    ]
    notices = [
        {"index": 0, "event": "job_start", "run": 1, "state": "failed", "message": "HTTP 404"},
        {"index": 0, "event": "job_start", "run": 2, "state": "lost"},
        {"index": 1, "event": "job_start", "run": 2, "state": "sent"},
    ]
    told = found(job("Running", sheet(1, "completed"), run=2, hooks=hooks, notifications=notices))
    assert told == [
        ("bad", "on_success.1", "run_command: failed: exit code 2"),
        ("good", "on_success.2", "run_job (job encore): running"),
        ("note", "notifications.0", "job_start: lost"),
    ]


def test_each_decision_that_is_asked_for_is_told() -> None:
    asks = [{"reason": "Approval", "message": f"checkpoint {num}"} for num in (1, 2)]
    several = [sheet(num, "fermata", waiting=ask) for num, ask in enumerate(asks, 1)]
    told = found(job("Waiting", *several, waiting={"reason": "Approval", "message": "sheet 1: checkpoint 1"}))
    assert told == [
        ("waits", "job", "waits: Approval: sheet 1: checkpoint 1"),
        ("waits", "sheet 2", "waits: Approval: checkpoint 2"),
    ]
