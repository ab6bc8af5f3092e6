"""One look at one job: gather, decide, act, and say when to look again."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from marianne_operator.control.act import Actor, Outcome
from marianne_operator.control.cache import Cache, Key, UnreadableJob
from marianne_operator.control.cluster import AlreadyExistsError, ClusterError, TooManyRequestsError
from marianne_operator.control.event import event_body
from marianne_operator.control.gather import Gatherer
from marianne_operator.control.metrics import Metrics
from marianne_operator.control.work_queue import WorkQueue
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import Observation
from marianne_operator.plan.plan import Note, Plan

log = logging.getLogger(__name__)
WORKERS = 16
AT_ONCE = 3
"""Conflicts in a row that are answered without waiting; somebody who writes in a loop is not raced."""
ONCE_MORE_SECONDS = 5.0
"""After a look that changed something: the echoes of our own writes wake no job. Mostly news of a Pod comes before."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """`clock` is monotonic, `now` the wall clock; both in seconds."""

    cache: Cache
    queue: WorkQueue[Key]
    gatherer: Gatherer
    actor: Actor
    metrics: Metrics
    clock: Callable[[], float]
    now: Callable[[], float]
    decide: Callable[[Observation], Plan] = decide
    told_unreadable: dict[Key, int] = field(default_factory=dict)

    async def work(self) -> None:
        """Take jobs from the queue for ever."""
        await asyncio.gather(*(self._worker() for _ in range(WORKERS)))

    async def _worker(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                await self.handle(key)
            finally:
                self.queue.done(key)

    async def handle(self, key: Key) -> None:
        """Look once; whatever goes wrong is this job's alone and comes back with backoff."""
        started = self.clock()
        try:
            await self.look(key)
        except TooManyRequestsError as error:
            self._failed(key, "throttled", error, at_least=error.retry_after)
        except ClusterError as error:
            self._failed(key, "cluster", error)
        except Exception as error:  # the process's edge: a defect met by one job must not stop the others
            log.exception("looking at a job failed", extra={"job": key})
            self._failed(key, "defect", error)
        finally:
            self.cache.limits.done(key)
        self.metrics.reconcile.observe(self.clock() - started)

    async def look(self, key: Key) -> None:
        """Raises whatever went wrong."""
        job = self.cache.jobs.get(key)
        if job is None:
            self._forget(key)
            return
        if isinstance(job, UnreadableJob):
            await self._tell_unreadable(key, job)
            return
        seen = await self.gatherer.observe(job)
        plan = self.decide(seen)
        outcome = await self.actor.perform(seen, plan)
        self._requeue(key, plan, outcome)

    def _requeue(self, key: Key, plan: Plan, outcome: Outcome) -> None:
        if outcome is Outcome.SUPERSEDED:
            self.queue.retry(key, at_once=AT_ONCE)
            return
        self.queue.succeeded(key)
        if outcome is Outcome.LOOK_AGAIN:
            self.queue.add(key)
        elif outcome is Outcome.DONE:
            if plan.look_again_at is not None:
                self.queue.add_after(key, plan.look_again_at - self.now())
            if plan.status is not None or plan.delete or plan.create:
                self.queue.add_after(key, ONCE_MORE_SECONDS)

    def _failed(self, key: Key, kind: str, error: Exception, at_least: float = 0.0) -> None:
        log.warning("will look again", extra={"job": key, "kind": kind, "error": str(error)})
        self.metrics.failures.labels(kind).inc()
        self.queue.retry(key, at_least=at_least)

    def _forget(self, key: Key) -> None:
        self.gatherer.forget(key)
        self.queue.succeeded(key)
        self.told_unreadable.pop(key, None)

    async def _tell_unreadable(self, key: Key, job: UnreadableJob) -> None:
        """An event is all that can be said: a status cannot be written over one that cannot be read."""
        if self.told_unreadable.get(key) == job.resource_version:
            return
        log.error("a job cannot be read", extra={"job": key, "error": job.message})
        namespace, name = key
        note = Note("Warning", "Unreadable", f"this object does not follow the CRD's schema: {job.message}")
        with contextlib.suppress(AlreadyExistsError):
            await self.actor.cluster.create_event(event_body(namespace, name, job.uid, note, self.now()))
        self.told_unreadable[key] = job.resource_version
