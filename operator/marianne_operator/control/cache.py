"""What the cluster looks like, as last told by a watch, a listing or the answer to our own write.

The newest resourceVersion wins, whoever told it; a UID that was deleted never comes back, however late an older
answer arrives. Pods are kept as small views; a job is parsed once for each version.
"""

import collections
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from marianne_operator.control.cluster import JOBS_API, Listing
from marianne_operator.control.echo import Echo
from marianne_operator.control.instruments import Instruments
from marianne_operator.control.limit_index import LimitIndex
from marianne_operator.model.job import JobView
from marianne_operator.model.pod import PodView
from marianne_operator.model.status import JobStatus
from marianne_runner.contract import JOB_LABEL

Key: TypeAlias = tuple[str, str]
"""A job: namespace, name."""
REMEMBERED_DEAD: Final = 8192


@dataclass(frozen=True, slots=True)
class UnreadableJob:
    """A job that does not validate: it was written past the CRD's schema, or by another version of it."""

    uid: str
    resource_version: int
    message: str


class Cache:
    """`clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.jobs: dict[Key, JobView | UnreadableJob] = {}
        self.pods: dict[Key, dict[str, PodView]] = collections.defaultdict(dict)
        self.ghosts: dict[Key, dict[str, PodView]] = collections.defaultdict(dict)
        """Pods of unfinished jobs that are gone, as last seen; until one of that name comes again."""
        self.instruments = Instruments()
        self.limits = LimitIndex(self.instruments)
        self.echo = Echo(clock)
        self.newest_job = 0
        self.newest_pod = 0
        self._clock = clock
        self._ended: dict[Key, float] = {}
        self._dead: collections.OrderedDict[str, None] = collections.OrderedDict()

    # ---- jobs

    def saw_job(self, body: Mapping[str, Any], *, watched: bool = True, status: JobStatus | None = None) -> Key:
        """Take it in unless something newer is known; with its status, if that was parsed before."""
        meta = body["metadata"]
        key, uid, version = (meta["namespace"], meta["name"]), meta["uid"], int(meta["resourceVersion"])
        if watched:
            self.echo.heard(uid, version)
        held = self.jobs.get(key)
        if uid in self._dead or (held is not None and held.resource_version >= version):
            return key
        self.newest_job = max(self.newest_job, version)
        job = self.jobs[key] = _read_job(body, held, status)
        self.limits.saw(job) if isinstance(job, JobView) else self.limits.lost(key)
        if isinstance(job, JobView) and job.status.finished:
            self.ghosts.pop(key, None)
            self._ended.pop(key, None)
        return key

    def knows_job(self, body: Mapping[str, Any]) -> bool:
        """It is no news: the answer to our own write told this version, or a newer one."""
        meta = body["metadata"]
        held = self.jobs.get((meta["namespace"], meta["name"]))
        return held is not None and held.uid == meta["uid"] and held.resource_version >= int(meta["resourceVersion"])

    def wrote_job(self, body: Mapping[str, Any], status: JobStatus | None = None) -> Key:
        """The answer to our own status write; with the status that was written, if the answer holds the same."""
        meta = body["metadata"]
        held = self.jobs.get((meta["namespace"], meta["name"]))
        if held is None or held.resource_version < int(meta["resourceVersion"]):
            self.echo.wrote(meta["uid"], int(meta["resourceVersion"]))
        return self.saw_job(body, watched=False, status=status)

    def lost_job(self, body: Mapping[str, Any]) -> Key:
        """A watch told that it was deleted."""
        meta = body["metadata"]
        key = meta["namespace"], meta["name"]
        self.newest_job = max(self.newest_job, int(meta["resourceVersion"]))
        self.echo.heard(meta["uid"], int(meta["resourceVersion"]))
        self.forget_job(key, meta["uid"])
        return key

    def forget_job(self, key: Key, uid: str) -> None:
        """A job with this UID is gone; its Pods are told of by their own deletions."""
        self._bury(uid)
        held = self.jobs.get(key)
        if held is not None and held.uid == uid:
            del self.jobs[key]
            self.limits.lost(key)
            self.ghosts.pop(key, None)
            self._ended.pop(key, None)

    def replace_jobs(self, listing: Listing, namespace: str | None = None) -> set[Key]:
        """A full listing: also forget what vanished unseen, unless it is newer than the listing. Keys that changed."""
        uids = {body["metadata"]["uid"] for body in listing.items}
        changed = set()
        for key, held in list(self.jobs.items()):
            vanished = namespace in (None, key[0]) and held.uid not in uids
            if vanished and held.resource_version <= listing.resource_version:
                self.forget_job(key, held.uid)
                changed.add(key)
        for body in listing.items:
            before = self.jobs.get((body["metadata"]["namespace"], body["metadata"]["name"]))
            key = self.saw_job(body, watched=False)
            if self.jobs.get(key) is not before:
                changed.add(key)
        self.newest_job = max(self.newest_job, listing.resource_version)
        return changed

    def active_jobs(self) -> list[JobView]:
        """Jobs with a Pod, or with the intent to have one."""
        return [
            job
            for job in self.jobs.values()
            if isinstance(job, JobView)
            and (any(sheet.active for sheet in job.status.sheets) or job.status.active_errands)
        ]

    # ---- Pods

    def saw_pod(self, body: Mapping[str, Any], key: Key | None = None, *, watched: bool = True) -> Key:
        """Take it in unless something newer is known; as this job's, if `key` says so, else by its label."""
        meta = body["metadata"]
        key, uid, version = key or _key_of_pod(body), meta["uid"], int(meta["resourceVersion"])
        if watched:
            self.echo.heard(uid, version)
        held = self.pods[key].get(meta["name"])
        if uid in self._dead or (held is not None and held.resource_version >= version):
            return key
        self.newest_pod = max(self.newest_pod, version)
        pod = PodView.of(body)
        self.pods[key][pod.name] = pod
        if key in self.ghosts:
            self.ghosts[key].pop(pod.name, None)
        if _ended(pod) and not _ended(held):
            self._ended[key] = self._clock()
        return key

    def knows_pod(self, body: Mapping[str, Any]) -> bool:
        """As `knows_job`."""
        meta = body["metadata"]
        held = self.pods.get(_key_of_pod(body), {}).get(meta["name"])
        return held is not None and held.uid == meta["uid"] and held.resource_version >= int(meta["resourceVersion"])

    def wrote_pod(self, body: Mapping[str, Any], key: Key) -> Key:
        """The answer to our own create or delete for this job, even where an admission webhook took its label."""
        meta = body["metadata"]
        held = self.pods[key].get(meta["name"])
        if meta["uid"] not in self._dead and (held is None or held.resource_version < int(meta["resourceVersion"])):
            self.echo.wrote(meta["uid"], int(meta["resourceVersion"]))
        return self.saw_pod(body, key, watched=False)

    def lost_pod(self, body: Mapping[str, Any]) -> Key:
        """A watch told that it was deleted; `body` is its last state."""
        key, last = _key_of_pod(body), PodView.of(body)
        self.newest_pod = max(self.newest_pod, last.resource_version)
        self.echo.heard(last.uid, last.resource_version)
        self._pod_gone(key, last)
        return key

    def forget_pod(self, key: Key, name: str, uid: str) -> None:
        """A call of ours found that the Pod with this UID is gone."""
        held = self.pods[key].get(name)
        if held is not None and held.uid == uid:
            self._pod_gone(key, held)

    def replace_pods(self, listing: Listing, keys: Collection[Key] | None = None) -> set[Key]:
        """A full listing, of all jobs or of these: as `replace_jobs`; what vanished unseen becomes a ghost."""
        uids = {body["metadata"]["uid"] for body in listing.items}
        changed = set()
        for key in list(self.pods) if keys is None else keys:
            for pod in list(self.pods[key].values()):
                if pod.uid not in uids and pod.resource_version <= listing.resource_version:
                    self._pod_gone(key, pod)
                    changed.add(key)
        for body in listing.items:
            key, name = _key_of_pod(body), body["metadata"]["name"]
            before = self.pods[key].get(name)
            self.saw_pod(body, watched=False)
            if self.pods[key].get(name) is not before:
                changed.add(key)
        return changed

    def since_end(self, key: Key) -> float | None:
        """Seconds since a Pod of this job was last seen to end; asked once, for the launch gap."""
        ended = self._ended.pop(key, None)
        return None if ended is None else self._clock() - ended

    def _pod_gone(self, key: Key, last: PodView) -> None:
        self._bury(last.uid)
        held = self.pods[key].get(last.name)
        if held is not None and held.uid == last.uid:
            del self.pods[key][last.name]
        job = self.jobs.get(key)
        unfinished = isinstance(job, JobView) and job.uid == last.owner_uid and not job.status.finished
        if unfinished and last.name not in self.pods[key]:
            self.ghosts[key][last.name] = last
            if _ended(last) and not _ended(held):
                self._ended[key] = self._clock()
        if not self.pods[key]:
            del self.pods[key]

    def _bury(self, uid: str) -> None:
        self._dead[uid] = None
        self.echo.gone(uid)
        if len(self._dead) > REMEMBERED_DEAD:
            self._dead.popitem(last=False)


def _ended(pod: PodView | None) -> bool:
    return pod is not None and (pod.ended or pod.over)


def _key_of_pod(body: Mapping[str, Any]) -> Key:
    meta = body["metadata"]
    return meta["namespace"], (meta.get("labels") or {}).get(JOB_LABEL, "")


def _read_job(
    body: Mapping[str, Any], held: JobView | UnreadableJob | None, status: JobStatus | None
) -> JobView | UnreadableJob:
    """Of the body, only what a status write needs is kept: the server keeps the rest on that path.

    What is held of the same generation has the same spec, which is not parsed again.
    """
    meta = body["metadata"]
    same = isinstance(held, JobView) and (held.uid, held.generation) == (meta["uid"], meta["generation"])
    spec = held.spec if isinstance(held, JobView) and same else None
    try:
        view = JobView.of(body, spec, status)
    except (ValidationError, KeyError, ValueError) as error:
        return UnreadableJob(meta["uid"], int(meta["resourceVersion"]), str(error))
    kept = {name: meta[name] for name in ("namespace", "name", "uid", "resourceVersion")}
    return replace(view, body={"apiVersion": JOBS_API, "kind": "MarianneJob", "metadata": kept})
