"""Tell on each instrument until when a provider's limit holds it: for people, and for programs that watch instruments.

Nothing reads it back to decide by: the truth is in the jobs. One write for each change, none in a run without limits.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from marianne_operator.control.cluster import Body, Cluster, ClusterError, NotFoundError
from marianne_operator.control.instruments import CLUSTER, Instruments, Where
from marianne_operator.control.limit_index import LimitIndex, Topic
from marianne_operator.control.work_queue import WorkQueue
from marianne_operator.plan.clock import stamp

log = logging.getLogger(__name__)
MOST_NAMESPACES: Final = 200
"""That a ClusterInstrument's status has room for."""
MOMENT: Final = 0.05
"""After the end of a limit, which is told to the millisecond."""


@dataclass(frozen=True, slots=True)
class Announcer:
    """`now` gives seconds since the epoch."""

    cluster: Cluster
    index: LimitIndex
    instruments: Instruments
    queue: WorkQueue[Where]
    now: Callable[[], float]
    namespaces: Sequence[str] = ()
    """Those that this operator watches; none: all. What others tell of theirs is left as it is."""

    def changed(self, topic: Topic) -> None:
        """What is shared there may have another end now."""
        namespace, _ = topic
        for name in self.instruments.of_namespace(namespace):
            if self.index.topic_of(namespace, name) == topic:
                self.queue.add(self.instruments.object_of(namespace, name))

    async def run(self) -> None:
        """For ever. What an earlier process told is looked at first: it may be over."""
        for where in self.instruments.announced():
            self.queue.add(where)
        while True:
            where = await self.queue.get()
            try:
                await self.announce(where)
            except NotFoundError:
                self.queue.succeeded(where)
            except ClusterError as error:
                log.warning("an instrument's status is not written", extra={"object": where, "error": str(error)})
                self.queue.retry(where)
            finally:
                self.queue.done(where)

    async def announce(self, where: Where) -> None:
        """Write the status of one object, if it says something else. Raises `ClusterError`."""
        namespace, name = where
        ends = dict(self._ends(where))
        ahead = [until for until in ends.values() if until > self.now()]
        if ahead:
            self.queue.add_after(where, min(ahead) - self.now() + MOMENT)
        told = self.instruments.told(where)
        wanted = self._cluster_status(ends, told) if namespace == CLUSTER else _status(ends)
        if told != {key: value for key, value in wanted.items() if value is not None}:
            if namespace == CLUSTER:
                body = await self.cluster.patch_cluster_instrument_status(name, wanted)
            else:
                body = await self.cluster.patch_instrument_status(namespace, name, wanted)
            self.instruments.saw(body)
        self.queue.succeeded(where)

    def _ends(self, where: Where) -> Iterable[tuple[str, float]]:
        """In which namespaces this object is limited, and until when."""
        namespace, name = where
        for each in list(self.index.namespaces()) if namespace == CLUSTER else [namespace]:
            if self.instruments.object_of(each, name) == where:
                until = self.index.until(self.index.topic_of(each, name), self.now())
                if until:
                    yield each, until

    def _cluster_status(self, ends: dict[str, float], told: Mapping[str, Any]) -> Body:
        others = [
            each for each in told.get("limits") or () if self.namespaces and each["namespace"] not in self.namespaces
        ]
        limits = [{"namespace": namespace, "until": stamp(until)} for namespace, until in ends.items()]
        return {"limits": sorted([*others, *limits], key=itemgetter("namespace"))[:MOST_NAMESPACES] or None}


def _status(ends: dict[str, float]) -> Body:
    return {"limitedUntil": stamp(max(ends.values())) if ends else None}
