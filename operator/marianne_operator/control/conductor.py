"""The parts put together: what the process runs, and what a simulation runs without one."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from marianne_operator.control.act import Actor
from marianne_operator.control.announce import Announcer
from marianne_operator.control.cache import Cache, Key
from marianne_operator.control.claims import Claims
from marianne_operator.control.cluster import Body, Cluster
from marianne_operator.control.gather import Gatherer
from marianne_operator.control.instruments import Where
from marianne_operator.control.metrics import Metrics
from marianne_operator.control.pod_events import PodEvents
from marianne_operator.control.reconcile import Reconciler
from marianne_operator.control.refusals import Refusals
from marianne_operator.control.resync import Resync
from marianne_operator.control.score_source import Compile, ScoreSource
from marianne_operator.control.work_queue import Clock, WorkQueue
from marianne_operator.model.chain import Chain
from marianne_operator.model.job import JobView
from marianne_operator.plan.observation import Settings

CHILD_IS_OVER: Final = frozenset({"Completed", "Failed", "Cancelled", "Refused"})


@dataclass(frozen=True, slots=True)
class Conductor:
    """`watch` (or a test) feeds it; `reconciler` does the rest."""

    cache: Cache
    queue: WorkQueue[Key]
    reconciler: Reconciler
    resync: Resync
    metrics: Metrics
    announcer: Announcer

    def job_told(self, body: Body, *, gone: bool) -> None:
        """A watch told of a job; the echo of our own write wakes nobody."""
        known = not gone and self.cache.knows_job(body)
        key = self.cache.lost_job(body) if gone else self.cache.saw_job(body)
        if not known:
            self.queue.add(key)
        self._wake_parent(body, news=gone or not known)

    def _wake_parent(self, body: Body, *, news: bool) -> None:
        """Of a child of a chain: another job may wait for it to be there, to end, or to be gone."""
        chain = Chain.of(body["metadata"])
        if chain is None:
            return
        parent = body["metadata"]["namespace"], chain.parent
        held, phase = self.cache.jobs.get(parent), (body.get("status") or {}).get("phase")
        waits = isinstance(held, JobView) and held.uid == chain.parent_uid and not held.status.finished
        if waits and (news or phase in CHILD_IS_OVER):
            self.queue.add(parent)

    def pod_told(self, body: Body, *, gone: bool) -> None:
        """As `job_told`, of a Pod."""
        known = not gone and self.cache.knows_pod(body)
        key = self.cache.lost_pod(body) if gone else self.cache.saw_pod(body)
        if not known:
            self.queue.add(key)

    def wake_unfinished(self, namespace: str | None = None) -> None:
        """Look at every job that an instrument may matter to."""
        for key, job in self.cache.jobs.items():
            if namespace in (None, key[0]) and isinstance(job, JobView) and not job.status.finished:
                self.queue.add(key)

    def counts(self) -> dict[str, int]:
        """What the Lease and the metrics tell of the load."""
        jobs = [job for job in self.cache.jobs.values() if isinstance(job, JobView)]
        return {
            "jobs": len(self.cache.jobs),
            "active": sum(not job.status.finished for job in jobs),
            "running": sum(job.status.phase == "Running" for job in jobs),
            "pods": sum(not pod.over for pods in self.cache.pods.values() for pod in pods.values()),
        }


@dataclass(frozen=True, slots=True)
class Times:
    """`loop` is the event loop, or a test's own; `clock` monotonic, `now` since the epoch; all in seconds."""

    loop: Clock
    clock: Callable[[], float]
    now: Callable[[], float]


def build(
    cluster: Cluster,
    compile_score: Compile,
    settings: Settings,
    times: Times,
    metrics: Metrics,
    namespaces: Sequence[str] = (),
) -> Conductor:
    """Nothing runs yet."""
    cache, queue = Cache(times.clock), WorkQueue[Key](times.loop)
    scores, claims, refusals = ScoreSource(cluster, compile_score), Claims(cluster, times.clock), Refusals()
    gatherer = Gatherer(cache, scores, claims, refusals, PodEvents(cluster), settings, times.now)
    actor = Actor(cluster, cache, scores, claims, refusals, metrics, times.now)
    reconciler = Reconciler(cache, queue, gatherer, actor, metrics, times.clock, times.now)
    resync = Resync(cluster, cache, queue, namespaces, _jitter)
    told = WorkQueue[Where](times.loop)
    announcer = Announcer(cluster, cache.limits, cache.instruments, told, times.now, namespaces)
    conductor = Conductor(cache, queue, reconciler, resync, metrics, announcer)
    cache.limits.wake, cache.limits.changed = queue.add, announcer.changed
    _observe(conductor)
    return conductor


def _jitter() -> float:
    return random.uniform(0.8, 1.2)  # noqa: S311  (spreads load, hides nothing)


def _observe(conductor: Conductor) -> None:
    metrics, queue, cache = conductor.metrics, conductor.queue, conductor.cache
    metrics.observe("marianne_queue_depth", "Jobs that wait to be looked at", lambda: queue.statistics().depth)
    metrics.observe(
        "marianne_queue_oldest_seconds", "How long the oldest of them waits", lambda: queue.statistics().oldest_seconds
    )
    metrics.observe("marianne_unheard_write_seconds", "Oldest own write no watch told of", cache.echo.oldest_seconds)
    metrics.observe("marianne_jobs_active", "Jobs that are not finished", lambda: conductor.counts()["active"])
    metrics.observe("marianne_pods_live", "Sheets' Pods that have not ended", lambda: conductor.counts()["pods"])
