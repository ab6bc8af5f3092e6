"""Nobody conducts, nobody knows whether, or no API server answers."""

import asyncio
from pathlib import Path

import httpx
import yaml

from dev.cluster.control_plane import ControlPlane, free_port
from tests.apiserver.api_jobs import Acting, jobs_in, start
from tests.apiserver.api_process import ApiProcess
from tests.apiserver.jobs import (
    job,
    score,
    submit,
    until_phase,
)
from tests.apiserver.meddling import MeddlingProxy
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet


async def test_a_job_that_nobody_saw_yet_is_cancelled(
    act: Acting, api: Api, namespace: str, no_conductor: None
) -> None:
    await submit(api, namespace, job("early", score()))
    told = await act("cancel", "early", 202, Prefer="respond-async")
    assert told["status"] == "pending"
    assert (await api.get(jobs_path(namespace, "early")))["spec"]["cancel"] is True


async def test_a_lease_that_may_not_be_read_is_unknown(
    operator: OperatorProcess, control_plane: ControlPlane, token: str, namespace: str, api: Api, tmp_path: Path
) -> None:
    """Not a 503: who may write may write."""
    settings = {"MARIANNE_API_LEASE_NAMESPACE": "kube-system"}
    process = ApiProcess(tmp_path, control_plane.url, control_plane.ca_file, settings)
    await process.start()
    async with process.client(token) as client:
        told = (await client.get("/api/jobs/daemon/status")).json()
        assert told["connected"] is False
        assert "cannot get resource" in told["message"]
        assert await start(client, namespace, score())
    await process.stop()


async def test_no_api_server(control_plane: ControlPlane, token: str, namespace: str, tmp_path: Path) -> None:
    """First it is known who asks, and the API server goes away; then it was never there."""
    async with MeddlingProxy(control_plane, tmp_path) as proxy:
        known = ApiProcess(tmp_path, proxy.url)
        await known.start()
        async with known.client(token) as client:
            assert (await client.get(f"/api/jobs/{namespace}.x/sheets/1")).status_code == 404
    unknown = ApiProcess(tmp_path, f"http://127.0.0.1:{free_port()}")
    await unknown.start()
    for process in (known, unknown):
        async with process.client(token) as client:
            await _expect_unavailable(client, f"/api/jobs/{namespace}.x")
        await process.stop()


async def _expect_unavailable(client: httpx.AsyncClient, path: str) -> None:
    asked = {"config_content": yaml.safe_dump(score())}
    async with asyncio.timeout(30):
        answers = await asyncio.gather(
            client.post("/api/jobs", json=asked),
            *(client.post(f"{path}/{verb}") for verb in ("pause", "resume", "cancel")),
            client.delete(path),
            client.get(f"{path}/sheets/1"),
        )
        status = await client.get("/api/jobs/daemon/status")
    for answer in answers:
        assert (answer.status_code, answer.json()) == (503, {"detail": "Conductor unavailable"})
    assert (status.status_code, status.json()["connected"]) == (200, False)
    assert (await client.get("/health")).status_code == 200


async def test_nobody_conducts(
    no_conductor: None, act: Acting, http: httpx.AsyncClient, api: Api, namespace: str,
    idle_operator: OperatorProcess, kubelet: SimulatedKubelet, workspace: Path,
) -> None:  # fmt: skip
    """A wish is refused unless its author says that it may wait."""
    await submit(api, namespace, job("mine", score()))
    before = await api.get(jobs_path(namespace, "mine"))
    for verb in ("pause", "cancel"):
        assert (await act(verb, "mine", 503))["detail"] == "Conductor unavailable"
    asked = {"config_content": yaml.safe_dump(score()), "namespace": namespace, "name": "other"}
    assert (await http.post("/api/jobs", json=asked)).status_code == 503
    assert await jobs_in(api, namespace) == [before]
    told = await act("pause", "mine", 202, Prefer="respond-async, wait=10")
    assert told["via_daemon"] is False
    assert told["message"].endswith("recorded, acts when the conductor is back")
    answer = await http.post("/api/jobs", json=asked, headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.json()["via_daemon"]) == (202, False)
    await idle_operator.start()
    await until_phase(api, namespace, "mine", "Paused")
