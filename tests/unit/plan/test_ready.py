"""Which sheets may start: sequential, in parallel, staggered, with pauses, on a claim that one Pod may use."""

import pytest

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import ClaimView
from tests.unit.plan.build import (
    CLI,
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

ONE_POD = ClaimView("tune-workspace", "claim-uid", ("ReadWriteOncePod",))


def launched(plan):
    return [int(each["metadata"]["labels"]["marianne.dev/sheet"]) for each in plan.create]


def starts(compiled, *sheets, pods=(), **more):
    """The sheets that this decision starts."""
    return launched(decided(observe(job(status=running_status(*sheets)), compiled, pods=pods, **more))[0])


def fresh(count):
    return [sheet(number) for number in range(1, count + 1)]


def test_nothing_written_means_one_after_the_other():
    assert starts(score(3), *fresh(3)) == [1]
    assert starts(score(3), sheet(1, "completed", 1), sheet(2), sheet(3)) == [2]
    assert starts(score(3), sheet(1, "dispatched", 1), sheet(2), sheet(3), pods=[running()]) == []


def test_parallel_without_dependencies_is_one_after_the_other_too():
    assert starts(score(3, max_concurrent=3), *fresh(3)) == [1]


def test_dependencies_without_parallel_take_the_lowest_ready_one():
    compiled = score(4, needs={2: [4], 3: [1]})
    assert starts(compiled, *fresh(4)) == [1]
    assert starts(compiled, sheet(1, "completed", 1), *[sheet(n) for n in (2, 3, 4)]) == [3]
    assert starts(compiled, sheet(1, "completed"), sheet(2), sheet(3, "completed"), sheet(4)) == [4]


def test_a_rolling_window():
    compiled = score(5, needs={5: [1]}, max_concurrent=2)
    assert starts(compiled, *fresh(5)) == [1, 2]
    some = [sheet(1, "completed", 1), sheet(2, "dispatched", 1), *[sheet(n) for n in (3, 4, 5)]]
    assert starts(compiled, *some, pods=[running(2)]) == [3]


def test_unlisted_sheets_need_nothing_and_diamonds_meet():
    compiled = score(4, needs={2: [1], 3: [1], 4: [2, 3]}, max_concurrent=4)
    assert starts(compiled, *fresh(4)) == [1]
    assert starts(compiled, sheet(1, "completed", 1), sheet(2), sheet(3), sheet(4)) == [2, 3]
    half = [sheet(1, "completed", 1), sheet(2, "completed", 1), sheet(3, "dispatched", 1), sheet(4)]
    assert starts(compiled, *half, pods=[running(3)]) == []


@pytest.mark.parametrize(
    ("state", "code", "satisfied"),
    [("completed", None, True), ("skipped", None, True), ("skipped", "E999", False), ("failed", "E009", False)],
)
def test_what_satisfies(state, code, satisfied):
    first = sheet(1, state, error_code=code)
    assert starts(score(2, needs={2: [1]}, max_concurrent=2), first, sheet(2)) == ([2] if satisfied else [])


def test_a_claim_for_one_pod_has_one_sheet_at_a_time():
    compiled = score(3, needs={3: [1]}, max_concurrent=3)
    assert starts(compiled, *fresh(3), claim=ONE_POD) == [1]


def test_a_retry_keeps_its_turn_when_not_parallel():
    later = sheet(1, "retry_scheduled", 1, next_retry_at=stamp(NOW + 5))
    compiled = score(2, needs={2: []})
    seen = observe(job(status=running_status(later, sheet(2))), compiled)
    plan, status = decided(seen)
    assert (launched(plan), plan.look_again_at, status.waiting.reason) == ([], NOW + 5, "Backoff")
    assert launched(decide(after(seen, plan, seconds=4.9))) == []
    assert launched(decide(after(seen, plan, seconds=5))) == [1]


def test_a_retry_holds_no_place_in_the_window():
    later = sheet(1, "retry_scheduled", 1, next_retry_at=stamp(NOW + 5))
    assert starts(score(3, needs={3: [1]}, max_concurrent=1 + 1), later, sheet(2), sheet(3)) == [2]


def test_sheets_that_wait_for_their_instrument_take_no_place_in_the_window():
    compiled = score(4, needs={4: [1]}, max_concurrent=2, instruments={1: "absent", 2: "absent"})
    plan, status = decided(observe(job(status=running_status(*fresh(4))), compiled))
    assert launched(plan) == [3]
    assert [each.state for each in status.sheets] == ["waiting", "waiting", "dispatched", "pending"]
    assert status.sheets[0].waiting.reason == "InstrumentNotFound"
    assert status.phase == "Running"


def test_an_instrument_that_comes_is_played():
    compiled = score(1, instruments={1: "my_tool"})
    waiting = decided(observe(job(), compiled))[1]
    assert (waiting.phase, waiting.waiting.reason) == ("Waiting", "InstrumentNotFound")
    assert "'my-tool'" in waiting.waiting.message
    unset = InstrumentView.of({"metadata": {"name": "my-tool"}, "spec": {"profile": {}}})
    still = decided(observe(job(status=waiting), compiled, instruments=[CLI, unset]))[1]
    assert still.waiting.reason == "InstrumentImageUnset"
    here = InstrumentView.of({"metadata": {"name": "my-tool"}, "spec": {"profile": {}, "image": "tool:1"}})
    plan, status = decided(observe(job(status=still), compiled, instruments=[CLI, here]))
    assert (status.phase, status.sheets[0].instrument) == ("Running", "my_tool")
    assert plan.create[0]["spec"]["containers"][0]["image"] == "tool:1"


def test_stagger_starts_one_at_a_time():
    compiled = score(3, needs={3: []}, max_concurrent=3, stagger_ms=1500)
    seen = observe(job(status=running_status(*fresh(3))), compiled)
    plan, status = decided(seen)
    assert (launched(plan), status.last_launch_time, plan.look_again_at) == ([1], stamp(NOW), NOW + 1.5)
    early = after(seen, plan, seconds=1.4, pods={running().name: running()})
    assert launched(decide(early)) == []
    assert decide(early).look_again_at == NOW + 1.5
    assert launched(decide(after(seen, plan, seconds=1.5, pods={running().name: running()}))) == [2]


def test_stagger_of_sheets_that_cannot_start_writes_nothing():
    """The time of a launch that was none was written at every look, for ever."""
    compiled = score(3, needs={3: []}, max_concurrent=3, stagger_ms=10, instruments={1: "absent", 2: "absent"})
    seen = observe(job(status=running_status(*fresh(3))), compiled)
    plan, status = decided(seen)
    assert launched(plan) == [3]
    later = after(seen, plan, seconds=60, pods={running(3).name: running(3, since=NOW + 59)})
    assert decide(later).status is None
    compiled = score(2, needs={2: []}, max_concurrent=3, stagger_ms=10, instruments={1: "absent", 2: "absent"})
    _, status = decided(observe(job(status=running_status(*fresh(2))), compiled))
    assert status.last_launch_time is None


def test_pause_between_sheets_counts_from_the_last_end():
    compiled = score(2, pause_seconds=30)
    seen = observe(
        job(status=running_status(sheet(1, "dispatched", 1), sheet(2))), compiled, pods=[ended(told=verdict())]
    )
    plan, _ = decided(seen)
    assert (launched(plan), plan.look_again_at) == ([], NOW - 1 + 30)
    assert launched(decide(after(seen, plan, seconds=28.9))) == []
    assert launched(decide(after(seen, plan, seconds=29))) == [2]


def test_without_a_pause_the_next_starts_with_the_same_write():
    seen = observe(job(status=running_status(sheet(1, "dispatched", 1), sheet(2))), pods=[ended(told=verdict())])
    plan, status = decided(seen)
    assert (launched(plan), [each.state for each in status.sheets]) == ([2], ["completed", "dispatched"])


def test_an_earlier_job_of_this_name_must_be_gone_first():
    """Two jobs must not work in one workspace."""
    other = running(owner="another-uid", name="tune-aaaaaaaa-s1-a1")
    plan, status = decided(observe(job(), score(1), pods=[other]))
    assert (launched(plan), status.waiting.reason) == ([], "PredecessorTerminating")
    assert other.name in status.waiting.message
    over = ended(owner="another-uid", name="tune-aaaaaaaa-s1-a1")
    assert launched(decided(observe(job(status=status), score(1), pods=[over]))[0]) == [1]
    assert launched(decided(observe(job(status=status), score(1)))[0]) == [1]
