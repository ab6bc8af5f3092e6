"""An instrument that fails again and again: every job of the namespace leaves it alone, then one sheet tries it."""

from typing import Any

import pytest

from tests.unit.control.limited_jobs import Jobs
from tests.unit.plan.build import NOW, score, sheet

FEW = {"enabled": True, "failure_threshold": 3, "recovery_timeout_seconds": 60.0}


def song(**changes: Any) -> Any:
    return score(1, needs={}, max_concurrent=2, tries=1, **({"circuit_breaker": FEW} | changes))


def failing(count: int, reason: str = "ExitCode", **policy: Any) -> Jobs:
    """So many jobs of one sheet have failed, and one more is added."""
    jobs = Jobs()
    for number in range(count):
        fails(jobs, f"f{number}", reason, **policy)
    jobs.add("last", compiled=song(**policy))
    jobs.settle()
    return jobs


def fails(jobs: Jobs, name: str, reason: str = "ExitCode", **policy: Any) -> None:
    jobs.add(name, compiled=song(**policy))
    jobs.settle()
    jobs.end(name, 1, reason, error_code="E009", error_category="transient")
    jobs.settle()


@pytest.mark.parametrize("reason", ["ExitCode", "Timeout", "Signal", "InstrumentMissing"])
def test_failures_of_several_jobs_open_it(reason: str) -> None:
    assert failing(2, reason).sheet("last").active
    held = failing(3, reason).sheet("last")
    assert held.waiting is not None and held.waiting.reason == "InstrumentFailing" and held.attempt == 0


def test_it_is_open_as_long_as_the_score_says() -> None:
    jobs = failing(3)
    assert jobs.until("last") == NOW + 60
    assert failing(5, circuit_breaker=FEW | {"failure_threshold": 5}).until("last") == NOW + 60


def test_what_is_not_written_is_marianne_s() -> None:
    jobs = Jobs()
    plain = score(1, needs={}, max_concurrent=2, tries=1)
    for number in range(5):
        jobs.add(f"f{number}", compiled=plain)
        jobs.settle()
        assert jobs.sheet(f"f{number}").active, "five open it"
        jobs.end(f"f{number}", 1, "ExitCode", error_code="E009", error_category="transient")
        jobs.settle()
    jobs.add("last", compiled=plain)
    jobs.settle()
    assert jobs.until("last") == NOW + 300


@pytest.mark.parametrize("reason", ["ValidationFailed", "PodLost", "TemplateInvalid"])
def test_what_the_instrument_is_not_to_blame_for_does_not_count(reason: str) -> None:
    jobs = failing(4, reason)
    assert jobs.sheet("last").active


def test_limits_do_not_count() -> None:
    jobs = Jobs()
    for number in range(4):
        jobs.add(f"f{number}", compiled=song())
    jobs.settle()
    for number in range(4):
        jobs.limit(f"f{number}", 1, 5.0)
    jobs.settle()
    jobs.pass_time(5)
    jobs.settle()
    assert len(jobs.tries()) == 1


def test_a_shell_is_not_to_blame() -> None:
    jobs = Jobs()
    shell = {"profile": {"cli": {"command": {"executable": "bash"}}}}
    jobs.instruments.saw({"metadata": {"name": "cli", "resourceVersion": "5"}, "spec": shell})
    for number in range(6):
        fails(jobs, f"f{number}")
    jobs.add("last", compiled=song())
    jobs.settle()
    assert jobs.sheet("last").active


def test_a_score_may_do_without() -> None:
    off = FEW | {"enabled": False}
    assert failing(5, circuit_breaker=off).sheet("last").active
    jobs = failing(3)
    jobs.add("deaf", compiled=song(circuit_breaker=off))
    jobs.settle()
    assert jobs.sheet("deaf").active


def test_a_success_between_begins_anew() -> None:
    jobs = Jobs()
    fails(jobs, "a")
    fails(jobs, "b")
    jobs.add("good", compiled=song())
    jobs.settle()
    jobs.pass_time(1)
    jobs.end("good", 1, "")
    jobs.settle()
    jobs.pass_time(1)
    fails(jobs, "c")
    jobs.add("last", compiled=song())
    jobs.settle()
    assert jobs.sheet("last").active


def test_failures_far_apart_are_not_one_trouble() -> None:
    jobs = Jobs()
    for number in range(4):
        fails(jobs, f"f{number}")
        jobs.pass_time(1000)
    jobs.add("last", compiled=song())
    jobs.settle()
    assert jobs.sheet("last").active


def test_then_one_tries_and_a_success_lets_all_go_on() -> None:
    jobs = failing(3)
    jobs.add("more", compiled=song())
    jobs.settle()
    jobs.pass_time(60)
    jobs.settle()
    assert len(jobs.working()) == len(jobs.tries()) == 1
    jobs.pass_time(1)
    jobs.end(jobs.working()[0][0], 1, "")
    jobs.settle()
    assert len(jobs.working()) == 1 and not jobs.tries()


def test_a_probe_that_fails_doubles_the_time() -> None:
    jobs = failing(3)
    jobs.add("more", sheet(1), sheet(2), compiled=score(2, needs={}, max_concurrent=1, tries=1, circuit_breaker=FEW))
    jobs.settle()
    for wait in (60, 120, 240):
        jobs.pass_time(wait)
        jobs.settle()
        ((name, tried),) = jobs.tries()
        jobs.end(name, tried.num, "ExitCode", error_code="E009", error_category="transient")
        jobs.settle()
        if name == "more" and jobs.held["more"].status.finished:
            return
    raise AssertionError("no job is through")


def test_the_doubled_time_is_told_to_all() -> None:
    jobs = failing(3)
    for name in ("x", "y"):
        jobs.add(name, compiled=song())
    jobs.settle()
    jobs.pass_time(60)
    jobs.settle()
    ((first, _),) = jobs.tries()
    jobs.end(first, 1, "ExitCode", error_code="E009", error_category="transient")
    jobs.settle()
    held = [name for name in ("last", "x", "y") if name != first]
    assert [jobs.until(name) for name in held] == [jobs.now + 120] * 2


def test_a_run_in_which_nothing_fails_keeps_no_record() -> None:
    jobs = Jobs()
    jobs.add("a", compiled=song())
    jobs.settle()
    jobs.end("a", 1, "")
    jobs.settle()
    assert jobs.held["a"].status.instruments == []
