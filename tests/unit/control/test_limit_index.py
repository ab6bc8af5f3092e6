"""One limit, several jobs: all of them are held, one tries first, none is forgotten."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.clock import seconds
from marianne_operator.plan.standing import LONG_SECONDS
from tests.unit.control.limited_jobs import BODY, Jobs
from tests.unit.plan.build import NOW, score, sheet


def three() -> Jobs:
    """`a` has met a limit of ten minutes; `b` and `c` wanted to start meanwhile."""
    jobs = Jobs()
    jobs.add("a")
    jobs.settle()
    jobs.limit("a", 1)
    jobs.settle()
    jobs.add("b")
    jobs.add("c")
    jobs.settle()
    return jobs


def test_a_limit_holds_every_job_that_shares_the_secret() -> None:
    jobs = three()
    assert {name: jobs.sheet(name).waiting.reason for name in "abc"} == dict.fromkeys("abc", "RateLimited")
    assert [jobs.until(name) for name in "abc"] == [NOW + 600] * 3
    assert jobs.sheet("b").rate_limit_waits == 0 and jobs.sheet("b").attempt == 0 and not jobs.working()
    assert "Secret model" in jobs.sheet("b").waiting.message


def test_a_limit_wakes_nobody() -> None:
    jobs = Jobs()
    jobs.add("a")
    jobs.add("b")
    jobs.settle()
    jobs.limit("a", 1)
    jobs.wanted.remove("a")
    jobs.wanted.append("a")
    jobs.look("a")
    assert jobs.wanted == [] and jobs.sheet("b").active


def test_of_two_sheets_of_one_job_one_tries_first() -> None:
    jobs = Jobs()
    jobs.add("a", sheet(1), sheet(2))
    jobs.settle()
    jobs.limit("a", 1)
    jobs.limit("a", 2)
    jobs.settle()
    jobs.pass_time(600)
    jobs.settle()
    assert len(jobs.working()) == len(jobs.tries()) == 1
    jobs.end("a", jobs.working()[0][1].num, "")
    jobs.settle()
    assert len(jobs.working()) == 1


def test_another_instrument_of_the_secret_is_held_too() -> None:
    jobs = three()
    jobs.add("d", compiled=score(1, needs={}, max_concurrent=2, instruments={1: "other"}))
    jobs.settle()
    assert jobs.sheet("d").waiting.reason == "RateLimited"


def test_another_group_is_not_held() -> None:
    jobs = three()
    spec = {**BODY["spec"], "credentialGroup": "mine"}
    jobs.instruments.saw({"metadata": {"name": "other", "resourceVersion": "2"}, "spec": spec})
    jobs.add("d", compiled=score(1, needs={}, max_concurrent=2, instruments={1: "other"}))
    jobs.settle()
    assert jobs.sheet("d").active


def test_a_sheet_that_falls_back_tells_of_the_limit_all_the_same() -> None:
    jobs = Jobs()
    spare = {**BODY["spec"], "credentials": []}
    jobs.instruments.saw({"metadata": {"name": "spare", "resourceVersion": "2"}, "spec": spare})
    compiled = score(1, needs={}, max_concurrent=2, instruments={1: "cli"})
    compiled["performers"].append({"instrument": "spare"})
    compiled["sheets"][0]["fallbacks"] = [len(compiled["performers"]) - 1]
    jobs.add("a", compiled=compiled)
    jobs.settle()
    jobs.limit("a", 1)
    jobs.settle()
    assert (jobs.sheet("a").active, jobs.sheet("a").instrument) == (True, "spare")
    jobs.add("b")
    jobs.settle()
    assert jobs.until("b") == NOW + 600
    jobs.pass_time(600)
    jobs.settle()
    assert [name for name, _ in jobs.tries()] == ["b"]


def test_one_tries_first_and_then_all_go_on() -> None:
    jobs = three()
    jobs.pass_time(600)
    jobs.settle()
    ((name, tried),) = jobs.working()
    assert tried.probe_since is not None
    held = [each for each in "abc" if each != name]
    assert all("tries first" in jobs.sheet(each).waiting.message for each in held)
    jobs.end(name, 1, "")
    jobs.settle()
    assert sorted(each for each, _ in jobs.working()) == held and not jobs.tries()


def test_a_probe_that_is_limited_holds_all_again() -> None:
    jobs = three()
    jobs.pass_time(600)
    jobs.settle()
    ((name, _),) = jobs.working()
    jobs.limit(name, 1, 900.0)
    jobs.settle()
    assert not jobs.working()
    assert [jobs.until(each) for each in "abc"] == [jobs.now + 900] * 3


@pytest.mark.parametrize("reason", ["ExitCode", "Timeout"])
def test_a_probe_that_fails_in_another_way_was_let_in(reason: str) -> None:
    jobs = three()
    jobs.pass_time(600)
    jobs.settle()
    ((name, _),) = jobs.working()
    jobs.end(name, 1, reason, error_code="E009", error_category="transient")
    jobs.settle()
    assert len(jobs.working()) == 2


def test_a_probe_that_the_cluster_ended_tells_nothing() -> None:
    jobs = three()
    jobs.pass_time(600)
    jobs.settle()
    ((name, _),) = jobs.working()
    jobs.end(name, 1, "PodLost")
    jobs.settle()
    assert len(jobs.working()) == len(jobs.tries()) == 1


def test_a_probe_that_runs_long_was_let_in() -> None:
    jobs = three()
    jobs.pass_time(600)
    jobs.settle()
    for _ in range(30):
        jobs.pass_time(1)
        jobs.settle()
    assert len(jobs.working()) == 1
    jobs.pass_time(LONG_SECONDS)
    jobs.settle()
    assert len(jobs.working()) == 3 and len(jobs.tries()) == 1


def test_the_turn_passes_on_from_a_job_that_cannot_use_it() -> None:
    jobs = three()
    jobs.pass_time(600)
    first = jobs.wanted[0]
    for name in list(jobs.wanted):
        jobs.observe(name)
    jobs.edit(first, paused=True)
    jobs.settle()
    assert len(jobs.tries()) == 1 and jobs.tries()[0][0] != first


def test_a_job_that_came_late_is_held_though_who_met_the_limit_is_gone() -> None:
    jobs = three()
    jobs.remove("a")
    jobs.settle()
    jobs.add("d")
    jobs.settle()
    assert jobs.until("d") == NOW + 600


def test_a_paused_job_holds_nobody_after_its_limit() -> None:
    jobs = Jobs()
    jobs.add("a")
    jobs.settle()
    jobs.limit("a", 1)
    jobs.settle()
    jobs.edit("a", paused=True)
    jobs.settle()
    jobs.pass_time(601)
    jobs.add("b", sheet(1), sheet(2))
    jobs.settle()
    assert len(jobs.working()) == 2


NAMES = "abcd"
STEP = st.one_of(
    st.tuples(st.sampled_from(["observe", "act"]), st.integers(0, 3), st.just(0.0)),
    st.tuples(
        st.sampled_from(["limit", "end", "fail", "lose"]), st.integers(0, 7), st.sampled_from([5.0, 60.0, 600.0])
    ),
    st.tuples(st.just("pass"), st.just(0), st.sampled_from([0.5, 5.0, 60.0, 601.0])),
    st.tuples(st.sampled_from(["pause", "resume", "cancel", "remove", "add"]), st.integers(0, 3), st.just(0.0)),
)


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(STEP, max_size=60))
def test_whatever_happens_one_tries_and_nobody_is_forgotten(steps: list[tuple[str, int, float]]) -> None:
    jobs = Jobs()
    for name in NAMES[:3]:
        jobs.add(name, sheet(1), sheet(2), sheet(3))
    for step in steps:
        _take(jobs, *step)
        _one_tries(jobs)
    _calm(jobs)


def _take(jobs: Jobs, what: str, which: int, wait: float) -> None:
    working = jobs.working()
    name = NAMES[which % 4]
    if what == "observe" and jobs.wanted:
        jobs.settle() if jobs.wanted[0] in jobs.looks else jobs.observe(jobs.wanted[0])
    elif what == "act" and jobs.looks:
        jobs.act(sorted(jobs.looks)[which % len(jobs.looks)])
    elif what in ("limit", "end", "fail", "lose") and working:
        name, tried = working[which % len(working)]
        if what == "limit":
            jobs.limit(name, tried.num, wait)
        else:
            jobs.end(name, tried.num, {"end": "", "fail": "ExitCode", "lose": "PodLost"}[what])
    elif what == "pass":
        jobs.pass_time(wait)
    elif what == "add" and name not in jobs.held:
        jobs.add(name, sheet(1), sheet(2), sheet(3))
    elif what == "remove" and name in jobs.held:
        jobs.remove(name)
    elif what in ("pause", "resume", "cancel") and name in jobs.held:
        jobs.edit(name, **({"cancel": True} if what == "cancel" else {"paused": what == "pause"}))


def _one_tries(jobs: Jobs) -> None:
    """But for one that has run so long that it was let in."""
    fresh = [each for each in jobs.tries() if jobs.now < _since(each[1]) + LONG_SECONDS]
    unpaused = [each for each in fresh if not jobs.held[each[0]].spec.paused]
    assert len(unpaused) <= 1, [(name, each.num, each.probe_since) for name, each in unpaused]


def _since(tried: SheetStatus) -> float:
    return seconds(tried.probe_since or "")


def _calm(jobs: Jobs) -> None:
    """No more limits; only those that asked to be looked at are. All that is not paused ends."""
    for _ in range(300):
        jobs.settle()
        if working := jobs.working():
            name, tried = working[0]
            if jobs.pods[name][tried.pod_name].over:
                raise AssertionError(f"nobody looks at {name}, whose sheet {tried.num} has ended")
            jobs.end(name, tried.num, "")
            continue
        if all(held.status.finished or held.spec.paused for held in jobs.held.values()):
            return
        assert jobs.timers, f"forgotten: {jobs.states()}"
        jobs.pass_time(max(0.001, min(jobs.timers.values()) - jobs.now))
    raise AssertionError(f"no progress: {jobs.states()}")
