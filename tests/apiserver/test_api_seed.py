"""The seed's routes against a real API server and a real operator: every status code, and what is written."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dev.cluster.control_plane import ControlPlane, free_port
from tests.apiserver.api_process import ApiProcess
from tests.apiserver.install import SYSTEM_NAMESPACE
from tests.apiserver.jobs import (
    CLAIM,
    HELD,
    SUB_PATH,
    add_claim,
    edit,
    job,
    score,
    submit,
    until_performed,
    until_phase,
    until_waiting,
)
from tests.apiserver.meddling import MeddlingProxy
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, ApiError, Body, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

STARTED = {
    "success", "job_id", "job_name", "status", "workspace", "total_sheets", "pid", "message", "via_daemon",
}  # fmt: skip
ACTED = {"success", "job_id", "status", "message", "via_daemon"}
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM_NAMESPACE}/leases/marianne-operator"
FAN_OUT = {
    "sheet": {"size": 1, "total_items": 3, "fan_out": {2: 4}, "dependencies": {2: [1], 3: [2]}},
}
FAILS = score(2, "test -e {{ workspace }}/mended", retry={"max_retries": 1})


async def start(http: httpx.AsyncClient, namespace: str, tree: dict[str, Any], **fields: Any) -> str:
    """The job's name."""
    workspace = f"{CLAIM}/{SUB_PATH}"
    asked = {"config_content": yaml.safe_dump(tree), "namespace": namespace, "workspace": workspace, **fields}
    answer = await http.post("/api/jobs", json=asked)
    assert answer.status_code == 200, answer.text
    name: str = answer.json()["job_id"].removeprefix(f"{namespace}.")
    return name


async def jobs_in(api: Api, namespace: str) -> list[Body]:
    listing: list[Body] = (await api.get(jobs_path(namespace)))["items"]
    return listing


@pytest.fixture
async def claim(api: Api, namespace: str) -> None:
    await add_claim(api, namespace)


@pytest.fixture
async def no_conductor(api: Api) -> None:
    """What an operator leaves behind that was stopped long ago."""
    await api.delete(LEASE)


class Acting:
    """POST a verb; the answer, checked for its keys."""

    def __init__(self, http: httpx.AsyncClient, namespace: str) -> None:
        self._http, self._namespace = http, namespace

    async def __call__(self, verb: str, name: str, status: int, **headers: str) -> dict[str, Any]:
        answer = await self._http.post(f"/api/jobs/{self._namespace}.{name}/{verb}", headers=headers)
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = answer.json()
        assert set(told) == (ACTED if status < 300 else {"detail"})
        return told


@pytest.fixture
async def act(http: httpx.AsyncClient, namespace: str) -> Acting:
    return Acting(http, namespace)


async def test_a_score_is_started(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str, kubelet: SimulatedKubelet, claim: None
) -> None:
    asked = {
        "config_content": yaml.safe_dump(score(**FAN_OUT)),
        "workspace": f"{CLAIM}/{SUB_PATH}",
        "start_sheet": 2,
        "self_healing": True,
        "namespace": namespace,
    }
    answer = await http.post("/api/jobs", json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) == STARTED
    namespace_of, _, name = told.pop("job_id").partition(".")
    assert namespace_of == namespace
    assert name.startswith("song-")
    assert told == {
        "success": True,
        "job_name": "song",
        "status": "accepted",
        "workspace": f"{CLAIM}/{SUB_PATH}",
        "total_sheets": 6,
        "pid": None,
        "message": "Job song started successfully",
        "via_daemon": True,
    }
    made = await api.get(jobs_path(namespace, name))
    assert made["spec"]["scoreText"] == asked["config_content"]
    assert (made["spec"]["startSheet"], made["spec"]["selfHealing"]) == (2, True)
    assert made["spec"]["workspace"]["persistentVolumeClaim"] == {"claimName": CLAIM, "subPath": SUB_PATH}
    assert {each["manager"] for each in made["metadata"]["managedFields"]} == {"marianne-api"}
    status = await until_phase(api, namespace, name, "Completed")
    assert status["score"]["totalSheets"] == 6


CANNOT_BE_STARTED: list[dict[str, Any]] = [
    {},
    {"config_content": ""},
    {"config_content": "name: song", "config_path": "scores/song.yaml"},
    {"config_content": "a: ["},
    {"config_content": "- 1"},
    {"config_content": yaml.safe_dump({**score(), "tempo": "fast"})},
    {"config_path": "scores/song.txt"},
    {"config_path": "scores/../song.yaml"},
    {"config_path": "/etc/song.yaml"},
    {"config_path": "song.yaml"},
    {"config_content": yaml.safe_dump(score()), "workspace": "/home/user/files"},
    {"config_content": yaml.safe_dump(score()), "workspace": "work/../../etc"},
    {"config_content": yaml.safe_dump(score()), "name": "Song/../x"},
    {"config_content": yaml.safe_dump(score()), "start_sheet": 20000},
]


async def test_what_cannot_be_started_is_400(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str
) -> None:
    for fields in CANNOT_BE_STARTED:
        answer = await http.post("/api/jobs", json={"namespace": namespace, **fields})
        assert answer.status_code == 400, fields
        assert answer.json()["detail"].startswith("Invalid job configuration"), fields
    assert await jobs_in(api, namespace) == []


async def test_a_start_sheet_below_one_is_422(http: httpx.AsyncClient, api: Api, namespace: str) -> None:
    asked = {"config_content": yaml.safe_dump(score()), "start_sheet": 0, "namespace": namespace}
    assert (await http.post("/api/jobs", json=asked)).status_code == 422
    assert await jobs_in(api, namespace) == []


async def test_a_score_in_a_config_map(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str, kubelet: SimulatedKubelet, claim: None
) -> None:
    body = {"metadata": {"name": "scores"}, "data": {"song.yaml": yaml.safe_dump(score(2))}}
    await api.post(f"/api/v1/namespaces/{namespace}/configmaps", body)
    asked = {"namespace": namespace, "workspace": f"{CLAIM}/{SUB_PATH}"}
    for missing in ("scores/none.yaml", "none/song.yml"):
        answer = await http.post("/api/jobs", json={**asked, "config_path": missing})
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("Configuration file not found")
    answer = await http.post("/api/jobs", json={**asked, "config_path": "scores/song.yaml"})
    assert (answer.status_code, answer.json()["total_sheets"]) == (200, 2)
    name = answer.json()["job_id"].partition(".")[2]
    assert (await until_phase(api, namespace, name, "Completed"))["score"]["source"].startswith("configmap/scores/")


async def test_a_name_is_taken_once(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str
) -> None:
    assert await start(http, namespace, score(), name="mine") == "mine"
    asked = {"config_content": yaml.safe_dump(score()), "namespace": namespace, "name": "mine"}
    assert (await http.post("/api/jobs", json=asked)).status_code == 409
    assert len(await jobs_in(api, namespace)) == 1


async def test_the_same_key_is_the_same_job(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str
) -> None:
    asked = {"config_content": yaml.safe_dump(score()), "namespace": namespace}
    key = {"Idempotency-Key": "first"}
    answers = await asyncio.gather(*(http.post("/api/jobs", json=asked, headers=key) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.text for answer in answers}) == 1
    assert len(await jobs_in(api, namespace)) == 1
    other = {**asked, "config_content": yaml.safe_dump(score(2, name="other"))}
    assert (await http.post("/api/jobs", json=other, headers=key)).status_code == 409
    assert (await http.post("/api/jobs", json=asked, headers={"Idempotency-Key": "second"})).status_code == 200
    assert len(await jobs_in(api, namespace)) == 2


async def test_pause_and_resume(
    operator: OperatorProcess, act: Acting, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path,
    claim: None,
) -> None:  # fmt: skip
    name = await start(http, namespace, score(2, HELD))
    await until_performed(workspace)
    await until_phase(api, namespace, name, "Running")
    assert (await act("resume", name, 409))["detail"] == "Job is not paused (status: running)"
    told = await act("pause", name, 200)
    assert (told["job_id"], told["status"], told["via_daemon"]) == (f"{namespace}.{name}", "running", True)
    assert (await api.get(jobs_path(namespace, name)))["spec"]["paused"] is True
    (workspace / "go").touch()
    await until_phase(api, namespace, name, "Paused")
    assert (await act("pause", name, 409))["detail"] == "Job is not running (status: paused)"
    await act("resume", name, 200)
    await until_phase(api, namespace, name, "Completed")
    assert (await act("pause", name, 409))["detail"] == "Job is not running (status: completed)"
    assert (await act("resume", name, 409))["detail"].startswith("Job is not paused (status: completed)")
    for verb in ("pause", "resume", "cancel"):
        assert (await act(verb, "nobody", 404))["detail"] == f"Score not found: {namespace}.nobody"


async def test_a_failed_job_is_resumed(
    operator: OperatorProcess, act: Acting, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path,
    claim: None,
) -> None:  # fmt: skip
    name = await start(http, namespace, FAILS)
    await until_phase(api, namespace, name, "Failed")
    (workspace / "mended").touch()
    await act("resume", name, 200)
    status = await until_phase(api, namespace, name, "Completed")
    assert status["run"] == 2


async def test_cancel(
    operator: OperatorProcess, act: Acting, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path,
    claim: None,
) -> None:  # fmt: skip
    running = await start(http, namespace, score(1, HELD), name="running")
    await until_phase(api, namespace, running, "Running")
    waiting = await start(http, namespace, score(instrument="unheard-of"), name="waiting")
    await until_waiting(api, namespace, waiting, "InstrumentNotFound")
    paused = "paused"
    await submit(api, namespace, job(paused, score(), paused=True))
    await until_phase(api, namespace, paused, "Paused")
    for name in (running, waiting, paused):
        assert (await act("cancel", name, 200))["success"] is True
        await until_phase(api, namespace, name, "Cancelled")
        assert (await act("cancel", name, 409))["detail"] == "Job already finished (status: cancelled)"
        assert (await act("resume", name, 409))["detail"].startswith("Job is not paused (status: cancelled)")
    await edit(api, namespace, running, cancel=False)
    await until_phase(api, namespace, running, "Cancelled")


async def test_a_job_that_nobody_saw_yet_is_cancelled(
    act: Acting, api: Api, namespace: str, no_conductor: None
) -> None:
    await submit(api, namespace, job("early", score()))
    told = await act("cancel", "early", 202, Prefer="respond-async")
    assert told["status"] == "pending"
    assert (await api.get(jobs_path(namespace, "early")))["spec"]["cancel"] is True


async def test_delete(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path, claim: None
) -> None:
    name = await start(http, namespace, score(1, HELD))
    await until_phase(api, namespace, name, "Running")
    job_id = f"{namespace}.{name}"
    answer = await http.delete(f"/api/jobs/{job_id}")
    assert answer.status_code == 404
    assert answer.json() == {"detail": f"Score not found: {job_id} (it is running: cancel it first)"}
    assert len(await jobs_in(api, namespace)) == 1
    (workspace / "go").touch()
    await until_phase(api, namespace, name, "Completed")
    answer = await http.delete(f"/api/jobs/{job_id}")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "job_id": job_id, "message": f"Job {job_id} deleted successfully"}

    async def gone() -> bool:
        return await jobs_in(api, namespace) == []

    await wait_for("the job to be gone", gone)
    answer = await http.delete(f"/api/jobs/{job_id}")
    assert (answer.status_code, answer.json()) == (404, {"detail": f"Score not found: {job_id}"})


@pytest.fixture
async def meddling(control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[MeddlingProxy]:
    async with MeddlingProxy(control_plane, tmp_path) as opened:
        yield opened


@pytest.fixture
async def meddled(meddling: MeddlingProxy, token: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API that speaks through the proxy."""
    process = ApiProcess(tmp_path, meddling.url)
    await process.start()
    async with process.client(token) as client:
        yield client
    await process.stop()


@pytest.mark.parametrize("verb", ["pause", "cancel", "delete"])
async def test_a_namesake_is_not_touched(
    operator: OperatorProcess, meddling: MeddlingProxy, meddled: httpx.AsyncClient, api: Api, namespace: str, verb: str
) -> None:
    body = job("mine", score(instrument="unheard-of"), cancel=verb == "delete")
    await submit(api, namespace, body)
    await until_phase(api, namespace, "mine", "Cancelled" if verb == "delete" else "Waiting")

    async def replace() -> None:
        await api.delete(jobs_path(namespace, "mine"))
        await api.post(jobs_path(namespace), job("mine", score(instrument="unheard-of")))

    meddling.before("DELETE" if verb == "delete" else "PATCH", replace)
    path = f"/api/jobs/{namespace}.mine"
    answer = await (meddled.delete(path) if verb == "delete" else meddled.post(f"{path}/{verb}"))
    assert answer.status_code == 409, answer.text
    found = await api.get(jobs_path(namespace, "mine"))
    assert not {"paused", "cancel"} & set(found["spec"])
    assert "deletionTimestamp" not in found["metadata"]


async def test_another_write_in_between_does_no_harm(
    operator: OperatorProcess, meddling: MeddlingProxy, meddled: httpx.AsyncClient, api: Api, namespace: str
) -> None:
    await submit(api, namespace, job("mine", score(instrument="unheard-of")))
    await until_phase(api, namespace, "mine", "Waiting")
    meddling.before("PATCH", lambda: edit(api, namespace, "mine", pausePolicy="Interrupt"))
    answer = await meddled.post(f"/api/jobs/{namespace}.mine/pause")
    assert answer.status_code == 200
    spec = (await api.get(jobs_path(namespace, "mine")))["spec"]
    assert (spec["paused"], spec["pausePolicy"]) == (True, "Interrupt")


async def test_sheet_details(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path, claim: None
) -> None:
    checked = score(1, "echo done; touch {{ workspace }}/made")
    checked["validations"] = [{"type": "file_exists", "path": "{workspace}/made", "description": "it was made"}]
    name = await start(http, namespace, checked)
    await until_phase(api, namespace, name, "Completed")
    answer = await http.get(f"/api/jobs/{namespace}.{name}/sheets/1")
    assert answer.status_code == 200
    told = answer.json()
    assert len(told) == 33
    assert (told["sheet_num"], told["status"], told["exit_code"], told["attempt_count"]) == (1, "completed", 0, 1)
    assert (told["validation_passed"], told["last_pass_percentage"]) == (True, 100.0)
    assert "done" in told["stdout_tail"]
    assert (told["cost_confidence"], told["applied_pattern_descriptions"]) == (1.0, [])
    for job_id, sheet, detail in (
        (f"{namespace}.{name}", "2", f"Sheet 2 not found in job {namespace}.{name}"),
        (f"{namespace}.nobody", "1", f"Score not found: {namespace}.nobody"),
        ("daemon", "1", "Score not found: daemon"),
        ("no-dot", "1", "Score not found: no-dot"),
        (f"{namespace}.Bad_Name", "1", f"Score not found: {namespace}.Bad_Name"),
    ):
        answer = await http.get(f"/api/jobs/{job_id}/sheets/{sheet}")
        assert (answer.status_code, answer.json()["detail"]) == (404, detail)
    assert (await http.get(f"/api/jobs/{namespace}.{name}/sheets/one")).status_code == 422


async def test_daemon_status(operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str) -> None:
    answer = await http.get("/api/jobs/daemon/status")
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {
        "connected", "pid", "uptime_seconds", "running_jobs", "total_jobs_active", "memory_usage_mb", "version",
    }  # fmt: skip
    assert (told["connected"], told["pid"]) == (True, operator.pid)
    assert told["uptime_seconds"] >= 0
    assert told["memory_usage_mb"] > 10
    await submit(api, namespace, job("mine", score(instrument="unheard-of")))

    async def counted() -> bool:
        return bool((await http.get("/api/jobs/daemon/status")).json()["total_jobs_active"] >= 1)

    await wait_for("the job to be counted with a renewal", counted)
    await operator.stop()

    async def disconnected() -> dict[str, Any] | None:
        answer = await http.get("/api/jobs/daemon/status")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return None if found["connected"] else found

    assert set(await wait_for("the conductor to be away", disconnected, 20)) == {"connected", "message"}


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
    async with asyncio.timeout(5):
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


async def test_the_api_servers_own_words(operator: OperatorProcess, http: httpx.AsyncClient, api: Api) -> None:
    """Of what the caller may not, and of a namespace that is not there."""
    answer = await http.get("/api/jobs/default.x/sheets/1")
    assert answer.status_code == 403
    assert 'User "system:serviceaccount:' in answer.json()["detail"]
    assert 'cannot get resource "mariannejobs"' in answer.json()["detail"]
    with pytest.raises(ApiError):
        await api.get(jobs_path("default", "x"))
    asked = {"config_content": yaml.safe_dump(score()), "namespace": "kube-system"}
    assert (await http.post("/api/jobs", json=asked)).status_code == 403


async def test_a_server_of_one_namespace(
    operator: OperatorProcess, control_plane: ControlPlane, token: str, namespace: str, tmp_path: Path
) -> None:
    """Its ids are bare names, and it knows no other namespace."""
    process = ApiProcess(tmp_path, control_plane.url, control_plane.ca_file, {"MARIANNE_API_NAMESPACES": namespace})
    await process.start()
    asked = {"config_content": yaml.safe_dump(score(instrument="unheard-of")), "name": "mine"}
    async with process.client(token) as client:
        for refused in ({"namespace": "default"}, {"name": "daemon"}):
            assert (await client.post("/api/jobs", json={**asked, **refused})).status_code == 400
        answer = await client.post("/api/jobs", json=asked)
        assert (answer.status_code, answer.json()["job_id"]) == (200, "mine")
        answer = await client.post("/api/jobs/mine/cancel")
        assert (answer.status_code, answer.json()["job_id"]) == (200, "mine")
        for unknown in (f"{namespace}.mine", "daemon"):
            assert (await client.post(f"/api/jobs/{unknown}/cancel")).status_code == 404
    await process.stop()
