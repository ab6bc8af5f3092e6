"""What of an attempt stays in the sheet's item, and how long (semantics §3)."""

from marianne_operator.plan.clock import seconds, stamp
from tests.unit.plan.build import NOW, after, decided, ended, job, observe, running_status, score, sheet, verdict

TRIED = {"failed_rules": ["no TODO"], "passed_rules": ["tests"], "validation_passed": False, "pass_percentage": 50.0}


def begun(first, **changes):
    return observe(job(status=running_status(first)), score(1, tries=3), **changes)


def test_a_success_counts_from_the_first_start_in_this_run():
    pod = ended(told=verdict("failed", "ValidationFailed", **TRIED))
    seen = begun(sheet(1, "dispatched", 1), pods=[pod])
    plan, _ = decided(seen)
    seen = after(seen, plan, seconds=10)
    plan, status = decided(seen)
    first = status.sheets[0]
    assert (first.state, first.started_at, first.first_started_at) == ("dispatched", None, stamp(NOW - 5))
    pod = ended(1, 2, verdict(attempt=2, started_at=NOW + 20, ended_at=NOW + 30, duration_seconds=10.0))
    _, status = decided(after(seen, plan, pods={pod.name: pod}))
    first = status.sheets[0]
    assert (first.state, first.started_at, first.execution_duration_seconds) == ("completed", stamp(NOW + 20), 35.0)
    assert first.first_started_at is None, "an ended item keeps nothing that is of no more use"


def test_the_first_start_stays_the_first():
    before = sheet(1, "dispatched", 2, normal_attempts=1, first_started_at=stamp(NOW - 500))
    pod = ended(1, 2, verdict("failed", "ValidationFailed", attempt=2, **TRIED))
    seen = begun(before, pods=[pod])
    plan, _ = decided(seen)
    _, status = decided(after(seen, plan, seconds=100))
    first = status.sheets[0]
    assert (first.state, first.attempt, first.first_started_at) == ("dispatched", 3, stamp(NOW - 500))


def test_a_failure_tells_how_long_it_took_the_last_time():
    before = sheet(1, "dispatched", 3, normal_attempts=2, first_started_at=stamp(NOW - 500))
    pod = ended(1, 3, verdict("failed", "ExitCode", attempt=3, exit_code=3))
    _, status = decided(begun(before, pods=[pod]))
    first = status.sheets[0]
    assert (first.state, first.execution_duration_seconds, first.first_started_at) == ("failed", 4.0, None)


def test_an_attempt_that_tells_nothing_was_started_with_its_container():
    pod = ended(phase="Failed", reason="Evicted", message="the node was low on memory")
    seen = begun(sheet(1, "dispatched", 1), pods=[pod])
    _, status = decided(seen)
    assert seconds(status.sheets[0].first_started_at or "") == NOW - 5


def test_a_plain_sheet_has_no_first_start():
    _, status = decided(begun(sheet(1)))
    assert status.sheets[0].first_started_at is None


def test_a_validation_counts_until_the_next_one():
    before = sheet(1, "dispatched", 2, normal_attempts=1).to(
        validation_passed=False, last_pass_percentage=50.0, failed_validations=["no TODO"]
    )
    pod = ended(1, 2, verdict("failed", "Timeout", attempt=2, exit_signal=15, exit_reason="timeout"))
    _, status = decided(begun(before, pods=[pod]))
    first = status.sheets[0]
    assert (first.validation_passed, first.last_pass_percentage) == (False, 50.0)
    assert first.failed_validations == ["no TODO"]


def test_a_skip_is_no_start():
    _, status = decided(begun(sheet(1, "dispatched", 1), pods=[ended(told=verdict("skipped", message="not needed"))]))
    first = status.sheets[0]
    assert (first.state, first.attempt, first.attempt_count, first.execution_mode) == ("skipped", 1, 0, None)


def test_a_success_has_no_signal():
    pod = ended(told=verdict(exit_signal=9, exit_reason="killed"))
    _, status = decided(begun(sheet(1, "dispatched", 1), pods=[pod]))
    first = status.sheets[0]
    assert (first.exit_code, first.exit_signal, first.exit_reason) == (0, None, None)


def test_what_the_runner_noted_is_kept():
    notes = {
        "preflight_warnings": ["w" * 300] * 20,
        "agent_feedback": "fine",
        "grounding_passed": False,
        "grounding_confidence": 0.33333,
        "grounding_guidance": "restore it",
        "healing": ["made folder out"],
    }
    _, status = decided(begun(sheet(1, "dispatched", 1), pods=[ended(told=verdict(**notes))]))
    first = status.sheets[0]
    assert {len(each) for each in first.preflight_warnings} == {200}
    assert (first.agent_feedback, first.healing) == ("fine", ["made folder out"])
    facts = (first.grounding_passed, first.grounding_confidence, first.grounding_guidance)
    assert facts == (False, 0.333, "restore it")
