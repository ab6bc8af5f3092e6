"""The 33 details of a sheet: from the status, from its Pod's verdict, from what follows."""

import pytest

from marianne_client.details import DEFAULTS, sheet_details
from marianne_client.errors import ApiError
from marianne_client.retained import verdict_of_sheet
from marianne_runner.contract import encode_message
from tests.unit.plan.build import verdict

LABELS = {"passed_rules": ["tests pass"], "failed_rules": ["no TODO"]}
CHECK = {"rule_type": "content_regex", "description": "no TODO", "passed": False, "error_message": "m" * 400}


def item(state, **fields):
    return {"num": 1, "state": state, "attempt": 1, "attemptCount": 1, **fields}


def test_a_completed_sheet_of_a_large_job_tells_what_follows():
    told = sheet_details(item("completed"))
    assert (told["exit_code"], told["validation_passed"], told["last_pass_percentage"]) == (0, True, 100.0)
    assert (told["confidence_score"], told["success_without_retry"]) == (1.0, True)
    assert told["outcome_category"] == "success_first_try"


@pytest.mark.parametrize(
    ("fields", "category"),
    [({"attemptCount": 2}, "success_retry"), ({"attemptCount": 2, "completionAttempts": 1}, "success_completion")],
)
def test_how_it_was_completed(fields, category):
    told = sheet_details(item("completed", **fields))
    assert (told["outcome_category"], told["success_without_retry"]) == (category, False)


def test_a_sheet_that_a_person_accepted_is_no_success_of_its_own():
    accepted = [{"checkpoint": "escalation", "decision": "accept", "by": "spec.approve"}]
    told = sheet_details(item("completed", exitCode=3, validationPassed=False, approvals=accepted))
    assert (told["exit_code"], told["validation_passed"], told["success_without_retry"]) == (3, False, False)
    assert (told["outcome_category"], told["confidence_score"]) == (None, None)


@pytest.mark.parametrize("state", ["completed", "pending", "skipped"])
def test_nothing_follows_of_what_never_ran(state):
    """A sheet before `startSheet` counts as completed."""
    told = sheet_details(item(state, attempt=0, attemptCount=0))
    assert told == {**DEFAULTS, "sheet_num": 1, "status": state}


def test_the_verdict_tells_what_the_status_had_no_room_for():
    said = verdict(
        "failed",
        "ValidationFailed",
        checks=[CHECK],
        validation_passed=False,
        pass_percentage=50.0,
        stdout_tail="o" * 3000,
        stderr_tail="e",
        exit_code=3,
        exit_reason="error",
        output_truncated=True,
        grounding_guidance="g" * 300,
        preflight_warnings=["large"],
        **LABELS,
    )
    told = sheet_details(item("failed", stdoutTail="o" * 400, groundingGuidance="g" * 200), said)
    assert (told["stdout_tail"], told["stderr_tail"], told["output_truncated"]) == ("o" * 3000, "e", True)
    assert (told["exit_code"], told["exit_reason"], told["grounding_guidance"]) == (3, "error", "g" * 300)
    assert (told["validation_passed"], told["last_pass_percentage"]) == (False, 50.0)
    assert (told["passed_validations"], told["failed_validations"]) == (["tests pass"], ["no TODO"])
    assert told["validation_details"] == [CHECK, {"description": "tests pass", "passed": True}]
    assert told["preflight_warnings"] == ["large"]


def test_the_status_wins_where_it_says_anything():
    said = verdict("failed", "ExitCode", exit_code=3, stdout_tail="short", preflight_warnings=["b"])
    told = sheet_details(item("failed", exitCode=4, stdoutTail="a longer one", preflightWarnings=["a"]), said)
    assert (told["exit_code"], told["stdout_tail"], told["preflight_warnings"]) == (4, "a longer one", ["a"])


def test_a_success_has_no_exit_of_its_own():
    told = sheet_details(item("completed"), verdict(exit_code=3, exit_signal=9, exit_reason="error"))
    assert (told["exit_code"], told["exit_signal"], told["exit_reason"]) == (0, None, None)


@pytest.mark.parametrize("state", ["pending", "dispatched", "in_progress", "cancelled"])
def test_what_an_earlier_pod_told_is_not_told_again(state):
    assert sheet_details(item(state), verdict(stdout_tail="old"))["stdout_tail"] is None


class Cluster:
    """One Pod."""

    def __init__(self, **body):
        self.body = body

    async def get(self, path):
        if not self.body:
            raise ApiError(404, "NotFound", "no such Pod")
        assert path == "/api/v1/namespaces/team/pods/p"
        return self.body


KEY = "5" * 32
HELD = {"metadata": {"namespace": "team"}, "status": {"nonce": KEY}}


def pod(uid="u", attempt="1", said="u", key=KEY):
    message = encode_message(verdict(stdout_tail="hello") | {"pod_uid": said}, key).decode()
    state = {"terminated": {"exitCode": 0, "message": message, "startedAt": "2026-01-01T00:00:00Z"}}
    return {
        "metadata": {
            "name": "p",
            "namespace": "team",
            "uid": uid,
            "resourceVersion": "3",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"marianne.dev/attempt": attempt},
        },
        "status": {"phase": "Succeeded", "containerStatuses": [{"name": "sheet", "state": state}]},
    }


@pytest.mark.parametrize(
    ("body", "known", "told"),
    [
        (pod(), {"podUid": "u"}, "hello"),
        (pod(), {}, "hello"),
        ({}, {}, None),
        (pod(uid="another", said="another"), {"podUid": "u"}, None),
        (pod(attempt="2"), {}, None),
        (pod(said="forged"), {}, None),
        (pod(key=""), {}, None),
    ],
)
async def test_the_pod_of_the_latest_attempt(body, known, told):
    found = await verdict_of_sheet(Cluster(**body), HELD, item("completed", podName="p", **known))
    assert (found or {}).get("stdout_tail") == told


async def test_a_sheet_that_never_ran_has_no_pod():
    assert await verdict_of_sheet(Cluster(), HELD, {"num": 1, "state": "pending", "attempt": 0}) is None
