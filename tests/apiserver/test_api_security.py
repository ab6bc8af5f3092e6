"""Who gets in, what is refused at the door, and what is never written down."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dev.cluster.control_plane import ControlPlane
from tests.apiserver.api_fixtures import USER
from tests.apiserver.api_process import ApiProcess, token_of, user_name
from tests.apiserver.audit import Audit
from tests.apiserver.install import Installation
from tests.apiserver.jobs import job, score, submit, until_phase
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, jobs_path

OPEN = {"/health", "/readyz"}
UNHEARD_OF = score(instrument="unheard-of")


@pytest.fixture
async def hurried(control_plane: ControlPlane, installation: Installation, tmp_path: Path) -> AsyncIterator[ApiProcess]:
    """The API with the limits that it has by default."""
    process = ApiProcess(tmp_path, control_plane.url, control_plane.ca_file)
    await process.start()
    yield process
    await process.stop()


async def routes(http: httpx.AsyncClient) -> list[tuple[str, str]]:
    """(method, path) of each, with values in the path's places."""
    described = (await http.get("/openapi.json")).json()["paths"]
    places = {"job_id": "default.song", "sheet_num": "1"}
    return [(method.upper(), path.format_map(places)) for path, methods in described.items() for method in methods]


async def test_nobody_gets_in_without_a_token(http: httpx.AsyncClient, hurried: ApiProcess) -> None:
    found = await routes(http)
    assert len(found) > 8
    strangers = ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic dTpw"}, {"X-API-Key": "guess"})
    async with hurried.client() as client:
        for headers in strangers:
            for method, path in [*found, ("GET", "/"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/none")]:
                answer = await client.request(method, path, headers=headers)
                allowed = {200} if path in OPEN else {401, 429} if "guess" in str(headers) else {401}
                assert answer.status_code in allowed, (method, path, headers)
        answer = await client.get("/openapi.json?access_token=x&token=x")
        assert answer.status_code == 401


async def test_a_token_that_ran_out_is_not_known(api_process: ApiProcess, token: str) -> None:
    head, payload, signature = token.split(".")
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    async with api_process.client(f"{head}.{payload}.{changed}") as client:
        assert (await client.get("/openapi.json")).status_code == 401


async def test_foreign_requests(http: httpx.AsyncClient, api: Api, operator: OperatorProcess, namespace: str) -> None:
    await submit(api, namespace, job("mine", UNHEARD_OF))
    path = f"/api/jobs/{namespace}.mine/pause"
    refused: list[tuple[dict[str, str], int]] = [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Impersonate-User": "system:admin"}, 400),
    ]
    for headers, status in refused:
        answer = await http.post(path, headers=headers)
        assert answer.status_code == status, headers
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "paused" not in (await api.get(jobs_path(namespace, "mine")))["spec"]
    assert (await http.get("/health", headers={"Host": "evil.example"})).status_code == 421
    assert (await http.options(path, headers={"Origin": "http://evil.example"})).status_code == 405
    assert (await http.post(path, headers={"Origin": str(http.base_url).rstrip("/")})).status_code == 200


async def test_nothing_leads_elsewhere(http: httpx.AsyncClient) -> None:
    for path in ("/api/jobs/", "/health/", "//evil.example/", "/api/jobs/a.b/pause/"):
        answer = await http.post(path)
        assert answer.status_code in (404, 405), path
        assert "location" not in answer.headers


async def test_sizes(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/jobs", json={"config_content": "x" * (2 << 20)})
    assert answer.status_code == 413
    answer = await http.get("/health", headers={"X-Long": "x" * (17 << 10)})
    assert answer.status_code in (400, 431)


async def test_rates(control_plane: ControlPlane, api: Api, namespace: str, token: str, tmp_path: Path) -> None:
    """Of each identity, reads and writes apart; here next to nothing comes back while the test runs."""
    slow = {"MARIANNE_API_READS_PER_SECOND": "0.7", "MARIANNE_API_WRITES_PER_SECOND": "0.001"}
    process = ApiProcess(tmp_path, control_plane.url, control_plane.ca_file, slow)
    await process.start()
    async with process.client(token) as client:
        for call in (lambda: client.get("/openapi.json"), lambda: client.post("/api/jobs", json={})):
            answers = await asyncio.gather(*(call() for _ in range(100)))
            refused = [answer for answer in answers if answer.status_code == 429]
            assert 1 <= len(refused) < 100
            assert int(refused[0].headers["retry-after"]) >= 1
        assert (await client.get("/health")).status_code == 200
    async with process.client(await token_of(api, namespace, "another")) as client:
        assert (await client.post("/api/jobs", json={})).status_code == 400
    await process.stop()


async def test_guesses_are_slowed_down(hurried: ApiProcess, token: str) -> None:
    async with hurried.client(token) as known, hurried.client() as client:
        assert (await known.get("/openapi.json")).status_code == 200
        guesses = ({"Authorization": f"Bearer guess-{number}"} for number in range(100))
        answers = await asyncio.gather(*(client.get("/openapi.json", headers=each) for each in guesses))
        assert {answer.status_code for answer in answers} == {401, 429}
        assert (await known.get("/openapi.json")).status_code == 200


async def test_the_ninth_stream(hurried: ApiProcess, token: str, api: Api, namespace: str) -> None:
    await submit(api, namespace, job("mine", UNHEARD_OF))
    path = f"/api/jobs/{namespace}.mine/stream"
    async with hurried.client(token) as client:
        opened = [client.stream("GET", path) for _ in range(8)]
        answers = [await each.__aenter__() for each in opened]
        assert [answer.status_code for answer in answers] == [200] * 8
        assert (await client.get(path)).status_code == 429
        await opened[0].__aexit__(None, None, None)

        async with asyncio.timeout(30):
            while True:
                async with client.stream("GET", path) as another:
                    if another.status_code == 200:
                        break
        for each in opened[1:]:
            await each.__aexit__(None, None, None)


async def test_each_write_is_the_users(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, api_process: ApiProcess, installation: Installation,
    namespace: str,
) -> None:  # fmt: skip
    """In the API server's audit log, and in ours."""
    user = user_name(namespace, USER)
    audit = Audit(replace(installation, user=user))
    asked = {"config_content": yaml.safe_dump(UNHEARD_OF), "namespace": namespace, "name": "mine"}
    answers = [await http.post("/api/jobs", json=asked)]
    await until_phase(api, namespace, "mine", "Waiting")
    uid = (await api.get(jobs_path(namespace, "mine")))["metadata"]["uid"]
    answers.append(await http.post(f"/api/jobs/{namespace}.mine/pause"))
    answers.append(await http.post(f"/api/jobs/{namespace}.mine/cancel"))
    await until_phase(api, namespace, "mine", "Cancelled")
    answers.append(await http.delete(f"/api/jobs/{namespace}.mine"))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert (await http.post(f"/api/jobs/{namespace}.mine/pause")).status_code == 404
    writes = [call for call in audit.calls(namespace) if call.write]
    assert [(call.verb, call.resource, call.name, call.code) for call in writes] == [
        ("create", "mariannejobs", "mine", 201),
        ("patch", "mariannejobs", "mine", 200),
        ("patch", "mariannejobs", "mine", 200),
        ("delete", "mariannejobs", "mine", 200),
    ]
    lines = [json.loads(line) for line in api_process.log.read_text().splitlines()]
    told = [line for line in lines if line.get("namespace") == namespace]
    assert [line["event"] for line in told] == ["create", "pause", "cancel", "delete"]
    assert [line["request_id"] for line in told] == [answer.headers["x-request-id"] for answer in answers]
    assert {(line["user"], line["namespace"], line["job"], line["job_uid"]) for line in told} == {
        (user, namespace, "mine", uid)
    }


async def test_a_viewer_may_look_and_no_more(
    operator: OperatorProcess, api_process: ApiProcess, api: Api, namespace: str
) -> None:
    await submit(api, namespace, job("mine", UNHEARD_OF))
    viewer = await token_of(api, namespace, "viewer", "view")
    async with api_process.client(viewer) as client:
        assert (await client.get(f"/api/jobs/{namespace}.mine/sheets/99")).status_code == 404
        answer = await client.post(f"/api/jobs/{namespace}.mine/pause")
        assert answer.status_code == 403
        assert f'User "{user_name(namespace, "viewer")}" cannot patch resource' in answer.json()["detail"]
    stranger = await token_of(api, namespace, "stranger", None)
    async with api_process.client(stranger) as client:
        asked: dict[str, Any] = {"config_content": yaml.safe_dump(score()), "namespace": namespace}
        assert (await client.post("/api/jobs", json=asked)).status_code == 403
        for method, path in (("GET", "sheets/1"), ("POST", "pause"), ("DELETE", "")):
            answer = await client.request(method, f"/api/jobs/{namespace}.mine/{path}".rstrip("/"))
            assert answer.status_code == 403


async def test_tokens_are_never_written_down(
    control_plane: ControlPlane, token: str, namespace: str, tmp_path: Path
) -> None:
    """With the most talkative log, whatever goes wrong."""
    process = ApiProcess(tmp_path, control_plane.url, control_plane.ca_file, {"MARIANNE_API_LOG_LEVEL": "debug"})
    await process.start()
    seen = []
    async with process.client(token) as client:
        for method, path in (
            ("GET", "/openapi.json"),
            ("GET", f"/api/jobs/{namespace}.none/sheets/1"),
            ("GET", f"/api/jobs?namespace={namespace}"),
            ("POST", f"/api/jobs/{namespace}.none/pause"),
            ("POST", "/api/jobs"),
            ("GET", "/api/jobs/daemon/status"),
        ):
            answer = await client.request(method, path)
            seen.append(answer.text + str(answer.headers))
        for headers in ({"Authorization": f"Bearer {token}x"}, {"Authorization": f"Token {token}"}):
            seen.append((await client.get("/openapi.json", headers=headers)).text)
    assert await process.stop() == 0
    secret = token.rpartition(".")[2]
    assert '"event"' in process.log.read_text()
    for text in (process.log.read_text(), *seen):
        assert secret not in text
