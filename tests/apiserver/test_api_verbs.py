"""The seed's verbs against a real API server and a real operator: which in which state, and what is written."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from dev.cluster.control_plane import ControlPlane
from tests.apiserver.api_jobs import Acting, jobs_in, start
from tests.apiserver.api_process import ApiProcess
from tests.apiserver.jobs import (
    HELD,
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
from tests.simulated_kubelet.api import Api, jobs_path

FAILS = score(2, "test -e {{ workspace }}/mended", retry={"max_retries": 1})


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
    answers = await asyncio.gather(*(http.post(f"/api/jobs/{namespace}.{name}/resume") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert [answer for answer in answers if answer.status_code == 200]
    status = await until_phase(api, namespace, name, "Completed")
    assert status["run"] == 2


async def test_a_cancelled_job_is_restarted(
    operator: OperatorProcess, act: Acting, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path,
    claim: None,
) -> None:  # fmt: skip
    name = await start(http, namespace, score(2, HELD))
    await until_performed(workspace)
    await act("cancel", name, 200)
    await until_phase(api, namespace, name, "Cancelled")
    (workspace / "go").touch()
    wrong = await http.post(f"/api/jobs/{namespace}.{name}/restart", json={"scope": "FromSheet"})
    assert wrong.status_code == 422
    assert "from_sheet goes with scope FromSheet" in wrong.text
    assert (await act("restart", name, 200))["message"] == "Restart requested: the next run begins"
    status = await until_phase(api, namespace, name, "Completed")
    assert status["run"] == 2
    whole = await http.post(f"/api/jobs/{namespace}.{name}/restart", json={"scope": "All"})
    assert whole.status_code == 200
    await until_run(api, namespace, name, 3)
    assert (await until_phase(api, namespace, name, "Completed"))["run"] == 3


async def until_run(api: Api, namespace: str, name: str, run: int) -> None:
    async def reached() -> bool:
        body = await api.get(f"{jobs_path(namespace, name)}")
        return bool(body["status"]["run"] == run)

    await wait_for(f"run {run}", reached)


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


async def test_delete(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path, claim: None
) -> None:
    name = await start(http, namespace, score(1, HELD))
    await until_performed(workspace)
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
