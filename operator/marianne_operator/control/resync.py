"""Trust no watch: read everything again now and then, and compare.

A re-list after "410 Gone" tells of no deletion, a proxy may swallow events, a watch may go silent. The Pods of jobs at
work are read each minute, everything every five. A listing older than what was already seen means that the store was
restored from a backup: then nothing in memory is true any more, and the process starts over.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from marianne_operator.control.cache import Cache, Key
from marianne_operator.control.cluster import Cluster, ClusterError, Listing
from marianne_operator.control.work_queue import WorkQueue

log = logging.getLogger(__name__)
NAMES_PER_LISTING: Final = 50
"""Label selectors travel in the URL."""


class StoreRestoredError(Exception):
    """The API server shows an older state than it did before."""


@dataclass(frozen=True, slots=True)
class Resync:
    """`namespaces` empty: all. `jitter` gives a factor around 1, so that operators do not march in step."""

    cluster: Cluster
    cache: Cache
    queue: WorkQueue[Key]
    namespaces: Sequence[str]
    jitter: Callable[[], float]
    active_seconds: float = 60.0
    full_seconds: float = 300.0

    async def run(self) -> None:
        """For ever; raises `StoreRestoredError`."""
        waited = 0.0
        while True:
            pause = self.active_seconds * self.jitter()
            await asyncio.sleep(pause)
            waited += pause
            try:
                if waited >= self.full_seconds:
                    await self.everything()
                    waited = 0.0
                else:
                    await self.active()
            except ClusterError as error:
                log.warning("resync failed", extra={"error": str(error)})

    async def active(self) -> None:
        """The Pods of jobs that have some, or intend to."""
        jobs = self.cache.active_jobs()
        for start in range(0, len(jobs), NAMES_PER_LISTING):
            part = jobs[start : start + NAMES_PER_LISTING]
            names, keys = sorted({job.name for job in part}), [job.key for job in part]
            for namespace in sorted({job.namespace for job in part}) if self.namespaces else (None,):
                seen_before = self.cache.newest_pod
                listing = _current(await self.cluster.list_pods(namespace, names), seen_before)
                within = [key for key in keys if namespace in (None, key[0])]
                self._wake(self.cache.replace_pods(listing, within))

    async def everything(self) -> None:
        """Jobs, Pods, instruments; and look at every job once."""
        cache = self.cache
        for namespace in self.namespaces or (None,):
            seen_before = cache.newest_job
            jobs = _current(await self.cluster.list_jobs(namespace), seen_before)
            cache.replace_jobs(jobs, namespace)
            seen_before = cache.newest_pod
            pods = _current(await self.cluster.list_pods(namespace), seen_before)
            cache.replace_pods(pods, [key for key in cache.pods if namespace in (None, key[0])])
            cache.instruments.replace(await self.cluster.list_instruments(namespace), namespace)
        cache.instruments.replace_cluster(await self.cluster.list_cluster_instruments())
        self._wake(list(cache.jobs))

    def _wake(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self.queue.add(key)


def _current(listing: Listing, seen_before: int) -> Listing:
    if listing.resource_version < seen_before:
        raise StoreRestoredError(f"a listing shows version {listing.resource_version}, {seen_before} was seen before")
    return listing
