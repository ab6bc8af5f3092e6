"""What is cleared away, and when."""

from dataclasses import replace

import pytest

from marianne_operator.model.chain import Chain
from marianne_operator.plan.decide import decide
from marianne_operator.plan.retention import HEARD_SECONDS
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

DONE = ended(told=verdict())
FAILED = ended(2, told=verdict("failed", "ExitCode", 2))


def finished(policy, **spec):
    begun = running_status(sheet(1, "dispatched", 1), sheet(2, "dispatched", 1))
    compiled = score(2, needs={2: []}, max_concurrent=2, tries=1)
    seen = observe(job(status=begun, podRetention=policy, **spec), compiled, pods=[DONE, FAILED])
    plan = decide(seen)
    return seen, plan


@pytest.mark.parametrize(
    ("policy", "cleared"), [("All", []), ("Failed", [DONE.name]), ("None", [DONE.name, FAILED.name])]
)
def test_pods_are_cleared_once_their_end_is_written(policy, cleared):
    seen, plan = finished(policy)
    assert not plan.delete, "the end is not in the status yet"
    assert sorted(each.name for each in decide(after(seen, plan)).delete) == sorted(cleared)


def test_a_pod_that_is_being_deleted_is_left_alone():
    seen, plan = finished("None")
    going = {DONE.name: ended(told=verdict(), deleting_at=NOW)}
    assert not decide(after(seen, plan, pods=going)).delete


def test_pods_of_earlier_attempts_are_cleared_and_the_present_one_is_not():
    status = running_status(sheet(1, "pending", 2))
    pods = [ended(1, 1, exit_code=137), ended(1, 2, exit_code=137), ended(1, 3, exit_code=137, owner="another")]
    plan = decide(observe(job(status=status, podRetention="None", paused=True), pods=pods))
    assert sorted(each.name[-2:] for each in plan.delete) == ["a1", "a2"]


def test_a_refused_job_clears_too():
    from marianne_operator.plan.observation import ScoreRefusal

    status = running_status(sheet(1, "completed", 1), sheet(2))
    plan = decide(
        observe(job(status=status, podRetention="None"), ScoreRefusal("ScoreInvalid", "x", True), pods=[DONE])
    )
    assert [each.name for each in plan.delete] == [DONE.name]


def test_time_to_live():
    seen, plan = finished("All", ttlSecondsAfterFinished=100)
    assert (plan.delete_job, plan.look_again_at) == (False, NOW + 100)
    waiting = decide(after(seen, plan, seconds=99.9))
    assert (waiting.delete_job, waiting.look_again_at) == (False, NOW + 100)
    over = decide(after(seen, plan, seconds=100))
    assert (over.delete_job, over.status, over.look_again_at) == (True, None, None)


def test_a_time_to_live_of_nothing_waits_until_the_end_is_written():
    seen, plan = finished("All", ttlSecondsAfterFinished=0)
    assert (plan.delete_job, plan.look_again_at) == (False, NOW)
    assert decide(after(seen, plan)).delete_job


def test_a_restart_comes_before_the_time_to_live():
    seen, plan = finished("All", ttlSecondsAfterFinished=10)
    status = after(seen, plan).job.status
    again = job(status=status, ttlSecondsAfterFinished=10, restart={"token": "a"})
    compiled = score(2, needs={2: []}, max_concurrent=2)
    plan, status = decided(observe(again, compiled, now=NOW + 60))
    assert (plan.delete_job, status.run) == (False, 2)


def test_no_time_to_live_no_deletion():
    seen, plan = finished("All")
    assert not decide(after(seen, plan, seconds=10**9)).delete_job


def test_neither_a_live_pod_nor_a_newer_one_is_cleared():
    """A live one is dismissed, once; one of an attempt that the status does not know may be adopted by a restart."""
    status = running_status(sheet(1, "completed", 1), sheet(2, "completed", 1))
    pods = [running(1), ended(2, 2, exit_code=137)]
    plan = decide(observe(job(status=status, podRetention="None"), pods=pods))
    assert [each.name for each in plan.delete] == [running(1).name]


def test_a_job_of_a_chain_stays_until_the_one_before_it_can_have_heard_of_its_end():
    """Deleted at once, it would count as one that had not ended."""
    seen = observe(job(status=running_status(sheet(1, "dispatched", 1)), ttlSecondsAfterFinished=0), pods=[DONE])
    seen = replace(seen, job=replace(seen.job, chain=Chain("root", "before", "uid-before", 1)))
    plan = decide(seen)
    over = after(seen, plan)
    assert (decide(over).delete_job, decide(over).look_again_at) == (False, NOW + HEARD_SECONDS)
    assert decide(after(seen, plan, seconds=HEARD_SECONDS)).delete_job
