"""The Lease that one operator holds: who has it may act. The rules of client-go's leader election, in asyncio.

The holder is the Pod's UID, so that a restarted container goes on at once and only another Pod has to wait. Other
machines' clocks are never believed: how long a record has stood still is measured on our own. It fences nothing by
itself (a process may be stopped between looking and acting); resourceVersions and Pod names do that.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from marianne_operator.control.cluster import Body, Cluster, ClusterError, NotFoundError

R = TypeVar("R")


class LeaseLostError(Exception):
    """Somebody else may act now: this process must not."""


@dataclass(frozen=True, slots=True)
class Place:
    """The Lease, and who wants it."""

    namespace: str
    name: str
    holder: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. `deadline` after the last renewal the holder gives up, well before `duration`, when others may begin."""

    duration: float = 15.0
    deadline: float = 10.0
    period: float = 2.0


class Lease:
    """`clock` is monotonic; `describe` gives the annotations that each renewal carries: the conductor's status."""

    def __init__(
        self,
        cluster: Cluster,
        place: Place,
        describe: Callable[[], Mapping[str, str]],
        clock: Callable[[], float],
        pace: Pace = Pace(),
    ) -> None:
        self._cluster = cluster
        self._place = place
        self._describe = describe
        self._clock = clock
        self._pace = pace
        self._record: tuple[str, str] | None = None
        self._record_since = 0.0
        self._mine: Body | None = None
        self.held = False

    async def hold(self, work: Callable[[], Awaitable[R]]) -> R:
        """Wait for the Lease, work while it is ours, hand it back at the end; raises `LeaseLostError`."""
        while not await self._try():
            await asyncio.sleep(self._pace.period)
        self.held = True
        worker, keeper = asyncio.ensure_future(work()), asyncio.ensure_future(self._keep())
        try:
            await asyncio.wait({worker, keeper}, return_when=asyncio.FIRST_COMPLETED)
            lost = keeper.done()
        except asyncio.CancelledError:
            lost = False
            raise
        finally:
            self.held = False
            for task in (worker, keeper):
                task.cancel()
            await asyncio.gather(worker, keeper, return_exceptions=True)
            if not keeper.done() or keeper.cancelled():
                await self._release()
        if lost:
            raise LeaseLostError(f"no renewal for {self._pace.deadline:.0f} s, or another holder")
        return worker.result()

    async def _keep(self) -> None:
        """Renew; returns when the Lease is lost."""
        good = self._clock()
        while True:
            await asyncio.sleep(self._pace.period)
            begun = self._clock()
            if await self._try():
                good = begun
            elif self._taken() or self._clock() - good >= self._pace.deadline:
                return

    async def _try(self) -> bool:
        """Take it or keep it; True if it is ours."""
        try:
            async with asyncio.timeout(self._pace.period * 2):
                return await self._renew()
        except (ClusterError, TimeoutError):
            self._mine = None
            return False

    async def _renew(self) -> bool:
        """One write where nothing has changed since the last one; else a read before it."""
        if self._mine is None:
            try:
                lease = await self._cluster.get_lease(self._place.namespace, self._place.name)
            except NotFoundError:
                self._mine = await self._cluster.create_lease(self._claimed({}, {"leaseTransitions": 0}))
                return True
            if not self._free(lease["spec"]):
                return False
            self._mine = lease
        self._mine = await self._cluster.put_lease(self._claimed(self._mine["metadata"], self._mine["spec"]))
        return True

    def _free(self, spec: Mapping[str, str]) -> bool:
        """Ours, nobody's, or not renewed for its duration by our own clock."""
        record = spec.get("holderIdentity") or "", spec.get("renewTime") or ""
        if record != self._record:
            self._record, self._record_since = record, self._clock()
        duration = float(spec.get("leaseDurationSeconds") or self._pace.duration)
        return record[0] in ("", self._place.holder) or self._clock() >= self._record_since + duration

    def _taken(self) -> bool:
        return self._record is not None and self._record[0] not in ("", self._place.holder)

    def _claimed(self, meta: Mapping[str, object], spec: Mapping[str, object]) -> Body:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        renewed = dict(spec) | {
            "holderIdentity": self._place.holder,
            "renewTime": now,
            "leaseDurationSeconds": round(self._pace.duration),
        }
        if spec.get("holderIdentity") != self._place.holder:
            before = spec.get("leaseTransitions")
            renewed |= {"acquireTime": now, "leaseTransitions": (before if isinstance(before, int) else 0) + 1}
        place = {"namespace": self._place.namespace, "name": self._place.name}
        annotations = {**self._annotations(meta), **self._describe()}
        kept = {key: value for key, value in meta.items() if key != "managedFields"}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {**kept, **place, "annotations": annotations},
            "spec": renewed,
        }

    @staticmethod
    def _annotations(meta: Mapping[str, object]) -> Mapping[str, str]:
        held = meta.get("annotations")
        return held if isinstance(held, dict) else {}

    async def _release(self) -> None:
        """Nobody has to wait for a process that ends. A failure costs the next one 15 s, no more."""
        with contextlib.suppress(ClusterError, TimeoutError):
            async with asyncio.timeout(1):
                lease = await self._cluster.get_lease(self._place.namespace, self._place.name)
                if lease["spec"].get("holderIdentity") == self._place.holder:
                    lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                    await self._cluster.put_lease(lease)
