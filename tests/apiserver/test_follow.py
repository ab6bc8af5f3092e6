"""Logs followed on a real API server, whose kubelet runs the real runner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from dev.cluster.control_plane import ControlPlane
from marianne_client.connection import Connection, open_client
from marianne_client.errors import ApiError
from marianne_client.follow import LogLine, Wanted, follow, read
from marianne_client.identity import JobId
from marianne_client.kubeconfig import load
from tests.apiserver import jobs
from tests.simulated_kubelet.api import Api, pods_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

AGAIN = "{{ workspace }}/again"
TWICE = f"if [ -e {AGAIN} ]; then echo second; else touch {AGAIN}; echo first; exit 1; fi"
"""Fails once."""
HELD = "printf 'bar\\r\\302\\205\\033[31m\\n'; until [ -e {{ workspace }}/go ]; do sleep 0.05; done; echo end"
"""What it says first has characters that some take for the end of a line."""
EVERYTHING = Wanted()

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
async def connection(control_plane: ControlPlane) -> AsyncIterator[Connection]:
    async with connected(control_plane.kubeconfig) as opened:
        yield opened


class connected:  # noqa: N801  (used as a function)
    def __init__(self, kubeconfig: Path) -> None:
        self._access = load(kubeconfig)
        self._client = open_client(self._access)

    async def __aenter__(self) -> Connection:
        return Connection(await self._client.__aenter__(), self._access.headers, "marianne-test")

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()


async def followed(connection: Connection, job: JobId, wanted: Wanted = EVERYTHING) -> list[LogLine]:
    async with asyncio.timeout(60), aclosing(follow(connection, job, wanted)) as lines:
        return [line async for line in lines]


async def test_it_waits_for_pods_and_follows_from_attempt_to_attempt(
    api: Api, namespace: str, connection: Connection, kubelet: SimulatedKubelet
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, TWICE)))
    lines = await followed(connection, JobId(namespace, "song"))
    said = [(line.sheet, line.attempt, line.text, line.source) for line in lines]
    assert said == [(1, 1, "first", "pod"), (1, 2, "second", "pod"), (2, 1, "second", "pod")]


async def test_who_comes_late_is_told_what_was_said_then_what_comes(
    api: Api, namespace: str, connection: Connection, workspace: Path
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, HELD)))
    job, got = JobId(namespace, "song"), list[LogLine]()
    await jobs.until_pod_phase(api, namespace, "song", "Running")
    async with asyncio.timeout(60), aclosing(follow(connection, job, EVERYTHING)) as lines:
        async for line in lines:
            got.append(line)
            (workspace / "go").touch()
    assert [line.text for line in got] == ["bar\r\x85\x1b[31m", "end"]


async def test_when_its_pod_has_gone_the_status_tells_the_end(
    api: Api, namespace: str, connection: Connection, kubelet: SimulatedKubelet
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, "echo kept; echo oops >&2")))
    await jobs.until_phase(api, namespace, "song", "Completed")
    job = JobId(namespace, "song")
    before = [line async for line in read(connection, job, EVERYTHING)]
    assert {(line.text, line.source) for line in before} == {("kept", "pod"), ("oops", "pod")}
    await api.delete(pods_path(namespace), {"gracePeriodSeconds": 0})
    after = [line async for line in read(connection, job, EVERYTHING)]
    assert [(line.text, line.source) for line in after] == [("kept", "tail"), ("oops", "tail")]


async def test_without_the_right_the_api_servers_words(
    api: Api, namespace: str, control_plane: ControlPlane, kubelet: SimulatedKubelet, kubectl
) -> None:
    kubectl("create", "role", "reader", "--verb=get,list,watch", "--resource=mariannejobs.marianne.dev")
    kubectl("create", "rolebinding", "reader", "--role=reader", "--user=reader")
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, "echo secret")))
    await jobs.until_phase(api, namespace, "song", "Completed")
    async with connected(control_plane.kubeconfig_for("reader")) as connection:
        with pytest.raises(ApiError, match='"reader" cannot get resource "pods/log"') as refused:
            await followed(connection, JobId(namespace, "song"))
    assert refused.value.status == 403
