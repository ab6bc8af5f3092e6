"""The real operator, `python -m marianne_operator`, as a process of this machine."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml

from dev.cluster.control_plane import free_port
from dev.cluster.progress import tail
from tests.apiserver.install import SYSTEM_NAMESPACE, TREE
from tests.apiserver.waiting import wait_for

POD_UID: Final = "the-operator-s-own-pod"
"""The Lease's holder: a restarted container has the same, and need not wait for the Lease to run out."""


class OperatorProcess:
    """Start it as often as needed: it is the same Pod, whose container is restarted. Its log grows in `folder`."""

    def __init__(self, folder: Path, kubeconfig: Path, settings: Mapping[str, Any], pod_uid: str = POD_UID) -> None:
        self.folder = folder
        self.log = folder / f"operator-{pod_uid}.log"
        self.port = free_port()
        self._kubeconfig, self._pod_uid = kubeconfig, pod_uid
        self._settings = folder / f"settings-{pod_uid}.yaml"
        self._settings.write_text(yaml.safe_dump(dict(settings)))
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._process is None:
            raise RuntimeError("it was not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def launch(self) -> None:
        """Start the process; it may not be ready."""
        environment = {
            **os.environ,
            "KUBECONFIG": str(self._kubeconfig),
            "MARIANNE_SETTINGS": str(self._settings),
            "MARIANNE_NAMESPACE": SYSTEM_NAMESPACE,
            "MARIANNE_PORT": str(self.port),
            "POD_UID": self._pod_uid,
            "PYTHONPATH": str(TREE / "operator"),
        }
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "marianne_operator", env=environment, stdout=log, stderr=log, cwd=self.folder
            )

    async def start(self) -> None:
        """Start it; returns when it conducts."""
        await self.launch()
        await wait_for("the operator to be ready", self.ready, 60)

    async def ready(self) -> bool:
        """Raises where it has ended."""
        if not self.running:
            raise RuntimeError(f"the operator has ended; the end of its log:\n{tail(self.log, 30)}")
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def metrics(self) -> str:
        """As Prometheus reads them."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}/metrics") as answer:
            return await answer.text()

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """A signal, if it lives."""
        if self.running and self._process is not None:
            self._process.send_signal(number)

    async def ended(self, deadline: float = 15.0) -> int:
        """Its exit code, once it has ended by itself or by a signal."""
        if self._process is None:
            raise RuntimeError("it was not started")
        return await asyncio.wait_for(self._process.wait(), deadline)

    async def stop(self) -> None:
        """SIGTERM; SIGKILL when that is not enough."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self._process is not None:
            try:
                await self.ended()
            except TimeoutError:
                self.kill()
                await self.ended()
