"""The life of one Pod on the simulated node, from its binding to its last status."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable
from typing import Any, Final, cast

from marianne_runner.contract import BRIEF_ANNOTATION, KEY_VARIABLE, Brief, encode_message
from tests.simulated_kubelet import statuses
from tests.simulated_kubelet.api import STRATEGIC, Api, ApiError, pods_path
from tests.simulated_kubelet.container import Container
from tests.simulated_kubelet.container_log import ContainerLog
from tests.simulated_kubelet.node import Node
from tests.simulated_kubelet.script import SIGKILL_EXIT, SIGTERM_EXIT, Body, Script, Speak
from tests.simulated_kubelet.statuses import Ending
from tests.simulated_kubelet.verdicts import interrupted
from tests.simulated_kubelet.volumes import ConfigError, Folders, MountError, environment, lay_out, main_container

MOUNT_AGAIN_SECONDS: Final = 0.2


class GoneError(Exception):
    """The object is not there any more, or is another of its name."""


class PodLife:
    """`terminate` when the object gets a deletionTimestamp, `gone` when it is deleted; `run` plays the script."""

    def __init__(self, api: Api, node: Node, pod: Body, script: Script, folders: Folders, *, talkative: bool) -> None:
        self._api, self._node, self._pod, self._script, self._folders = api, node, pod, script, folders
        self._talkative = talkative
        """Also report what lasts no time at all: that the container runs."""
        self.name: str = pod["metadata"]["name"]
        self._uid: str = pod["metadata"]["uid"]
        self._path = pods_path(pod["metadata"]["namespace"], self.name)
        self.log: ContainerLog | None = None
        """Of its container, once it was started."""
        self._stop = asyncio.Event()
        self._grace = float(pod["spec"].get("terminationGracePeriodSeconds", 30))

    def terminate(self, grace: float) -> None:
        """Somebody deleted it: its containers get this many seconds from SIGTERM to SIGKILL."""
        self._grace = grace
        self._stop.set()

    async def run(self) -> None:
        """Until its object needs nothing more of us."""
        try:
            await self._live()
        except GoneError:
            return
        if self._stop.is_set() and self._script.kind != "lost":
            with contextlib.suppress(GoneError):
                await self._remove()

    async def _live(self) -> None:
        if not self._pod["spec"].get("nodeName") and not await self._bind():
            await self._stop.wait()
            return
        if await self._stopped_within(self._script.start_after) or self._script.kind == "stuck":
            await self._never_start()
        elif self._script.kind == "runner":
            await self._run_runner()
        else:
            await self._play()

    async def _bind(self) -> bool:
        """The scheduler's part; False where the Pod fits on no node."""
        if (problem := self._node.refuses(self._pod)) is not None:
            await self._report(statuses.unschedulable(problem))
            return False
        target = {"apiVersion": "v1", "kind": "Node", "name": self._node.name}
        meta = {"name": self.name, "uid": self._uid}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": meta, "target": target}
        await self._unless_gone(self._api.post(f"{self._path}/binding", body))
        return True

    async def _never_start(self) -> None:
        if not self._stop.is_set():
            await self._report(
                statuses.waiting(self._pod, self._script.container_reason, self._script.container_message)
            )
            await self._stop.wait()
        await self._report(statuses.ended(self._pod, UNKNOWN))

    async def _play(self) -> None:
        script, started_at = self._script, statuses.stamp()
        if (self._talkative or script.seconds or script.kind != "ends") and not script.never_started:
            await self._report(statuses.running(self._pod, started_at))
        stopped = await self._stopped_within(script.seconds)
        if script.kind == "vanishes" and not stopped:
            await self._remove()
        elif script.kind == "lost":
            if script.pod_reason:
                await self._report(statuses.lost(self._pod, script, started_at))
            await asyncio.Event().wait()  # nobody answers any more; the kubelet's own end ends this
        elif stopped:
            await self._report(statuses.ended(self._pod, await self._stopped(started_at)))
        else:
            message = self._said(script.speak)
            await self._report(statuses.ended(self._pod, statuses.ending_of(script, message, started_at)))

    async def _stopped(self, started_at: str) -> Ending:
        """SIGTERM came while the scripted container ran."""
        if self._script.deaf:
            await asyncio.sleep(self._grace)
            return Ending(SIGKILL_EXIT, "", started_at)
        return Ending(SIGTERM_EXIT, self._said(interrupted), started_at)

    def _said(self, speak: Speak) -> str:
        """The verdict as a message; a Pod without a brief has none."""
        annotations = self._pod["metadata"].get("annotations") or {}
        if BRIEF_ANNOTATION not in annotations:
            return ""
        verdict = speak(cast(Brief, json.loads(annotations[BRIEF_ANNOTATION])), self._uid)
        variables = main_container(self._pod).get("env") or ()
        key = next((each["value"] for each in variables if each["name"] == KEY_VARIABLE), "")
        return encode_message(verdict, key).decode() if verdict is not None else ""

    async def _run_runner(self) -> None:
        container = await self._start_runner()
        if container is None:
            await self._report(statuses.ended(self._pod, UNKNOWN))
            return
        started_at = statuses.stamp()
        try:
            ending = asyncio.ensure_future(container.wait())
            await self._report(statuses.running(self._pod, started_at))
            code = await self._until_ended(container, ending)
        except GoneError:
            container.terminate()
            await asyncio.wait([ending], timeout=self._grace)
            raise
        finally:
            container.kill()
        how = Ending(code, container.message, started_at)
        await self._report(statuses.ending(self._pod, how))
        await self._report(statuses.ended(self._pod, how))

    async def _start_runner(self) -> Container | None:
        """None: it was deleted before its volumes were there."""
        told = ""
        while not self._stop.is_set():
            try:
                variables = await environment(self._api, self._pod)
                root = await lay_out(self._api, self._pod, self._folders)
                self.log = ContainerLog()
                return await Container.start(
                    root, variables, self.log, main_container(self._pod).get("command", [])[1:]
                )
            except (MountError, ConfigError) as error:
                reason = "ContainerCreating" if isinstance(error, MountError) else "CreateContainerConfigError"
                if str(error) != told:
                    told = str(error)
                    await self._report(
                        statuses.waiting(self._pod, reason, "" if isinstance(error, MountError) else told)
                    )
                    await self._node.tell_mount_failure(self._pod, told)
                await self._stopped_within(MOUNT_AGAIN_SECONDS)
        return None

    async def _until_ended(self, container: Container, ending: "asyncio.Future[int]") -> int:
        stop: asyncio.Future[bool] = asyncio.ensure_future(self._stop.wait())
        futures: set[asyncio.Future[Any]] = {ending, stop}
        try:
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                container.terminate()
                await asyncio.wait({ending}, timeout=self._grace)
                container.kill()
            return await ending
        finally:
            stop.cancel()

    async def _stopped_within(self, seconds: float) -> bool:
        if seconds and not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()

    async def _report(self, status: Body) -> None:
        body = {"metadata": {"uid": self._uid}, "status": status}
        await self._unless_gone(self._api.request("PATCH", f"{self._path}/status", body, STRATEGIC))

    async def _remove(self) -> None:
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._uid}}
        await self._unless_gone(self._api.request("DELETE", self._path, options))

    async def _unless_gone(self, call: Awaitable[Body]) -> None:
        try:
            await call
        except ApiError as error:
            other = error.code == 422 and "metadata.uid" in str(error)
            if error.code not in (404, 409) and not other:
                raise
            raise GoneError(str(error)) from error


UNKNOWN: Final = Ending(SIGKILL_EXIT, "", None, reason="ContainerStatusUnknown")
"""What a kubelet says of a container that it deletes and never had."""
