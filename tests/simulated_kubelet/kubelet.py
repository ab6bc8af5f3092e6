"""The simulated kubelet: watches the Pods of one namespace and lives each one's life."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from marianne_runner.contract import JOB_LABEL
from tests.simulated_kubelet.api import Api, pods_path
from tests.simulated_kubelet.container_log import ContainerLog
from tests.simulated_kubelet.log_server import Certificate, LogServer
from tests.simulated_kubelet.node import Node
from tests.simulated_kubelet.pod_life import PodLife
from tests.simulated_kubelet.script import COMPLETES, Body, Choose
from tests.simulated_kubelet.volumes import Folders


@dataclass(slots=True)
class Seen:
    """One Pod as the kubelet met it. Seconds of wall clock; `done` when its last status was written."""

    pod: str
    chain: str
    seen: float
    done: float


@dataclass(slots=True)
class SimulatedKubelet:
    """`choose` is asked once for each Pod, and may be replaced meanwhile. `talkative`: say "running" of all Pods."""

    api: Api
    node: Node
    namespace: str
    folders: Folders
    choose: Choose = field(default=lambda _pod: COMPLETES)
    talkative: bool = True
    log: Callable[[Seen], None] = field(default=lambda _seen: None)
    certificate: Certificate | None = None
    """With one, it answers the API server for logs."""
    failures: list[BaseException] = field(default_factory=list)
    """What went wrong in the kubelet itself."""
    _lives: dict[str, PodLife] = field(default_factory=dict)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Until cancelled; then every container is killed, and its Pods leave with their node."""
        async with contextlib.AsyncExitStack() as stack:
            port = None
            if self.certificate is not None:
                port = (await stack.enter_async_context(LogServer(self.certificate, self._log_of))).port
            await self.node.register(port)
            stack.push_async_callback(self._end)
            async with asyncio.TaskGroup() as group:
                group.create_task(self.node.keep())
                group.create_task(self._watch())
                ready()

    def _log_of(self, namespace: str, pod: str) -> ContainerLog | None:
        lives = (life for life in self._lives.values() if life.name == pod)
        return next((life.log for life in lives), None) if namespace == self.namespace else None

    async def _watch(self) -> None:
        async for event in self.api.watch(pods_path(self.namespace)):
            pod = event["object"]
            uid = pod["metadata"]["uid"]
            if event["type"] == "DELETED":
                self._deleted(uid, pod)
            elif "deletionTimestamp" in pod["metadata"]:
                self._terminate(uid, pod)
            elif uid not in self._lives and self._is_ours(pod):
                self._begin(uid, pod)

    def _is_ours(self, pod: Body) -> bool:
        over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        return not over and pod["spec"].get("nodeName", self.node.name) == self.node.name

    def _begin(self, uid: str, pod: Body) -> None:
        script = self.choose(pod)
        self._lives[uid] = PodLife(self.api, self.node, pod, script, self.folders, talkative=self.talkative)
        task = asyncio.create_task(self._live(self._lives[uid], pod, time.time()))
        self._tasks.add(task)
        task.add_done_callback(self._over)

    async def _live(self, life: PodLife, pod: Body, seen: float) -> None:
        labels = pod["metadata"].get("labels") or {}
        await life.run()
        chain = labels.get("bench/chain") or labels.get(JOB_LABEL, "")
        self.log(Seen(pod["metadata"]["name"], chain, seen, time.time()))

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(error)

    def _terminate(self, uid: str, pod: Body) -> None:
        if uid not in self._lives and self._is_ours(pod):
            self._begin(uid, pod)
        if uid in self._lives:
            self._lives[uid].terminate(_grace(pod))

    def _deleted(self, uid: str, pod: Body) -> None:
        """By force, perhaps: then its containers live, and are to end."""
        if (life := self._lives.pop(uid, None)) is not None:
            life.terminate(_grace(pod))

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.api.delete(pods_path(self.namespace), {"gracePeriodSeconds": 0})
        await self.node.remove()


def _grace(pod: Body) -> float:
    """Seconds between SIGTERM and SIGKILL: as it was deleted, and one at least, by force too, as a kubelet has it."""
    given = pod["metadata"].get("deletionGracePeriodSeconds", pod["spec"].get("terminationGracePeriodSeconds", 30))
    return max(1.0, float(given))
