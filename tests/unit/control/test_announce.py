"""What is told on an instrument's own status: once for each change, and no longer than it is so."""

from dataclasses import replace
from typing import Any

import pytest

from marianne_operator.control.announce import Announcer
from marianne_operator.control.cluster import Body
from marianne_operator.control.work_queue import WorkQueue
from marianne_operator.plan.clock import stamp
from tests.simulation.fake_cluster import FakeCluster
from tests.unit.control.given import HandClock
from tests.unit.control.limited_jobs import BODY, Jobs
from tests.unit.plan.build import NAMESPACE, NOW, score

OWN = NAMESPACE, "cli"
SHARED = "", "other"


class Stage:
    """`cli` is the namespace's own, `other` the cluster's; both use one Secret."""

    def __init__(self) -> None:
        self.jobs = Jobs()
        self.cluster = FakeCluster(lambda: self.jobs.now)
        self.clock = HandClock()
        own = {**BODY, "metadata": {"name": "cli", "namespace": NAMESPACE}}
        self.jobs.instruments.saw(self.cluster.store.create("instruments", own))
        shared = {**BODY, "metadata": {"name": "other"}}
        self.cluster.store.objects.clear()
        self.cluster.store.create("instruments", own)
        self.jobs.instruments.saw(self.cluster.store.create("clusterinstruments", shared))
        queue = WorkQueue[tuple[str, str]](self.clock)
        index, instruments = self.jobs.index, self.jobs.instruments
        self.announcer = Announcer(self.cluster, index, instruments, queue, lambda: self.jobs.now)
        index.changed = self.announcer.changed

    async def work(self) -> None:
        """Announce what is to be announced."""
        self.jobs.settle()
        queue = self.announcer.queue
        while queue.statistics().depth:
            where = await queue.get()
            await self.announcer.announce(where)
            queue.done(where)

    async def pass_time(self, seconds: float) -> None:
        self.jobs.pass_time(seconds)
        self.clock.advance(seconds)
        await self.work()

    def told(self, where: tuple[str, str]) -> Any:
        kind = "instruments" if where[0] else "clusterinstruments"
        return self.cluster.store.objects[kind, where[0], where[1]].get("status") or {}

    @property
    def writes(self) -> int:
        return sum(call.writes for call in self.cluster.calls)

    async def limited(self) -> None:
        self.jobs.add("a")
        await self.work()
        self.jobs.limit("a", 1)
        await self.work()


async def test_every_instrument_of_the_secret_tells_of_the_limit_once() -> None:
    stage = Stage()
    await stage.limited()
    until = stamp(NOW + 600)
    assert stage.told(OWN) == {"limitedUntil": until}
    assert stage.told(SHARED) == {"limits": [{"namespace": NAMESPACE, "until": until}]}
    stage.jobs.add("b")
    await stage.work()
    assert stage.writes == 2, "another job that waits for the same is no news"


async def test_it_is_told_until_somebody_was_let_in() -> None:
    stage = Stage()
    await stage.limited()
    await stage.pass_time(600)
    assert stage.told(OWN) != {}
    stage.jobs.end("a", 1, "")
    await stage.work()
    assert stage.told(OWN) == stage.told(SHARED) == {}
    assert stage.writes == 4


async def test_a_limit_that_nobody_waits_for_is_told_to_its_end() -> None:
    stage = Stage()
    await stage.limited()
    stage.jobs.edit("a", cancel=True)
    await stage.work()
    assert stage.told(OWN) != {}
    await stage.pass_time(601)
    assert stage.told(OWN) == {} and stage.clock.timers == []


async def test_a_run_without_limits_writes_nothing() -> None:
    stage = Stage()
    stage.jobs.add("a", compiled=score(1, needs={}, max_concurrent=2))
    await stage.work()
    stage.jobs.end("a", 1, "ExitCode")
    await stage.work()
    assert stage.writes == 0


async def test_what_an_earlier_process_told_is_taken_back() -> None:
    stage = Stage()
    body: Body = await stage.cluster.patch_instrument_status(NAMESPACE, "cli", {"limitedUntil": stamp(NOW - 5)})
    stage.jobs.instruments.saw(body)
    assert stage.jobs.instruments.announced() == [OWN]
    await stage.announcer.announce(OWN)
    assert stage.told(OWN) == {}


@pytest.mark.parametrize("change", [{"status": {"limitedUntil": "x"}}, {}])
def test_a_status_is_no_news_to_the_jobs(change: Body) -> None:
    jobs = Jobs()
    again = {**BODY, "metadata": {"name": "cli", "resourceVersion": "9"}, **change}
    assert not jobs.instruments.saw(again)
    assert jobs.instruments.saw(
        {**again, "metadata": {"name": "cli", "resourceVersion": "10"}, "spec": {**BODY["spec"], "image": "b"}}
    )


async def test_what_another_operator_tells_of_its_namespaces_stays() -> None:
    stage = Stage()
    theirs = {"namespace": "elsewhere", "until": stamp(NOW)}
    body = await stage.cluster.patch_cluster_instrument_status("other", {"limits": [theirs]})
    stage.jobs.instruments.saw(body)
    stage.announcer = replace(stage.announcer, namespaces=[NAMESPACE])
    await stage.limited()
    assert [each["namespace"] for each in stage.told(SHARED)["limits"]] == [NAMESPACE, "elsewhere"]
    await stage.pass_time(600)
    stage.jobs.end("a", 1, "")
    await stage.work()
    assert stage.told(SHARED)["limits"] == [theirs]
