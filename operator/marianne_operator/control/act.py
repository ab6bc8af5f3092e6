"""Perform a plan, in the order that makes a crash at any point harmless: ensure, status, delete, create, tell.

The status write carries the version that was decided on, so nothing is done on a stale view: a conflict drops the
rest of the plan. A write whose outcome is unknown is never repeated blindly: names are deterministic, so a read tells.
"""

import asyncio
import enum
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from marianne_operator.control.cache import Cache
from marianne_operator.control.children import NamespaceGoneError, start_child
from marianne_operator.control.claims import Claims
from marianne_operator.control.cluster import (
    AlreadyExistsError,
    Body,
    Cluster,
    ClusterError,
    ConflictError,
    NotFoundError,
    RefusedError,
    UnknownOutcomeError,
)
from marianne_operator.control.event import event_body
from marianne_operator.control.metrics import Metrics
from marianne_operator.control.refusals import (
    CONFLICT_SECONDS,
    FIELD_SECONDS,
    LEAVING_SECONDS,
    QUOTA_SECONDS,
    Refusals,
    meaning,
)
from marianne_operator.control.score_source import ScoreSource
from marianne_operator.model.job import JobView
from marianne_operator.model.status import JobStatus
from marianne_operator.plan.observation import Observation, WriteRefusal
from marianne_operator.plan.plan import Ensure, Note, Plan, PodDeletion

log = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What a performed plan leaves to do."""

    DONE = "done"
    LOOK_AGAIN = "something was learned on the way"
    SUPERSEDED = "the job moved on; the plan was dropped"
    GONE = "the job, or its namespace, is going away"


class _SupersededError(Exception):
    """The job is not what was decided on."""


class _GoneError(Exception):
    """There is no such job any more."""


@dataclass(frozen=True, slots=True)
class Actor:
    """`now` gives seconds since the epoch."""

    cluster: Cluster
    cache: Cache
    scores: ScoreSource
    claims: Claims
    refusals: Refusals
    metrics: Metrics
    now: Callable[[], float]

    async def perform(self, seen: Observation, plan: Plan) -> Outcome:
        """Raises `ClusterError` when the plan could not be performed to its end; looking again is always right."""
        job = seen.job
        try:
            learned = not await self._ensure(job, plan.ensure)
            if plan.status is not None:
                await self._put_status(job, plan.status)
            elif plan.recovered:
                await self._still_so(job)
            await _all(self._delete(job, each) for each in plan.delete)
            refused = await _all(self._create(job, each) for each in plan.create)
            refused += [await start_child(self.cluster, self.refusals, job, each, self.now()) for each in plan.children]
            await self._tell(job, plan.notes)
            if plan.delete_job:
                await self._delete_job(job)
        except _SupersededError:
            self.metrics.status_conflicts.inc()
            return Outcome.SUPERSEDED
        except (_GoneError, NamespaceGoneError):
            return Outcome.GONE
        return Outcome.LOOK_AGAIN if learned or any(refused) else Outcome.DONE

    # ---- ensure

    async def _ensure(self, job: JobView, objects: Iterable[Ensure]) -> bool:
        """False where one was refused."""
        return all([await self._ensure_one(job, each) for each in objects])

    async def _ensure_one(self, job: JobView, wanted: Ensure) -> bool:
        name = wanted.body["metadata"]["name"]
        try:
            if wanted.kind == "ConfigMap":
                await self.cluster.create_config_map(wanted.body)
            else:
                self.claims.learn(await self.cluster.create_claim(wanted.body))
        except AlreadyExistsError:
            if wanted.kind == "PersistentVolumeClaim":
                await self.claims.get(job.namespace, name)
        except NotFoundError:
            raise _GoneError from None
        except RefusedError as refused:
            self._note_refusal(job, name, refused)
            return False
        if wanted.kind == "ConfigMap":
            self.scores.stored(job.namespace, name)
        self.refusals.clear(job.key, name)
        return True

    # ---- status

    async def _put_status(self, job: JobView, status: JobStatus) -> None:
        told = status.dump()
        try:
            answer = await self.cluster.put_status({**job.body, "status": told})
        except ConflictError:
            await self._refresh(job)
            raise _SupersededError from None
        except NotFoundError:
            self.cache.forget_job(job.key, job.uid)
            raise _GoneError from None
        except UnknownOutcomeError:
            await self._refresh(job)
            raise
        self.cache.wrote_job(answer, status if answer.get("status") == told else None)
        self.metrics.count_sheets(job.status.sheets, status.sheets)
        if status.phase != job.status.phase:
            log.info("phase", extra={"job": job.key, "phase": status.phase, "progress": status.progress})

    async def _still_so(self, job: JobView) -> None:
        """Nothing was written, so nothing has proved yet that the job is as it was seen."""
        await self._refresh(job)
        held = self.cache.jobs.get(job.key)
        if held is None or held.uid != job.uid or held.resource_version != job.resource_version:
            raise _SupersededError

    async def _refresh(self, job: JobView) -> None:
        try:
            self.cache.saw_job(await self.cluster.get_job(job.namespace, job.name), watched=False)
        except NotFoundError:
            self.cache.forget_job(job.key, job.uid)
            raise _GoneError from None

    async def _delete_job(self, job: JobView) -> None:
        try:
            await self.cluster.delete_job(job.namespace, job.name, job.uid)
        except (NotFoundError, ConflictError):
            self.cache.forget_job(job.key, job.uid)

    # ---- Pods

    async def _delete(self, job: JobView, deletion: PodDeletion) -> None:
        try:
            left = await self.cluster.delete_pod(job.namespace, deletion.name, deletion.uid, deletion.grace_seconds)
        except (NotFoundError, ConflictError):
            left = None
        if left is None:
            self.cache.forget_pod(job.key, deletion.name, deletion.uid)
        else:
            self.cache.wrote_pod(left, job.key)

    async def _create(self, job: JobView, manifest: Mapping[str, Any]) -> bool:
        """True where the Pod is not simply new: there is something to decide about."""
        name = manifest["metadata"]["name"]
        try:
            body = await self.cluster.create_pod(manifest)
        except AlreadyExistsError:
            return await self._adopt(job, name)
        except UnknownOutcomeError:
            if not await self._adopt(job, name):
                raise
            return True
        except NotFoundError:
            raise _GoneError from None
        except RefusedError as refused:
            self._note_refusal(job, name, refused)
            return True
        self.cache.wrote_pod(body, job.key)
        self.refusals.clear(job.key, name)
        self.metrics.launched(self.cache.since_end(job.key))
        return False

    async def _adopt(self, job: JobView, name: str) -> bool:
        """Look at the Pod that has this name; False if there is none after all."""
        try:
            body = await self.cluster.get_pod(job.namespace, name)
        except NotFoundError:
            return False
        if _controller(body) == job.uid:
            self.cache.saw_pod(body, job.key, watched=False)
            self.refusals.clear(job.key, name)
        else:
            why = f"Pod {name!r} exists and is not this job's: delete it, or give the job another name"
            refusal = WriteRefusal("NameConflict", why, self.now() + CONFLICT_SECONDS)
            self.refusals.add(job.key, name, job.generation, refusal)
        return True

    def _note_refusal(self, job: JobView, name: str, refused: RefusedError) -> None:
        """Raises where the refusal is not about this object."""
        what = meaning(refused)
        if what == "NamespaceTerminating":
            raise _GoneError from refused
        if what == "NotAllowed":
            raise refused
        patience = FIELD_SECONDS if what != "QuotaExceeded" else self._patience_with_quota(job)
        self.refusals.add(job.key, name, job.generation, WriteRefusal(what, refused.message, self.now() + patience))

    def _patience_with_quota(self, job: JobView) -> float:
        """A Pod counts until its phase is final, which a sheet is not waited for: its place is free in a moment."""
        leaving = any(pod.ended and not pod.over for pod in self.cache.pods.get(job.key, {}).values())
        return LEAVING_SECONDS if leaving else QUOTA_SECONDS

    # ---- tell

    async def _tell(self, job: JobView, notes: Iterable[Note]) -> None:
        """Events explain; losing one is no reason to do anything again."""
        for note in notes:
            try:
                await self.cluster.create_event(event_body(job.namespace, job.name, job.uid, note, self.now()))
            except AlreadyExistsError:
                continue
            except ClusterError as error:
                log.warning("an event was lost", extra={"job": job.key, "reason": note.reason, "error": str(error)})


async def _all(calls: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All of them at once; if some fail, the first failure, but only when every one has an answer."""
    waiting = list(calls)
    if not waiting:
        return []
    if len(waiting) == 1:
        return [await waiting[0]]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def _controller(body: Body) -> str:
    owners = body["metadata"].get("ownerReferences") or ()
    return next((owner["uid"] for owner in owners if owner.get("controller")), "")
