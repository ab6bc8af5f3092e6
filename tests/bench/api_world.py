"""What the benches of the HTTP API stand on: an API server of their own, the real API, and jobs that nobody runs."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dev.cluster.control_plane import ControlPlane
from dev.cluster.progress import step
from tests.apiserver import jobs
from tests.apiserver.api_process import ApiProcess, token_of
from tests.apiserver.install import install_crds
from tests.simulated_kubelet.api import Api, jobs_path

NAMESPACE: Final = "default"
AT_ONCE: Final = 20
SHEETS: Final = 12
SETTINGS: Final = {"MARIANNE_API_READS_PER_SECOND": "1000"}


@dataclass(frozen=True, slots=True)
class World:
    """`token` is of a user who may do anything in the namespace."""

    plane: ControlPlane
    api: Api
    process: ApiProcess
    token: str


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """No controller manager and no operator: only what is measured takes the machine's time."""
    with tempfile.TemporaryDirectory() as folder:
        plane = ControlPlane(Path(folder) / "plane")
        try:
            with step("API server"):
                plane.configure()
                plane.start_etcd()
                plane.start_apiserver()
                install_crds(plane)
            async with Api(plane.kubeconfig) as api:
                token = await token_of(api, NAMESPACE, "reader", "cluster-admin")
                process = ApiProcess(Path(folder), plane.url, plane.ca_file, SETTINGS)
                await process.start()
                try:
                    yield World(plane, api, process, token)
                finally:
                    await process.stop()
        finally:
            plane.stop()


async def fill(api: Api, count: int) -> None:
    """Jobs of twelve sheets, in the midst of their work."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def add(number: int) -> None:
        async with gate:
            name = f"job-{number:05}"
            await api.post(jobs_path(NAMESPACE), jobs.job(name, jobs.score(SHEETS)))
            await set_status(api, name, number % SHEETS)

    with step(f"{count} jobs"):
        await asyncio.gather(*(add(number) for number in range(count)))


async def set_status(api: Api, name: str, completed: int, **status: Any) -> None:
    """As an operator writes it."""
    sheets = [_sheet(num, "completed" if num <= completed else "pending") for num in range(1, SHEETS + 1)]
    whole = {
        "observedGeneration": 1,
        "phase": "Running",
        "run": 1,
        "progress": f"{completed}/{SHEETS}",
        "startTime": "2026-11-24T10:00:00Z",
        "sheets": sheets,
        **status,
    }
    await api.patch(f"{jobs_path(NAMESPACE, name)}/status", {"status": whole})


def _sheet(num: int, state: str) -> dict[str, Any]:
    if state == "pending":
        return {"num": num, "state": state, "attempt": 0}
    return {
        "num": num,
        "state": state,
        "attempt": 1,
        "attemptCount": 1,
        "podName": f"job-00000-12345678-s{num}-a1",
        "instrument": "cli",
        "startedAt": "2026-11-24T10:00:00Z",
        "completedAt": "2026-11-24T10:00:10Z",
        "exitCode": 0,
        "stdoutTail": "done " * 40,
    }
