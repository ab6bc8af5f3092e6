"""One key at a time: what comes back when, and that one job's trouble is its own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from marianne_operator.control.cluster import Body, ConflictError, TooManyRequestsError, UnknownOutcomeError
from marianne_operator.control.conductor import Conductor, Times, build
from marianne_operator.control.metrics import Metrics
from marianne_operator.control.reconcile import ONCE_MORE_SECONDS
from marianne_operator.plan.observation import Observation, Settings
from marianne_operator.plan.plan import Plan
from tests.simulation.fake_cluster import Call, FakeCluster
from tests.unit.control.given import NOW, HandClock, instrument

KEY = ("default", "song")


async def compiled(source: object) -> Any:
    return {"name": "song", "digest": "d" * 64, "total_sheets": 1}


class Stage:
    """`decide` is given by the test; time stands still."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(lambda: NOW)
        self.clock = HandClock()
        self.plan: Callable[[Observation], Plan] = lambda seen: Plan()
        times = Times(self.clock, self.clock, lambda: NOW)
        self.conductor: Conductor = build(self.cluster, compiled, Settings("runner"), times, Metrics("test"))
        self.queue = self.conductor.queue
        object.__setattr__(self.conductor.reconciler, "decide", self.decided)

    def decided(self, seen: Observation) -> Plan:
        return self.plan(seen)

    def add(self, name: str = "song", **spec: Any) -> Body:
        body = self.cluster.add_job("default", name, {"scoreText": "x", **spec})
        self.conductor.cache.saw_job(body)
        return body

    async def handle(self) -> float | None:
        """Look once; when it comes back by itself, in seconds (0: at once)."""
        self.queue.add(KEY)
        key = await self.queue.get()
        await self.conductor.reconciler.handle(key)
        self.queue.done(key)
        if self.queue.statistics().depth:
            return 0
        return self.clock.timers[0].when() - self.clock.at if self.clock.timers else None


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_job_with_nothing_to_do_rests(stage: Stage) -> None:
    stage.add()
    assert await stage.handle() is None
    assert not any(call.writes for call in stage.cluster.calls)


async def test_the_decision_says_when_to_look_again(stage: Stage) -> None:
    stage.add()
    stage.plan = lambda seen: Plan(look_again_at=NOW + 7)
    assert await stage.handle() == 7


@pytest.mark.parametrize("first", [None, 2.0, 60.0])
async def test_what_a_look_changed_is_looked_at_once_more(stage: Stage, first: float | None) -> None:
    stage.add()
    again = None if first is None else NOW + first
    stage.plan = lambda seen: Plan(status=seen.job.status.model_copy(update={"run": 1}), look_again_at=again)
    assert await stage.handle() == min(first or ONCE_MORE_SECONDS, ONCE_MORE_SECONDS)


async def test_a_conflict_is_looked_at_at_once_but_not_for_ever(stage: Stage) -> None:
    stage.add()
    stage.plan = lambda seen: Plan(status=seen.job.status.model_copy(update={"run": 1}))

    def refuse(call: Call) -> None:
        if call.verb == "put":
            raise ConflictError("moved on")

    stage.cluster.before = refuse
    waits = []
    for _ in range(5):
        waits.append(await stage.handle())
        stage.clock.timers.clear()
        stage.queue._timers.clear()
    assert waits == pytest.approx([0, 0, 0, 0.2, 0.4])


@pytest.mark.parametrize(
    ("error", "seconds"), [(UnknownOutcomeError("x"), 0.2), (TooManyRequestsError("x", 9), 9), (KeyError("x"), 0.2)]
)
async def test_trouble_comes_back_with_backoff(stage: Stage, error: Exception, seconds: float) -> None:
    stage.add()

    def fail(seen: Observation) -> Plan:
        raise error

    stage.plan = fail
    assert await stage.handle() == pytest.approx(seconds)
    assert "marianne_reconcile_failures_total" in stage.conductor.metrics.text().decode()


async def test_success_ends_the_backoff(stage: Stage) -> None:
    stage.add()
    stage.queue.retry(KEY)
    await stage.handle()
    assert stage.queue.statistics().failing == 0


async def test_one_jobs_trouble_does_not_stop_the_others(stage: Stage) -> None:
    stage.add()
    stage.add("other")
    looked = asyncio.Event()

    def decide(seen: Observation) -> Plan:
        if seen.job.name == "song":
            raise ZeroDivisionError
        looked.set()
        return Plan()

    stage.plan = decide
    working = asyncio.ensure_future(stage.conductor.reconciler.work())
    for _ in range(40):
        stage.queue.add(KEY)
        await asyncio.sleep(0)
    stage.queue.add(("default", "other"))
    await asyncio.wait_for(looked.wait(), 5)
    working.cancel()


async def test_no_job_is_in_two_hands_at_once(stage: Stage) -> None:
    stage.add()
    inside: list[int] = []
    most: list[int] = []
    original = stage.conductor.reconciler.gatherer.observe

    async def observe(job: Any) -> Observation:
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0)
        inside.pop()
        return await original(job)

    class Slow:
        forget = staticmethod(lambda key: None)

    Slow.observe = staticmethod(observe)  # type: ignore[attr-defined]
    object.__setattr__(stage.conductor.reconciler, "gatherer", Slow)
    working = asyncio.ensure_future(stage.conductor.reconciler.work())
    async with asyncio.timeout(5):
        while len(most) < 5:
            stage.queue.add(KEY)
            await asyncio.sleep(0)
    working.cancel()
    assert max(most) == 1


async def test_a_job_that_is_gone_is_forgotten(stage: Stage) -> None:
    stage.queue.retry(KEY)
    stage.clock.timers.clear()
    stage.queue._timers.clear()
    assert await stage.handle() is None
    assert stage.queue.statistics().failing == 0


async def test_a_claim_is_not_taken_for_there_when_its_job_is_gone(stage: Stage) -> None:
    """Both deleted and the job applied again: its first Pod would wait for a claim that nobody makes."""
    claim = {"metadata": {"namespace": "default", "name": "song-workspace"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    stage.conductor.reconciler.gatherer.claims.learn(stage.cluster.store.create("persistentvolumeclaims", claim))
    await stage.handle()
    seen: list[Observation] = []

    def decided(observation: Observation) -> Plan:
        seen.append(observation)
        return Plan()

    stage.plan = decided
    stage.add()
    await stage.handle()
    assert [observation.claim for observation in seen] == [None]


async def test_a_job_that_cannot_be_read_is_told_of_once_for_each_version(stage: Stage) -> None:
    stage.add(paused="no boolean")
    await stage.handle()
    await stage.handle()
    events = stage.cluster.store.list("events").items
    assert [event["reason"] for event in events] == ["Unreadable"] and "paused" in events[0]["message"]
    assert [call.verb for call in stage.cluster.calls] == ["create"]


async def test_an_observation_holds_what_is_known(stage: Stage) -> None:
    stage.add()
    stage.conductor.cache.instruments.saw(instrument(1))
    seen: list[Observation] = []

    def keep(observation: Observation) -> Plan:
        seen.append(observation)
        return Plan()

    stage.plan = keep
    await stage.handle()
    assert seen[0].now == NOW and set(seen[0].instruments) == {"cli"} and seen[0].claim is None
    assert seen[0].settings.runner_image == "runner"
    assert stage.cluster.calls == [], "a new job is decided on from memory"


async def test_a_claim_that_the_user_names_is_looked_for(stage: Stage) -> None:
    stage.add(workspace={"persistentVolumeClaim": {"claimName": "mine"}})
    await stage.handle()
    assert [(call.verb, call.name) for call in stage.cluster.calls] == [("get", "mine")]


async def test_instruments_wake_unfinished_jobs(stage: Stage) -> None:
    stage.add()
    stage.add("done")
    done = {"observedGeneration": 1, "run": 1, "completionTime": "2027-01-01T00:00:00Z"}
    body = stage.cluster.store.update("mariannejobs", "default", "done", lambda job: job.update(status=done))
    stage.conductor.cache.saw_job(body)
    stage.conductor.wake_unfinished("elsewhere")
    assert stage.queue.statistics().depth == 0
    stage.conductor.wake_unfinished("default")
    assert stage.queue.statistics().depth == 1
    assert stage.conductor.counts() == {"jobs": 2, "active": 1, "running": 0, "pods": 0}
