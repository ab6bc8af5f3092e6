"""What the watches did not tell."""

import asyncio

import pytest

from marianne_operator.control.cache import Cache
from marianne_operator.control.cluster import UnknownOutcomeError
from marianne_operator.control.resync import Resync, StoreRestoredError
from marianne_operator.control.work_queue import WorkQueue
from tests.simulation.fake_cluster import Call, FakeCluster
from tests.unit.control.given import NOW, HandClock, instrument

ACTIVE = {"observedGeneration": 1, "run": 1, "sheets": [{"num": 1, "state": "dispatched", "attempt": 1}]}


class Stage:
    def __init__(self, namespaces: tuple[str, ...] = ()) -> None:
        self.cluster = FakeCluster(lambda: NOW, namespaces={"default", "other"})
        self.cache = Cache(HandClock())
        self.queue: WorkQueue[tuple[str, str]] = WorkQueue(HandClock())
        self.resync = Resync(self.cluster, self.cache, self.queue, namespaces, lambda: 1.0, 0.001, 0.003)

    def job(self, name: str, active: bool = False, namespace: str = "default") -> None:
        body = self.cluster.add_job(namespace, name, {"scoreText": "x"})
        if active:
            body = self.cluster.store.update("mariannejobs", namespace, name, lambda job: job.update(status=ACTIVE))
        self.cache.saw_job(body)

    async def pod(self, job: str, namespace: str = "default") -> None:
        uid = self.cluster.store.get("mariannejobs", namespace, job)["metadata"]["uid"]
        labels, owners = {"marianne.dev/job": job}, [{"uid": uid, "controller": True}]
        meta = {"namespace": namespace, "name": f"{job}-pod", "labels": labels, "ownerReferences": owners}
        body = await self.cluster.create_pod({"metadata": meta, "spec": {"containers": [{"name": "sheet"}]}})
        self.cache.saw_pod(body)

    async def woken(self) -> set[str]:
        keys = set()
        while self.queue.statistics().depth:
            keys.add((await self.queue.get())[1])
        return keys


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_pod_of_an_active_job_that_vanished_unheard(stage: Stage) -> None:
    for name, active in (("playing", True), ("idle", False)):
        stage.job(name, active)
        await stage.pod(name)
        stage.cluster.remove_pod("default", f"{name}-pod")
    stage.cluster.calls.clear()
    await stage.resync.active()
    assert await stage.woken() == {"playing"} and len(stage.cluster.calls) == 1
    assert "playing-pod" in stage.cache.ghosts["default", "playing"]
    assert "idle-pod" in stage.cache.pods["default", "idle"], "only jobs at work are looked at so often"


async def test_nothing_is_asked_while_nothing_plays(stage: Stage) -> None:
    stage.job("idle")
    await stage.resync.active()
    assert stage.cluster.calls == []


async def test_everything_is_read_and_every_job_is_looked_at(stage: Stage) -> None:
    stage.job("here")
    stage.job("gone")
    stage.cluster.remove_job("default", "gone")
    stage.cluster.add_job("default", "unheard", {"scoreText": "x"})
    stage.cluster.store.create("clusterinstruments", instrument(0))
    stage.cluster.store.create("instruments", instrument(0, name="own", namespace="default"))
    await stage.resync.everything()
    assert await stage.woken() == {"here", "unheard"}
    assert set(stage.cache.instruments.of_namespace("default")) == {"cli", "own"}


@pytest.mark.parametrize("what", ["jobs", "pods", "active"])
async def test_an_older_store_ends_the_process(stage: Stage, what: str) -> None:
    stage.job("song", active=True)
    await stage.pod("song")
    if what == "jobs":
        stage.cache.newest_job = stage.cluster.store.version + 100
    else:
        stage.cache.newest_pod = stage.cluster.store.version + 100
    with pytest.raises(StoreRestoredError):
        await (stage.resync.active() if what == "active" else stage.resync.everything())


async def test_news_that_come_while_a_listing_is_made_are_no_restore(stage: Stage) -> None:
    stage.job("song", active=True)

    def meanwhile(call: Call) -> None:
        stage.cache.newest_pod = stage.cache.newest_job = stage.cluster.store.version + 100

    stage.cluster.after = meanwhile
    await stage.resync.active()


async def test_within_namespaces_only_these_are_read() -> None:
    stage = Stage(("default",))
    stage.job("song", active=True)
    stage.cluster.add_job("other", "elsewhere", {"scoreText": "x"})
    await stage.resync.everything()
    await stage.resync.active()
    assert {call.namespace for call in stage.cluster.calls if call.resource != "clusterinstruments"} == {"default"}
    assert set(stage.cache.jobs) == {("default", "song")}


async def test_it_goes_on_after_a_failure_and_ends_on_a_restore(stage: Stage) -> None:
    stage.job("song", active=True)
    failures = iter([UnknownOutcomeError("down")])

    def fail(call: Call) -> None:
        if (error := next(failures, None)) is not None:
            raise error
        if call.resource == "clusterinstruments":
            stage.cache.newest_job = stage.cluster.store.version + 100

    stage.cluster.before = fail
    with pytest.raises(StoreRestoredError):
        await asyncio.wait_for(stage.resync.run(), 5)
    assert [call.resource for call in stage.cluster.calls[:2]] == ["pods", "pods"]
