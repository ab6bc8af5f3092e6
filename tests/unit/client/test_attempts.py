"""What a sheet's Pods tell of its attempts, and how little of it is believed."""

import json

import pytest

from marianne_client.attempts import Attempt, attempt_details, attempts_by_sheet
from tests.unit.cli_read.samples import JOB, ended, pod

BRIEF = {"mode": "completion", "instrument": "claude_cli", "model": "opus"}
FAILED = {
    "reason": "ValidationFailed",
    "message": "b: no such file",
    "error_code": "E201",
    "error_category": "validation",
    "passed_rules": ["a"],
    "failed_rules": ["b"],
    "rules_by_kind": {"file_exists": [1, 2]},
    "prompt_characters": 512,
    "duration_seconds": 4.5,
    "started_at": 1795525200.0,
    "ended_at": 1795525204.5,
}


def one(body: dict[str, object]) -> Attempt:
    return attempts_by_sheet([body], JOB)[3][0]


def test_they_are_those_of_this_very_job_in_order() -> None:
    stranger = pod(9) | {"metadata": pod(9)["metadata"] | {"labels": {}}}
    found = attempts_by_sheet([pod(10), pod(2), pod(1, sheet=4), pod(9, uid="other"), stranger], JOB)
    assert {sheet: [each.number for each in several] for sheet, several in found.items()} == {3: [2, 10], 4: [1]}


def test_a_verdict_is_told_whole() -> None:
    found = one(pod(2, brief=BRIEF, phase="Failed", state=ended(2, 1, FAILED)))
    assert (found.outcome, found.why, found.seconds) == ("failed", ("ValidationFailed", "b: no such file"), 4.5)
    details = attempt_details(found)
    assert {key: details[key] for key in ("attempt", "mode", "instrument", "model", "pod_name", "outcome")} == {
        "attempt": 2,
        "mode": "completion",
        "instrument": "claude_cli",
        "model": "opus",
        "pod_name": "p2",
        "outcome": "failed",
    }
    assert (details["error_code"], details["passed_validations"], details["failed_validations"]) == (
        "E201",
        ["a"],
        ["b"],
    )
    assert (details["validations_by_kind"], details["prompt_characters"]) == (
        {"file_exists": {"passed": 1, "total": 2}},
        512,
    )
    assert details["started_at"] == "2026-11-24T13:00:00+00:00"
    assert json.dumps(details, allow_nan=False)


@pytest.mark.parametrize(
    ("body", "outcome", "why"),
    [
        (pod(1), "starting", ("", "")),
        (
            pod(1, state={"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}),
            "starting",
            ("ImagePullBackOff", "no such image"),
        ),
        (pod(1, phase="Running", state={"running": {"startedAt": "2026-11-24T13:00:00Z"}}), "running", ("", "")),
        (
            pod(1, phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
            "unknown",
            ("Evicted", "The node was low on resource: memory."),
        ),
        (
            pod(1, phase="Failed", state=ended(1, 137, reason="OOMKilled")),
            "unknown",
            ("OOMKilled", "it has left no verdict"),
        ),
        (pod(1, phase="Failed", state=ended(1, 1)), "unknown", ("", "it has left no verdict")),
    ],
)
def test_without_a_verdict_kubernetes_has_the_word(body: dict[str, object], outcome: str, why: tuple[str, str]) -> None:
    found = one(body)
    assert (found.outcome, found.why) == (outcome, why)
    assert attempt_details(found)["validation_details"] == []


@pytest.mark.parametrize(
    "verdict",
    [
        {**FAILED, "pod_uid": "another"},
        {**FAILED, "outcome": "splendid"},
        {**FAILED, "duration_seconds": "long"},
        {**FAILED, "checks": [{"passed": 1}]},
    ],
)
def test_what_has_not_the_shape_of_one_is_none(verdict: dict[str, object]) -> None:
    found = one(pod(1, phase="Failed", state=ended(1, 1, verdict)))
    assert (found.outcome, found.verdict) == ("unknown", None)
    assert "verdict" in found.message


def test_a_verdict_without_the_jobs_signature_is_told_to_be_forged() -> None:
    """As the operator takes it."""
    body = pod(1, phase="Failed", state=ended(1, 1, FAILED))
    signed = {**JOB, "status": {"nonce": "0" * 32}}
    found = attempts_by_sheet([body], signed)[3][0]
    assert (found.outcome, found.verdict) == ("unknown", None)
    assert "forged" in found.message


def test_of_a_check_only_what_is_known_is_passed_on() -> None:
    """NaN is no JSON, and what else somebody put there is nobody's business."""
    check = {"rule_type": "file_exists", "passed": False, "path": "b", "more": float("nan")}
    check["confidence_factors"] = {"x": float("nan")}
    found = one(pod(1, phase="Failed", state=ended(1, 1, {**FAILED, "checks": [check]})))
    details = attempt_details(found)["validation_details"]
    assert details == [{"rule_type": "file_exists", "passed": False, "path": "b"}]


@pytest.mark.parametrize("brief", ["", "[", "[1]", "null", {"mode": 1, "instrument": ["x"]}, "[" * 100_000])
def test_a_brief_that_somebody_has_changed_is_no_fault(brief: object) -> None:
    found = one(pod(1, brief=brief))
    assert (found.mode, found.instrument, found.model) == (None, None, None)
