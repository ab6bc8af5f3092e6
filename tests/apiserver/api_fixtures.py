"""The API as a process, and a user who may edit in the test's namespace."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from dev.cluster.control_plane import ControlPlane
from dev.cluster.progress import tail
from tests.apiserver.api_jobs import Acting
from tests.apiserver.api_process import ApiProcess, token_of
from tests.apiserver.install import SYSTEM_NAMESPACE, Installation
from tests.apiserver.jobs import add_claim
from tests.simulated_kubelet.api import Api

LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM_NAMESPACE}/leases/marianne-operator"
USER = "user"
UNHURRIED = {"MARIANNE_API_READS_PER_SECOND": "200", "MARIANNE_API_WRITES_PER_SECOND": "100"}
"""Tests ask more often than people; those of the limits start a process of their own."""


@pytest.fixture(scope="session")
def shared_api(
    control_plane: ControlPlane, installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiProcess]:
    """The API, serving all tests of the session; each has users of its own."""
    process = ApiProcess(tmp_path_factory.mktemp("api"), control_plane.url, control_plane.ca_file, UNHURRIED)
    asyncio.run(process.start())
    yield process
    asyncio.run(process.stop())


@pytest.fixture
def api_process(shared_api: ApiProcess) -> Iterator[ApiProcess]:
    """The shared one. Its log is shown where the test fails."""
    yield shared_api
    print(tail(shared_api.log, 40))


@pytest.fixture
async def token(api: Api, installation: Installation, namespace: str) -> str:
    """Of the ServiceAccount `user`, who is `edit` in the test's namespace and nothing elsewhere."""
    return await token_of(api, namespace, USER)


@pytest.fixture
async def http(api_process: ApiProcess, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API's client, with that user's token."""
    async with api_process.client(token) as client:
        yield client


@pytest.fixture
async def claim(api: Api, namespace: str) -> None:
    await add_claim(api, namespace)


@pytest.fixture
async def no_conductor(api: Api) -> None:
    """What an operator leaves behind that was stopped long ago."""
    await api.delete(LEASE)


@pytest.fixture
async def act(http: httpx.AsyncClient, namespace: str) -> Acting:
    return Acting(http, namespace)
