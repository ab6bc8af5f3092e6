"""`spec.restart`: once per token, when every Pod of the old run has ended, and only what was not completed."""

from marianne_operator.plan.clock import stamp
from tests.unit.plan.build import (
    NOW,
    after,
    decided,
    ended,
    job,
    observe,
    running,
    running_status,
    score,
    sheet,
    verdict,
)
from tests.unit.plan.test_control import finished, states, two


def test_restart_begins_the_next_run_of_what_failed():
    status = finished(ended(told=verdict("failed", "Timeout")))
    assert states(status) == ["failed", "completed"]
    plan, status = decided(observe(job(status=status, restart={"token": "a"}), score(2), now=NOW + 50))
    assert (status.run, status.phase, status.restart_token) == (2, "Running", "a")
    assert (status.start_time, status.completion_time) == (stamp(NOW + 50), None)
    assert states(status) == ["dispatched", "completed"]
    assert status.sheets[0].attempt == 2
    assert (status.sheets[0].normal_attempts, status.sheets[0].attempt_count) == (0, 1)
    assert [note.reason for note in plan.notes] == ["Restarted"]
    assert plan.create[0]["metadata"]["name"].endswith("-s1-a2")


def test_a_token_is_obeyed_once():
    failed = finished(ended(told=verdict("failed", "Timeout")))
    seen = observe(job(status=failed, restart={"token": "a"}), score(2, tries=1))
    plan, _ = decided(seen)
    over = ended(1, 2, verdict("failed", "Timeout", attempt=2))
    _, status = decided(after(seen, plan, pods={over.name: over}))
    assert (status.run, status.phase) == (2, "Failed")


def test_restart_of_a_completed_job_runs_nothing():
    plan, status = decided(observe(job(status=finished(), restart={"token": "a"}), score(2)))
    assert (status.run, status.phase, plan.create) == (2, "Completed", ())


def test_restart_keeps_what_was_skipped_on_purpose_and_not_a_cascade():
    begun = running_status(
        sheet(1, "failed", 1), sheet(2, "skipped", 1), sheet(3, "skipped", error_code="E999"), sheet(4, "cancelled", 1)
    ).model_copy(update={"completion_time": stamp(NOW)})
    compiled = score(4, needs={3: [1]}, max_concurrent=4)
    _, status = decided(observe(job(status=begun, restart={"token": "a"}), compiled))
    assert states(status) == ["dispatched", "skipped", "pending", "dispatched"]
    assert [each.attempt for each in status.sheets] == [2, 1, 0, 2]


def test_restart_waits_until_running_sheets_have_ended():
    seen = observe(two(restart={"token": "a"}), pods=[running()])
    plan, status = decided(seen)
    assert (status.run, plan.create, plan.delete) == (1, (), ())
    assert (status.phase, status.waiting.reason) == ("Running", "Draining")
    over = after(seen, plan, pods={running().name: ended(told=verdict())})
    plan, status = decided(over)
    assert (status.run, states(status)) == (2, ["completed", "dispatched"])


def test_restart_lets_finished_work_without_a_pod_tell_its_verdict_first():
    """The Pod may have ended unseen: its verdict is in the ledger, and the next attempt would pay again."""
    plan, status = decided(observe(two(restart={"token": "a"})))
    assert (status.run, [each["metadata"]["name"][-6:] for each in plan.create]) == (1, ["-s1-a1"])


def test_restart_of_a_cancelled_job_waits_until_cancel_is_unset():
    status = decided(observe(two(first="pending", cancel=True)))[1]
    plan, still = decided(observe(job(status=status, cancel=True, restart={"token": "a"}, generation=2)))
    assert (still.phase, still.run) == ("Cancelled", 1)
    assert [note.reason for note in plan.notes] == ["RestartIgnored"]
    plan, status = decided(observe(job(status=still, restart={"token": "a"}, generation=3)))
    assert (status.phase, status.run, status.ending) == ("Running", 2, None)


def test_restart_while_cancelled_pods_still_end():
    status = decided(observe(two(cancel=True), pods=[running()]))[1]
    seen = observe(job(status=status, restart={"token": "a"}), pods=[running(deleting_at=NOW)])
    plan, status = decided(seen)
    assert (status.run, status.ending.reason) == (1, "Cancelled")
    over = after(seen, plan, pods={running().name: ended(exit_code=143, deleting_at=NOW)})
    plan, status = decided(over)
    assert (status.run, states(status)) == (2, ["dispatched", "pending"])


def test_restart_beats_pause_but_starts_nothing():
    status = finished(ended(told=verdict("failed", "Timeout")))
    plan, status = decided(observe(job(status=status, paused=True, restart={"token": "a"}), score(2)))
    assert (status.run, status.phase, plan.create) == (2, "Paused", ())
