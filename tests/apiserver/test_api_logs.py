"""Logs over HTTP: a real API, a real API server, and a kubelet that runs the real runner."""

from pathlib import Path

import httpx
import pytest

from dev.cluster.control_plane import ControlPlane
from marianne_api.logs_routes import rights
from marianne_api.read.timing import Timing
from tests.apiserver import jobs
from tests.apiserver.api_process import ApiProcess, token_of
from tests.apiserver.served_app import served
from tests.apiserver.test_api_stream import reading
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, pods_path

AGAIN = "{{ workspace }}/again"
TWICE = f"if [ -e {AGAIN} ]; then echo second; else touch {AGAIN}; echo first; exit 1; fi"
"""Fails once."""
SAYS = "echo begin; until [ -e {{ workspace }}/go ]; do sleep 0.05; done; echo end"

pytestmark = pytest.mark.usefixtures("operator", "kubelet")


async def ended(api: Api, namespace: str, script: str, sheets: int = 1) -> str:
    """The path of a completed job."""
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(sheets, script)))
    await jobs.until_phase(api, namespace, "song", "Completed")
    return f"/api/jobs/{namespace}.song"


async def test_a_stream_goes_from_attempt_to_attempt_and_ends_with_the_job(
    api: Api, namespace: str, http: httpx.AsyncClient
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, TWICE)))
    async with reading(http, f"/api/jobs/{namespace}.song/logs") as reader:
        heard = await reader.rest(60)
    logs = [each.data for each in heard if each.name == "log"]
    told = [(log["sheet"], log["attempt"], log["line"], log["line_number"], log["source"]) for log in logs]
    assert told == [(1, 1, "first", 1, "pod"), (1, 2, "second", 2, "pod"), (2, 1, "second", 3, "pod")]
    assert all(log["timestamp"].endswith("Z") and log["initial"] is False for log in logs)
    assert (heard[-1].name, heard[-1].data) == ("log_complete", {"job_id": f"{namespace}.song", "lines": 3})


async def test_what_was_said_before_is_marked(
    api: Api, namespace: str, http: httpx.AsyncClient, workspace: Path
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, SAYS)))
    path = f"/api/jobs/{namespace}.song/logs"

    async def begun() -> bool:
        answer = await http.get(path, params={"follow": "false"})
        return '"line":"begin"' in answer.text and answer.text.rstrip().endswith("}")

    await wait_for("the first line", begun)
    async with reading(http, path) as reader:
        first = (await reader.until("log"))[-1].data
        (workspace / "go").touch()
        last = (await reader.until("log", patience=30))[-1].data
        rest = await reader.rest(30)
    assert [(log["line"], log["initial"]) for log in (first, last)] == [("begin", True), ("end", False)]
    assert [each.name for each in rest] == ["log_complete"]


async def test_the_tail_is_told_and_marked_when_the_pod_has_gone(
    api: Api, namespace: str, http: httpx.AsyncClient
) -> None:
    path = await ended(api, namespace, "echo kept")
    await api.delete(pods_path(namespace), {"gracePeriodSeconds": 0})
    async with reading(http, f"{path}/logs") as reader:
        heard = await reader.rest(30)
    log = heard[0].data
    assert (log["line"], log["source"], log["timestamp"]) == ("kept", "tail", None)
    text = (await http.get(f"{path}/logs/static")).text
    assert text.splitlines()[5:] == ["[1 a1] (tail) kept"]


async def test_a_file_and_what_is_known_of_it(api: Api, namespace: str, http: httpx.AsyncClient) -> None:
    path = await ended(api, namespace, "for i in 1 2 3; do echo line $i; done", sheets=2)
    answer = await http.get(f"{path}/logs/static")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="song.log"'
    head, lines = answer.text.splitlines()[:5], answer.text.splitlines()[5:]
    assert [each.partition(":")[0] for each in head] == ["# Job", "# Score", "# Status", "# Sheets", "# Read"]
    assert head[:4] == [f"# Job: {namespace}.song", "# Score: song", "# Status: completed", "# Sheets: 2"]
    assert [each.split(" ", 3)[:2] for each in lines] == [["[1", "a1]"]] * 3 + [["[2", "a1]"]] * 3
    assert [each.rpartition("Z ")[2] for each in lines] == ["line 1", "line 2", "line 3"] * 2
    info = (await http.get(f"{path}/logs/info")).json()
    body = "".join(f"{line}\n" for line in lines)
    assert info == {
        "job_id": f"{namespace}.song",
        "log_file": "song.log",
        "size_bytes": len(body),
        "lines": 6,
        "last_modified": lines[-1].split(" ")[2],
    }
    assert (await http.get(f"{path}/logs/info", params={"sheet": 2})).json()["lines"] == 3
    assert (await http.get(f"{path}/logs/info", params={"since": "2000-01-01T00:00:00Z"})).json()["lines"] == 6
    assert (await http.get(f"{path}/logs/info", params={"since": "2037-01-01T00:00:00Z"})).json()["lines"] == 0


async def test_more_than_it_can_print_comes_whole(api: Api, namespace: str, http: httpx.AsyncClient) -> None:
    path = await ended(api, namespace, "seq -f 'line %.0f of many' 20000")
    lines = (await http.get(f"{path}/logs/static")).text.splitlines()[5:]
    assert [each.rpartition("Z ")[2] for each in lines] == [f"line {num} of many" for num in range(1, 20001)]
    async with reading(http, f"{path}/logs?tail_lines=1000") as reader:
        heard = await reader.rest(60)
    assert [each.data["line"] for each in heard[:-1]] == [f"line {num} of many" for num in range(19001, 20001)]


async def test_what_is_not_there_and_what_is_no_sense(api: Api, namespace: str, http: httpx.AsyncClient) -> None:
    path = await ended(api, namespace, "echo one; echo two")
    for leaf in ("logs", "logs/static", "logs/info"):
        missing = await http.get(f"/api/jobs/{namespace}.nothing/{leaf}")
        assert (missing.status_code, missing.json()["detail"]) == (404, f"Score not found: {namespace}.nothing")
        none = await http.get(f"{path}/{leaf}", params={"sheet": 7})
        assert (none.status_code, none.json()["detail"]) == (404, f"Sheet 7 not found in job {namespace}.song")
        assert (await http.get(f"{path}/{leaf}", params={"sheet": 0})).status_code == 422
        for since in ("yesterday", "2026-11-24", "2026-11-24T10:00:00"):
            assert (await http.get(f"{path}/{leaf}", params={"since": since})).status_code == 400
        assert (await http.get(f"{path}/{leaf}", params={"attempt": 9})).status_code == 200
    for lines, status in ((-1, 400), (0, 200), (1000, 200), (1001, 400)):
        answer = await http.get(f"{path}/logs", params={"tail_lines": lines})
        assert answer.status_code == status
        assert answer.text.count("event: log\n") == (2 if lines == 1000 else 0)


async def test_a_right_that_is_taken_away_ends_the_stream(
    api: Api, namespace: str, control_plane: ControlPlane, workspace: Path, monkeypatch: pytest.MonkeyPatch, kubectl
) -> None:
    monkeypatch.setattr(rights, "AGAIN_SECONDS", 0.2)
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, SAYS)))
    token = await token_of(api, namespace, "leaver")
    path = f"/api/jobs/{namespace}.song/logs"
    async with (
        served(control_plane.url, control_plane.ca_file, Timing()) as app,
        app.client(token) as client,
        reading(client, path) as reader,
    ):
        await reader.until("log", patience=30)
        kubectl("create", "role", "jobs-only", "--verb=get,list,watch", "--resource=mariannejobs.marianne.dev")
        kubectl("create", "rolebinding", "jobs-only", "--role=jobs-only", f"--serviceaccount={namespace}:leaver")
        kubectl("delete", "rolebinding", "leaver-edit")
        heard = await reader.rest(30)
    assert (heard[-1].name, heard[-1].data["status"]) == ("error", 403)
    assert "pods/log" in heard[-1].data["detail"]


async def test_without_the_right_to_read_logs_the_api_servers_words(
    api: Api, namespace: str, api_process: ApiProcess, kubectl
) -> None:
    path = await ended(api, namespace, "echo secret")
    token = await token_of(api, namespace, "reader", None)
    kubectl("create", "role", "reader", "--verb=get,list,watch", "--resource=mariannejobs.marianne.dev")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:reader")
    async with api_process.client(token) as client:

        async def bound() -> bool:
            return (await client.get(path)).status_code == 200

        await wait_for("the binding", bound)
        refused = await client.get(f"{path}/logs/static")
        streamed = await client.get(f"{path}/logs")
    assert refused.status_code == 403
    assert 'cannot get resource "pods/log"' in refused.json()["detail"]
    assert "secret" not in streamed.text
    assert "event: error\n" in streamed.text and '"status":403' in streamed.text
