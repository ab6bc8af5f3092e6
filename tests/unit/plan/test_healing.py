"""`spec.selfHealing`: one more try where something can be mended, and what is told of a sheet that has failed."""

import json

import pytest

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.diagnosis import BY_CODE, HEALINGS, diagnosis
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.failures import FAILURES
from tests.unit.plan.build import after, decided, ended, job, observe, running_status, score, sheet, verdict

MISSING = {"rule_type": "file_exists", "passed": False, "path": "{workspace}/out/a", "failure_category": "missing"}
REMEDIES = ["folder out is missing"]


def failed(attempt=1, reason="ValidationFailed", **changes):
    told = {"remedies": REMEDIES, "failed_rules": ["out/a"], "checks": [MISSING], "validation_passed": False}
    return ended(1, attempt, verdict("failed", reason, attempt=attempt, **(told | changes)))


def settled(pod, *, tries=1, healing=True, **before):
    """(the look, the plan, the status, sheet 1) after this Pod of sheet 1 has ended."""
    first = sheet(1, "dispatched", pod.attempt, **before)
    seen = observe(job(status=running_status(first), selfHealing=healing), score(1, tries=tries), pods=[pod])
    plan, status = decided(seen)
    return seen, plan, status, status.sheets[0]


def brief(plan):
    return json.loads(plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"])


def test_one_more_try_that_mends_first():
    seen, plan, status, first = settled(failed())
    assert (first.state, first.attempt, first.normal_attempts, first.healing_attempts) == ("dispatched", 2, 1, 1)
    assert status.total_retries == 1
    assert brief(plan)["heal"] == "apply"
    (note,) = plan.notes
    assert note.reason == "SheetHealing" and "folder out is missing" in note.message
    healed = ended(1, 2, verdict(attempt=2, healing=["made folder out"]))
    _, status = decided(after(seen, plan, pods={healed.name: healed}))
    first = status.sheets[0]
    assert (first.state, first.healing_attempts, first.healing) == ("completed", 1, ["made folder out"])
    assert first.outcome_category == "success_retry"


def test_first_every_try_is_used():
    _, _, _, first = settled(failed(), tries=2)
    assert (first.state, first.healing_attempts) == ("retry_scheduled", 0)


@pytest.mark.parametrize("changes", [{"remedies": []}, {"healing": False}, {"healing_attempts": HEALINGS}])
def test_no_try_where_it_would_be_paid_for_in_vain(changes):
    pod = failed(remedies=changes.pop("remedies", REMEDIES))
    _, plan, _, first = settled(pod, **changes)
    assert (first.state, plan.create) == ("failed", ())


def test_the_last_healing_is_the_last():
    """However often something could be mended."""
    seen, plan, _, first = settled(failed())
    for attempt in range(2, 2 + HEALINGS):
        assert (first.state, first.healing_attempts) == ("dispatched", attempt - 1)
        pod = failed(attempt)
        seen = after(seen, plan, pods={pod.name: pod})
        plan, status = decided(seen)
        first = status.sheets[0]
    assert (first.state, first.healing_attempts, first.attempt) == ("failed", HEALINGS, 1 + HEALINGS)


def test_a_healing_whose_pod_was_lost_is_a_healing_again():
    evicted = ended(1, 2, phase="Failed", reason="Evicted", message="the node was low on memory")
    _, plan, _, first = settled(evicted, healing_attempts=1)
    assert (first.state, first.attempt, first.healing_attempts) == ("dispatched", 3, 1)
    assert brief(plan)["heal"] == "apply"


@pytest.mark.parametrize(("healing", "told"), [(True, "look"), (False, None)])
def test_a_plain_attempt_only_looks_where_the_job_heals_itself(healing, told):
    plan, _ = decided(observe(job(status=running_status(sheet(1)), selfHealing=healing), score(1)))
    assert brief(plan).get("heal") == told


def test_the_event_and_the_status_tell_what_to_do():
    _, plan, _, first = settled(failed(remedies=[]), healing=False)
    assert first.diagnosis == "it did not make what is looked for: {workspace}/out/a"
    assert plan.notes[0].message.endswith(f"; {first.diagnosis}")


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ({}, "self-healing: nothing to mend was found in the workspace"),
        ({"healing_attempts": 1}, "self-healing: nothing more to mend was found in the workspace"),
        ({"healing_attempts": 2}, "self-healing: mended 2 times, and it did not help"),
    ],
)
def test_a_healing_that_was_asked_for_and_did_not_help_says_so(before, told):
    _, plan, _, first = settled(failed(remedies=[]), **before)
    assert first.diagnosis.endswith(f"; {told}") and told in plan.notes[0].message


def diagnosed(**fields):
    item = SheetStatus(num=1, state="failed", attempt=1).to(**fields)
    status = running_status(item)
    return diagnosis(Draft(observe(job(status=status)), score(1), status, [item]), item)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"error_code": "E005", "error_category": "fatal"}, BY_CODE["E005"]),
        ({"error_code": "E304", "error_category": "configuration"}, BY_CODE["E304"]),
        ({"error_code": "E505", "error_category": "configuration"}, BY_CODE["E505"]),
        ({"error_code": "E502", "error_category": "auth"}, BY_CODE["E502"]),
        ({"error_code": "E009", "exit_code": 127}, "a command that it calls is not in the image, or not in its PATH"),
        ({"error_code": "E009", "exit_code": 126}, "a command that it calls may not be executed"),
        ({"error_code": "E009", "exit_code": 1}, ""),
        (
            {"error_code": "E002", "error_category": "transient", "infrastructure_ends": 4},
            "the cluster ended it again and again: look at its nodes, and at the events of its Pods",
        ),
        (
            {"error_category": "validation", "grounding_passed": False, "grounding_guidance": "a: restore it"},
            "its rules hold, its facts do not: a: restore it",
        ),
        (
            {"error_category": "validation", "validation_details": [MISSING | {"path": "out\\a"}]},
            "write / in place of \\ in the path 'out\\\\a' of the validation",
        ),
        (
            {
                "error_category": "validation",
                "validation_details": [
                    *({**MISSING, "path": name} for name in "abcd"),
                    {"rule_type": "command_succeeds", "description": "Tests", "failure_category": "error"},
                    {"rule_type": "file_exists", "path": "later", "failure_category": "skipped"},
                ],
            },
            "it did not make what is looked for: a, b, c; a command that checks its work fails: Tests",
        ),
        ({"error_category": "validation"}, ""),
    ],
)
def test_diagnosis(fields, told):
    assert diagnosed(**fields) == told


def test_every_final_failure_is_diagnosed():
    for reason, failure in FAILURES.items():
        if failure.final:
            assert diagnosed(error_code=failure.code, error_category=failure.category), reason


def test_a_diagnosis_is_bounded():
    many = [MISSING | {"path": "x" * 120}] * 50
    assert len(diagnosed(error_category="validation", validation_details=many)) == 300


def test_facts_that_do_not_hold_are_completed_with_what_is_wrong():
    told = {"executed_pass_percentage": 100.0, "confidence": 1.0, "grounding_passed": False, "remedies": []}
    pod = failed(reason="GroundingFailed", failed_rules=["source: a.txt does not exist: make it"], **told)
    seen, plan, _, first = settled(pod, tries=2, healing=False)
    assert (first.state, first.completion_attempts, first.grounding_passed) == ("retry_scheduled", 1, False)
    plan, _ = decided(after(seen, plan, seconds=5))
    assert brief(plan)["failed_rules"] == ["source: a.txt does not exist: make it"]
