"""The protocol's true periods, with time passed in: 120 s without a beat, a fence of two beats of 5 s."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from marianne_runner.contract import Brief
from marianne_runner.ledger import SheetLedger
from marianne_runner.marks import PERFORMED, STARTED, VERDICT, AttemptFolder
from marianne_runner.rows import Step
from marianne_runner.timing import Clock, Timing


class World:
    """A clock that moves when somebody sleeps, and what happens meanwhile."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.events: list[tuple[float, Callable[[], None]]] = []

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        self.events.append((1000.0 + seconds, event))

    def every(self, seconds: float, event: Callable[[], None], until: float) -> None:
        moment = seconds
        while moment <= until:
            self.at(moment, event)
            moment += seconds

    def sleep(self, seconds: float) -> None:
        assert seconds <= 1, "others' marks are looked at often"
        self.now += seconds
        for event in [each for each in self.events if each[0] <= self.now]:
            self.events.remove(event)
            event[1]()
        assert self.now < 1000 + 3600, "it ends"

    @property
    def passed(self) -> float:
        return self.now - 1000


@pytest.fixture
def world() -> World:
    return World()


def ledger(path: Path, world: World, **brief: Any) -> SheetLedger:
    told = {"protocol": 1, "job_uid": "job", "run": 1, "sheet": 1, "attempt": 1, "digest": "d", "ran": True, **brief}
    clock = Clock(monotonic=lambda: world.now, wall=lambda: 0.0, sleep=world.sleep)
    return SheetLedger(path, cast(Brief, told), "us", Timing(), clock)


@pytest.fixture
def worker(tmp_path: Path) -> AttemptFolder:
    """Started, and beaten once."""
    folder = AttemptFolder(tmp_path / "job/s1/a1")
    folder.prepare()
    folder.link(STARTED, {"pod_uid": "worker", "run": 1, "digest": "d"})
    folder.beat()
    return folder


def perform(worker: AttemptFolder) -> None:
    worker.link(PERFORMED, {"pod_uid": "worker", "run": 1, "digest": "d", "reason": "", "message": ""})


def test_still_is_120_seconds_and_a_fence_is_two_beats(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    found = ledger(tmp_path, world).own()
    assert found.step is Step.END
    assert (worker.read(VERDICT) or {})["outcome"] == "lost"
    assert 130 <= world.passed <= 132


def test_dead_needs_no_time(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    ledger(tmp_path, world, ended=["worker"]).own()
    assert (worker.read(VERDICT) or {})["outcome"] == "lost"
    assert world.passed == 0


def test_who_beats_is_waited_for_as_long_as_it_beats(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    world.every(5, worker.beat, until=1200)
    world.at(1201, lambda: worker.link(VERDICT, {"outcome": "completed", "run": 1, "digest": "d"}) and None)
    found = ledger(tmp_path, world).own()
    assert (found.seen.verdict or {})["outcome"] == "completed"
    assert 1201 <= world.passed <= 1203
    assert not worker.fenced_by


def test_one_late_beat_starts_the_time_anew(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    world.at(118, worker.beat)
    ledger(tmp_path, world).own()
    assert 118 + 130 <= world.passed <= 118 + 133


def test_performed_within_the_fence_is_judged(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    world.at(125, lambda: perform(worker))
    assert ledger(tmp_path, world).own().step is Step.JUDGE
    assert worker.read(VERDICT) is None


def test_another_that_takes_over_first_is_waited_for(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    world.at(123, lambda: worker.fence("another"))
    world.every(5, lambda: worker.beat() if worker.fenced_by == "another" else None, until=300)
    world.at(301, lambda: worker.link(VERDICT, {"outcome": "failed", "run": 1, "digest": "d"}) and None)
    found = ledger(tmp_path, world).own()
    assert (found.seen.verdict or {})["outcome"] == "failed"
    assert worker.fenced_by == "another"


@pytest.mark.parametrize("hours", [-24, 24])
def test_modification_times_mean_nothing(tmp_path: Path, world: World, worker: AttemptFolder, hours: int) -> None:
    """Of a node with another clock, or of a cache."""

    def beat() -> None:
        worker.beat()
        os.utime(worker.path / "beat", (hours * 3600 + 1e9, hours * 3600 + 1e9))

    world.every(5, beat, until=400)
    world.at(401, lambda: worker.link(VERDICT, {"outcome": "failed", "run": 1, "digest": "d"}) and None)
    ledger(tmp_path, world).own()
    assert world.passed >= 401


def test_the_one_before_is_concluded_by_the_same_periods(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    perform(worker)
    found = ledger(tmp_path, world, attempt=2, ran=False, predecessor={"attempt": 1, "ran": True}).before()
    assert found is not None
    assert found.step is Step.JUDGE
    assert 130 <= world.passed <= 132


def test_a_stop_while_waiting_leaves_no_mark(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    class StopError(BaseException):
        pass

    def stop() -> None:
        raise StopError

    world.at(60, stop)
    with pytest.raises(StopError):
        ledger(tmp_path, world).own()
    assert sorted(file.name for file in worker.path.iterdir()) == ["beat", "fence", "started"]
    assert not worker.fenced_by


def test_the_head_is_the_highest_attempt(tmp_path: Path, world: World) -> None:
    for name in ("a1", "a12", "a9", "azure", "b99"):
        (tmp_path / "job/s1" / name).mkdir(parents=True)
    assert ledger(tmp_path, world).head == 12
    assert ledger(tmp_path, world, sheet=2).head == 0


def test_a_mark_says_whose_it_is(tmp_path: Path, world: World, worker: AttemptFolder) -> None:
    ledger(tmp_path, world, ended=["worker"]).own()
    verdict = json.loads((worker.path / VERDICT).read_bytes())
    assert (verdict["pod_uid"], verdict["performed_by"], verdict["attempt"]) == ("us", "worker", 1)
    assert (verdict["run"], verdict["digest"]) == (1, "d")
