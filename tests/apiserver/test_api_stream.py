"""Streams on a real API server: every change in order, the end, and no lost final state whatever breaks."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from dev.cluster.control_plane import ControlPlane
from marianne_api.read.timing import Timing
from tests.apiserver import jobs
from tests.apiserver.api_process import token_of
from tests.apiserver.gate import Gate
from tests.apiserver.install import install_crds
from tests.apiserver.served_app import ServedApp, served
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, jobs_path
from tests.unit.api_read.streams import Reader

OFTEN = Timing(rights=0.2, retry=0.05, heartbeat=0.5)


@contextlib.asynccontextmanager
async def reading(client: httpx.AsyncClient, path: str, **headers: str) -> AsyncIterator[Reader]:
    async with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Reader(answer.aiter_bytes())


def stream_of(namespace: str, name: str = "song") -> str:
    return f"/api/jobs/{namespace}.{name}/stream"


async def set_status(api: Api, namespace: str, name: str, **status: object) -> None:
    await api.patch(f"{jobs_path(namespace, name)}/status", {"status": {"observedGeneration": 1, **status}})


@pytest.fixture
async def app(control_plane: ControlPlane) -> AsyncIterator[ServedApp]:
    async with served(control_plane.url, control_plane.ca_file, OFTEN) as made:
        yield made


@pytest.mark.usefixtures("operator", "kubelet")
async def test_a_job_is_followed_from_its_first_state_to_its_end(
    api: Api, http: httpx.AsyncClient, namespace: str, workspace: Path
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD), paused=True))
    await jobs.until_phase(api, namespace, "song", "Paused")
    async with reading(http, stream_of(namespace)) as reader:
        first = await reader.until("job_status")
        assert (len(first), first[0].data["status"], first[0].data["total_sheets"]) == (1, "paused", 2)
        await jobs.edit(api, namespace, "song", paused=False)
        heard = await reader.until("sheet", sheet_num=1, status="in_progress", patience=30)
        (workspace / "go").touch()
        heard += await reader.rest(30)
    states = {num: [each.data["status"] for each in heard if each.data.get("sheet_num") == num] for num in (1, 2)}
    order = ["dispatched", "in_progress", "completed"]
    for told in states.values():
        assert told == sorted(told, key=order.index)
        assert told[-1] == "completed"
    progress = [each.data["completed_sheets"] for each in heard if each.name == "job_status"]
    assert progress == sorted(progress)
    ids = [int(each.id) for each in heard if each.id]
    assert ids == sorted(ids)
    assert (heard[-1].name, heard[-1].data["final_status"]) == ("job_finished", "completed")
    again = await http.get(stream_of(namespace), headers={"Last-Event-ID": heard[-1].id})
    assert again.status_code == 204


async def test_a_job_that_is_deleted(api: Api, http: httpx.AsyncClient, namespace: str) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    async with reading(http, stream_of(namespace)) as reader:
        await reader.until("job_status")
        await api.delete(jobs_path(namespace, "song"))
        assert [told.name for told in await reader.rest()] == ["job_deleted"]


async def test_an_interval_out_of_bounds(api: Api, http: httpx.AsyncClient, namespace: str) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    for interval in ("0.05", "31", "-1"):
        assert (await http.get(stream_of(namespace), params={"poll_interval": interval})).status_code == 400


async def test_all_jobs_of_a_namespace(api: Api, http: httpx.AsyncClient, namespace: str) -> None:
    path = f"/api/events/stream?namespace={namespace}"
    version = (await http.get("/api/jobs", params={"namespace": namespace})).json()["version"]
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    async with reading(http, path, **{"Last-Event-ID": version}) as reader:
        heard = await reader.until("job", job_id=f"{namespace}.song")
        assert heard[0].name == "connected"
        await set_status(api, namespace, "song", phase="Running", progress="1/2")
        await reader.until("job", phase="Running", completed_sheets=1)
        await api.delete(jobs_path(namespace, "song"))
        last = (await reader.until("job_deleted"))[-1]
    async with reading(http, path, **{"Last-Event-ID": last.id}) as reader:
        await jobs.submit(api, namespace, jobs.job("next", jobs.score()))
        told = [each.data["job_id"] for each in await reader.until("job") if each.name != "connected"]
        assert told == [f"{namespace}.next"]


@pytest.mark.usefixtures("installation")
async def test_a_right_that_is_taken_away_ends_its_streams_alone(api: Api, app: ServedApp, namespace: str) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    mine, theirs = await token_of(api, namespace, "mine"), await token_of(api, namespace, "theirs")
    async with (
        app.client(mine) as client,
        app.client(theirs) as other,
        reading(client, stream_of(namespace)) as one,
        reading(client, f"/api/events/stream?namespace={namespace}") as all_jobs,
        reading(other, stream_of(namespace)) as kept,
    ):
        await kept.until("heartbeat")
        await api.delete(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/mine-edit")
        for reader in (one, all_jobs):
            last = (await reader.rest())[-1]
            assert (last.name, last.data["status"], last.data["final"]) == ("error", 403, True)
            assert "taken away" in last.data["detail"]
        assert (await client.get("/api/jobs", params={"namespace": namespace})).status_code == 403
        await set_status(api, namespace, "song", phase="Running")
        await kept.until("job_status", status="running")


@pytest.mark.usefixtures("installation")
async def test_a_token_that_is_nobody_s_any_more_ends_its_streams(api: Api, app: ServedApp, namespace: str) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    token = await token_of(api, namespace, "mine")
    async with app.client(token) as client, reading(client, stream_of(namespace)) as reader:
        await reader.until("job_status")
        await api.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/mine")
        last = (await reader.rest(30))[-1]
        assert (last.name, last.data["status"]) == ("error", 401)


@pytest.mark.usefixtures("installation")
async def test_a_watch_more_than_there_are_places_is_429_until_a_reader_has_left(
    api: Api, control_plane: ControlPlane, namespace: str
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    mine, theirs = await token_of(api, namespace, "mine"), await token_of(api, namespace, "theirs")
    query = {"namespace": namespace}
    async with (
        served(control_plane.url, control_plane.ca_file, OFTEN, watches=1) as app,
        app.client(mine) as client,
        app.client(theirs) as other,
    ):
        async with reading(client, stream_of(namespace)) as reader:
            await reader.until("job_status")
            assert (await client.get("/api/jobs", params=query)).status_code == 200
            refused = await other.get("/api/jobs", params=query)
            assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)

        async def let_in() -> bool:
            return (await other.get("/api/jobs", params=query)).status_code == 200

        await wait_for("a place", let_in)


@pytest.mark.usefixtures("installation")
async def test_what_happens_while_the_network_is_cut_is_told_afterwards(
    api: Api, control_plane: ControlPlane, namespace: str
) -> None:
    for name in ("song", "short"):
        await jobs.submit(api, namespace, jobs.job(name, jobs.score()))
    token = await token_of(api, namespace, "user")
    async with (
        Gate(control_plane.port) as gate,
        served(gate.url, control_plane.ca_file, OFTEN) as app,
        app.client(token) as client,
        reading(client, stream_of(namespace)) as song,
        reading(client, stream_of(namespace, "short")) as short,
        reading(client, f"/api/events/stream?namespace={namespace}") as everything,
    ):
        await song.until("job_status")
        await short.until("job_status")
        gate.shut()
        stale = (await song.until("error"))[-1]
        assert stale.data == {"status": 503, "detail": "Conductor unavailable", "final": False}
        assert (await song.until("heartbeat"))[-1].data["connected"] is False
        answer = await client.get("/api/jobs", params={"namespace": namespace})
        assert (answer.status_code, answer.json()) == (503, {"detail": "Conductor unavailable"})
        await set_status(api, namespace, "song", phase="Completed", progress="1/1")
        await api.delete(jobs_path(namespace, "short"))
        gate.open()
        assert (await song.rest())[-1].data["final_status"] == "completed"
        assert (await short.rest())[-1].name == "job_deleted"
        await everything.until("job", job_id=f"{namespace}.song", status="completed")
        answer = await client.get("/api/jobs", params={"namespace": namespace})
        assert [each["status"] for each in answer.json()["jobs"]] == ["completed"]


async def test_an_api_server_that_starts_anew_loses_no_final_state(tmp_path: Path) -> None:
    """Its watch cache is empty then: versions from before are gone for it."""
    plane = ControlPlane(tmp_path)
    try:
        plane.configure()
        plane.start_etcd()
        plane.start_apiserver()
        install_crds(plane)
        async with Api(plane.kubeconfig) as api:
            await _restart(plane, api)
    finally:
        plane.stop()


async def _restart(plane: ControlPlane, api: Api) -> None:
    namespace = "default"
    await api.post(jobs_path(namespace), jobs.job("song", jobs.score()))
    token = await token_of(api, namespace, "user", role="cluster-admin")
    async with (
        served(plane.url, plane.ca_file, OFTEN) as app,
        app.client(token) as client,
        reading(client, stream_of(namespace)) as reader,
        reading(client, "/api/events/stream?namespace=default") as everything,
    ):
        await reader.until("job_status")
        plane.kill_apiserver()
        await reader.until("error")
        plane.start_apiserver()

        async def answered() -> bool:
            answer = await client.get("/api/jobs", params={"namespace": namespace})
            return answer.status_code == 200

        await wait_for("the list", answered)
        await set_status(api, namespace, "song", phase="Failed")
        assert (await reader.rest())[-1].data["final_status"] == "failed"
        await everything.until("job", status="failed")
