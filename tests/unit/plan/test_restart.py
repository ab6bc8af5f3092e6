"""`spec.restart`: once per token, when every Pod of the old run has ended, and only what was not completed."""

import json

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.status import Ending, InstrumentRecord
from marianne_operator.plan.clock import stamp
from marianne_runner.contract import BRIEF_ANNOTATION
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


def over(*sheets, **changes):
    """A run that has ended with these sheets."""
    return running_status(*sheets).model_copy(update={"completion_time": stamp(NOW), **changes})


MIXED = (sheet(1, "completed", 1), sheet(2, "completed", 1), sheet(3, "failed", 2), sheet(4, "completed", 1))
FORK = {2: [1], 3: [1], 4: [2]}


def restarted(status, needs=None, **asked):
    seen = observe(job(status=status, restart={"token": "a", **asked}), score(4, needs=needs or FORK, max_concurrent=9))
    return decided(seen)


def test_from_a_sheet_means_its_descendants_and_what_failed():
    plan, status = restarted(over(*MIXED), scope="FromSheet", fromSheet=2)
    assert states(status) == ["completed", "dispatched", "dispatched", "pending"]
    assert [each.attempt for each in status.sheets] == [1, 2, 3, 1]
    assert plan.notes[0].message == ("run 2: sheet 2, what depends on it and what was not completed starts again")


def test_all_means_all_from_the_first_on():
    _, status = restarted(over(*MIXED), scope="All")
    assert states(status) == ["dispatched", "pending", "pending", "pending"]
    seen = job(status=over(*MIXED), restart={"token": "a", "scope": "All"}, startSheet=3)
    _, status = decided(observe(seen, score(4, needs=FORK, max_concurrent=9)))
    assert states(status) == ["completed", "completed", "dispatched", "dispatched"]


def test_from_a_sheet_that_is_not_there_is_said_once_and_changes_nothing():
    status = over(*MIXED)
    asked = {"token": "a", "scope": "FromSheet", "fromSheet": 5}
    plan, after_it = decided(observe(job(status=status, generation=2, restart=asked), score(4, needs=FORK)))
    assert [(note.reason, note.message) for note in plan.notes] == [
        ("RestartIgnored", "spec.restart.fromSheet: 5, but the score has 4 sheets")
    ]
    assert (after_it.run, states(after_it)) == (1, states(status))
    again, _ = decided(observe(job(status=after_it, generation=2, restart=asked), score(4, needs=FORK)))
    assert again.notes == ()


def test_all_from_a_first_sheet_that_is_not_there_is_said_and_changes_nothing():
    seen = job(status=over(*MIXED), generation=2, restart={"token": "a", "scope": "All"}, startSheet=5)
    plan, status = decided(observe(seen, score(4, needs=FORK)))
    assert [(note.reason, note.message) for note in plan.notes] == [
        ("RestartIgnored", "spec.startSheet: 5, but the score has 4 sheets")
    ]
    assert (status.run, states(status)) == (1, states(over(*MIXED)))


RULE = {"type": "file_exists", "path": "{workspace}/made", "stage": 1, "retry_count": 0, "retry_delay_ms": 0}


def judged_again(status, told, **asked):
    """A run that validates only: the status once its Pod has told this verdict."""
    compiled = score(4, needs=FORK, max_concurrent=9, rules=[RULE])
    asked = {"token": "a", "mode": "ValidateOnly", **asked}
    seen = observe(job(status=status, restart=asked), compiled)
    plan, begun = decided(seen)
    assert begun.run_mode == "ValidateOnly"
    modes = [json.loads(each["metadata"]["annotations"][BRIEF_ANNOTATION])["mode"] for each in plan.create]
    assert set(modes) == {"validate"}
    asked_for = [(each.num, each.attempt) for each in begun.sheets if each.active]
    pods = [ended(*numbers, {**told, "sheet": numbers[0], "attempt": numbers[1]}) for numbers in asked_for]
    plan, status = decided(after(seen, plan, pods={each.name: each for each in pods}))
    assert plan.create == ()
    return begun, status


def test_validating_again_completes_what_passes_now():
    begun, status = judged_again(over(*MIXED), verdict())
    assert states(begun) == ["completed", "completed", "dispatched", "completed"]
    assert (status.phase, status.sheets[2].attempt, status.sheets[2].success_without_retry) == ("Completed", 3, False)


def test_validating_again_costs_nothing_so_no_budget_holds_it():
    spent = over(*MIXED, total_cost_micro_usd=2_000_000)
    compiled = score(
        4, needs=FORK, max_concurrent=9, rules=[RULE], cost_limits={"per_job": 1_000_000, "warn_at_percent": 80.0}
    )
    _, status = decided(observe(job(status=spent, restart={"token": "a", "mode": "ValidateOnly"}), compiled))
    assert states(status) == ["completed", "completed", "dispatched", "completed"]
    _, status = decided(observe(job(status=spent, restart={"token": "a"}), compiled))
    assert status.waiting.reason == "BudgetReached"


def test_validating_again_tries_nothing_twice():
    begun, status = judged_again(over(*MIXED), verdict("failed", "ValidationFailed"), scope="All")
    assert states(begun) == ["dispatched"] * 4
    assert (states(status), status.phase) == (["failed"] * 4, "Failed")


def test_validating_again_leaves_what_was_never_tried():
    tried = (
        sheet(1, "failed", 1),
        sheet(2, "skipped", error_code="E999"),
        sheet(3, "cancelled"),
        sheet(4, "cancelled"),
    )
    begun, status = judged_again(over(*tried, ending=Ending(reason="Cancelled", since=stamp(NOW))), verdict())
    assert states(begun) == ["dispatched", "skipped", "cancelled", "cancelled"]
    assert states(status) == ["completed", "skipped", "cancelled", "cancelled"]
    assert status.phase == "Failed", "what was not run is not completed"


def test_the_run_after_it_performs_again():
    status = over(*MIXED, run_mode="ValidateOnly")
    plan, status = restarted(status)
    assert status.run_mode == "Run"
    assert json.loads(plan.create[0]["metadata"]["annotations"][BRIEF_ANNOTATION])["mode"] == "normal"


def test_validating_a_run_that_was_not_over_performs_nothing_of_what_was_left():
    """Neither what was never begun, nor what has no rules and would pass by them."""
    begun = running_status(sheet(1, "completed", 1), sheet(2, "retry_scheduled", 1), sheet(3), sheet(4, "fermata"))
    compiled = score(4, rules=[])
    plan, status = decided(observe(job(status=begun, restart={"token": "a", "mode": "ValidateOnly"}), compiled))
    assert plan.create == ()
    assert states(status) == ["completed", "cancelled", "cancelled", "cancelled"]
    assert (status.phase, status.run) == ("Failed", 2)
    _, status = decided(observe(job(status=status, restart={"token": "b"}), compiled))
    assert states(status) == ["completed", "dispatched", "pending", "pending"]


def test_what_only_was_validated_lets_no_failing_instrument_off():
    """A breaker opens on what an instrument does; a rule that holds now tells nothing of it."""
    cli = InstrumentView.of(
        {"metadata": {"name": "cli"}, "spec": {"profile": {"cli": {"command": {"executable": "x"}}}}}
    )
    failing = InstrumentRecord(
        instrument="cli", failures=5, failed_at=stamp(NOW), open_until=stamp(NOW + 99), openings=1
    )
    begun = running_status(sheet(1, "dispatched", 2), run_mode="ValidateOnly", instruments=[failing])
    _, status = decided(observe(job(status=begun), pods=[ended(1, 2, verdict(attempt=2))], instruments=[cli]))
    assert (status.phase, status.instruments) == ("Completed", [failing])
