"""The list, one job, its sheets, graph and events, on a real API server with the real operator."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.apiserver import jobs
from tests.apiserver.api_process import ApiProcess, token_of
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, jobs_path

LIST = "/api/jobs"


@pytest.fixture
async def other(api: Api, namespace: str) -> AsyncIterator[str]:
    """Another tenant's namespace, with a job that must not be seen."""
    name = f"{namespace}-other"
    await api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    await jobs.submit(api, name, jobs.job("hidden", jobs.score()))
    yield name
    await api.delete(f"/api/v1/namespaces/{name}")


async def listed(http: httpx.AsyncClient, namespace: str, **query: Any) -> tuple[list[str], int]:
    answer = await http.get(LIST, params={"namespace": namespace, **query})
    assert answer.status_code == 200, answer.text
    return [each["job_name"] for each in answer.json()["jobs"]], answer.json()["total"]


async def until_listed(http: httpx.AsyncClient, namespace: str, names: set[str], **query: Any) -> None:
    async def found() -> bool:
        return set((await listed(http, namespace, **query))[0]) == names

    await wait_for(f"{names} to be listed", found)


async def add(api: Api, namespace: str, name: str, labels: dict[str, str] | None = None, **status: Any) -> None:
    """A job as an operator would have left it."""
    body = jobs.job(name, jobs.score())
    body["metadata"]["labels"] = labels or {}
    await api.post(jobs_path(namespace), body)
    if status:
        await api.patch(f"{jobs_path(namespace, name)}/status", {"status": status})


@pytest.fixture
async def four(api: Api, namespace: str) -> None:
    times = {"startTime": "2026-11-24T10:00:00Z"}
    waiting = {"reason": "RateLimited", "since": "2026-11-24T10:00:00Z", "until": "2026-11-24T11:00:00Z"}
    await add(api, namespace, "a", phase="Completed", progress="2/2", **times)
    await add(api, namespace, "b", {"team": "red"}, phase="Waiting", progress="1/2", waiting=waiting, **times)
    await add(api, namespace, "c", {"team": "red"}, phase="Failed", progress="0/2", **times)
    await add(api, namespace, "d")


@pytest.mark.usefixtures("four")
async def test_the_list_is_filtered_searched_and_sorted(http: httpx.AsyncClient, namespace: str) -> None:
    assert await listed(http, namespace, sort="name") == (["a", "b", "c", "d"], 4)
    assert await listed(http, namespace, sort="-name", limit=2) == (["d", "c"], 4)
    assert await listed(http, namespace, sort="name", limit=2, offset=3) == (["d"], 4)
    assert await listed(http, namespace, status="running") == (["b"], 1)
    assert await listed(http, namespace, status="pending") == (["d"], 1)
    assert await listed(http, namespace, waiting="RateLimited") == (["b"], 1)
    assert await listed(http, namespace, q=".A") == (["a"], 1)  # with the dot: a namespace may have any letter
    assert await listed(http, namespace, label="team=red", sort="name") == (["b", "c"], 2)
    assert await listed(http, namespace, label="team=red", status="failed") == (["c"], 1)


@pytest.mark.usefixtures("four")
async def test_an_item_tells_the_truth(http: httpx.AsyncClient, namespace: str, api: Api) -> None:
    (item,) = (await http.get(LIST, params={"namespace": namespace, "status": "running"})).json()["jobs"]
    body = await api.get(jobs_path(namespace, "b"))
    assert item["job_id"] == f"{namespace}.b"
    assert item["uid"] == body["metadata"]["uid"]
    assert item["created_at"] == body["metadata"]["creationTimestamp"]
    assert (item["completed_sheets"], item["total_sheets"], item["progress_percent"]) == (1, 2, 50.0)
    waiting = {"reason": "RateLimited", "until": "2026-11-24T11:00:00Z", "message": None, "since": None}
    assert item["waiting"] == waiting


@pytest.mark.usefixtures("four")
async def test_the_list_follows_what_happens_and_pages_stay(http: httpx.AsyncClient, namespace: str, api: Api) -> None:
    first, _ = await listed(http, namespace, limit=2)
    await api.patch(f"{jobs_path(namespace, 'd')}/status", {"status": {"phase": "Running"}})
    await api.patch(f"{jobs_path(namespace, 'a')}/status", {"status": {"phase": "Failed"}})
    await until_listed(http, namespace, {"a", "c"}, status="failed")
    second, total = await listed(http, namespace, limit=2, offset=2)
    assert (set(first) | set(second), total) == ({"a", "b", "c", "d"}, 4)
    await api.delete(jobs_path(namespace, "b"))
    await until_listed(http, namespace, {"a", "c", "d"})


async def test_what_cannot_be_asked(http: httpx.AsyncClient, namespace: str) -> None:
    refused = {
        "limit": (501, 422),
        "offset": (-1, 422),
        "status": ("odd", 422),
        "sort": ("odd", 422),
        "label": ("a=!", 400),
    }
    for name, (value, status) in refused.items():
        answer = await http.get(LIST, params={"namespace": namespace, name: value})
        assert (answer.status_code, "detail" in answer.json()) == (status, True), name


async def test_who_may_not_list_all_namespaces_hears_it_from_the_api_server(http: httpx.AsyncClient) -> None:
    answer = await http.get(LIST)
    assert answer.status_code == 403
    assert 'cannot list resource "mariannejobs"' in answer.json()["detail"]


async def test_nobody_sees_another_tenant_s_jobs(
    api: Api, api_process: ApiProcess, http: httpx.AsyncClient, namespace: str, other: str
) -> None:
    """Also after somebody has seen them through the same process."""
    token = await token_of(api, other, "theirs")
    async with api_process.client(token) as theirs:
        assert await listed(theirs, other) == (["hidden"], 1)
    assert (await http.get(LIST, params={"namespace": other})).status_code == 403
    assert await listed(http, namespace) == ([], 0)
    for path in ("", "/status", "/sheets", "/graph", "/events", "/observer", "/stream"):
        answer = await http.get(f"/api/jobs/{other}.hidden{path}")
        assert (answer.status_code, namespace in answer.json()["detail"]) == (403, True), path
    assert (await http.get("/api/events/stream", params={"namespace": other})).status_code == 403
    assert (await http.get("/api/events/stream")).status_code == 403


async def test_an_unknown_job_is_404_everywhere(http: httpx.AsyncClient, namespace: str) -> None:
    for path in ("", "/sheets", "/graph", "/events", "/observer", "/stream"):
        for job_id in (f"{namespace}.unknown", f"{namespace}.Not_A_Name", "bare", "daemon", f"{namespace}.%2e%2e"):
            answer = await http.get(f"/api/jobs/{job_id}{path}")
            assert answer.status_code == 404, job_id + path


@pytest.mark.usefixtures("operator", "kubelet")
async def test_one_job_its_sheets_graph_and_events(api: Api, http: httpx.AsyncClient, namespace: str) -> None:
    score = jobs.score(
        4, script='[ "{{ sheet_num }}" != 3 ]', dependencies={2: [1], 3: [1], 4: [2, 3]}, retry={"max_retries": 1}
    )
    await jobs.submit(api, namespace, jobs.job("song", score))
    await jobs.until_phase(api, namespace, "song", "Failed")
    path = f"/api/jobs/{namespace}.song"
    detail = (await http.get(path)).json()
    assert (detail["status"], detail["job_name"], detail["last_completed_sheet"]) == ("failed", "song", 2)
    states = [sheet["status"] for sheet in detail["sheets"]]
    assert states == ["completed", "completed", "failed", "skipped"]
    assert "3" in detail["error_message"]
    status = (await http.get(f"{path}/status")).json()
    assert status == {key: detail[key] for key in status}
    page = (await http.get(f"{path}/sheets", params={"status": "completed", "limit": 1, "offset": 1})).json()
    assert ([sheet["sheet_num"] for sheet in page["sheets"]], page["total"]) == ([2], 2)
    movement = (await http.get(f"{path}/sheets", params={"movement": 3})).json()
    assert [sheet["sheet_num"] for sheet in movement["sheets"]] == [3]
    graph = (await http.get(f"{path}/graph")).json()
    assert graph["levels"] == [[1], [2, 3], [4]]
    assert [node["status"] for node in graph["nodes"]] == states
    assert len(graph["edges"]) == 4


@pytest.mark.usefixtures("operator")
async def test_the_graph_is_there_before_anything_runs(api: Api, http: httpx.AsyncClient, namespace: str) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(3), paused=True))
    await jobs.until_phase(api, namespace, "song", "Paused")
    graph = (await http.get(f"/api/jobs/{namespace}.song/graph")).json()
    assert [node["status"] for node in graph["nodes"]] == ["pending"] * 3
    assert graph["levels"] == [[1], [2], [3]]


async def test_a_job_that_no_conductor_has_seen_has_no_graph(api: Api, http: httpx.AsyncClient, namespace: str) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(3)))
    answer = await http.get(f"/api/jobs/{namespace}.song/graph")
    assert (answer.status_code, "not compiled" in answer.json()["detail"]) == (404, True)


@pytest.mark.usefixtures("operator")
async def test_events_of_the_job_are_told(api: Api, http: httpx.AsyncClient, namespace: str) -> None:
    await jobs.submit(api, namespace, jobs.job("song", {"name": "song"}))
    message = await jobs.until_event(api, namespace, "song", "ScoreInvalid")
    for route in ("events", "observer"):
        (told,) = (await http.get(f"/api/jobs/{namespace}.song/{route}")).json()["events"]
        assert (told["reason"], told["message"], told["type"]) == ("ScoreInvalid", message, "Warning")
        assert told["object"]["name"] == "song"
    assert (await http.get(f"/api/jobs/{namespace}.song/events", params={"limit": 0})).status_code == 422
