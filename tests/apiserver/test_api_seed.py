"""The seed's routes against a real API server and a real operator: starting, sheets, the conductor."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dev.cluster.control_plane import ControlPlane
from tests.apiserver.api_jobs import jobs_in, start
from tests.apiserver.api_process import ApiProcess
from tests.apiserver.jobs import (
    CLAIM,
    SUB_PATH,
    job,
    score,
    submit,
    until_phase,
)
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, ApiError, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

STARTED = {
    "success", "job_id", "job_name", "status", "workspace", "total_sheets", "pid", "message", "via_daemon",
}  # fmt: skip
FAN_OUT = {
    "sheet": {"size": 1, "total_items": 3, "fan_out": {2: 4}, "dependencies": {2: [1], 3: [2]}},
}


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
