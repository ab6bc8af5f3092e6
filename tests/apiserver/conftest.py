"""A real API server for the whole session; for each test a namespace, a simulated kubelet and the real operator."""

import asyncio
import contextlib
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from dev.cluster.control_plane import ControlPlane
from dev.cluster.progress import tail
from tests.apiserver.api_fixtures import act, api_process, claim, http, no_conductor, shared_api, token
from tests.apiserver.fault_proxy import FaultProxy
from tests.apiserver.install import Installation, install, install_crds
from tests.apiserver.jobs import CLAIM, SUB_PATH
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api
from tests.simulated_kubelet.kubelet import SimulatedKubelet
from tests.simulated_kubelet.log_server import Certificate
from tests.simulated_kubelet.node import Node
from tests.simulated_kubelet.script import RUNNER
from tests.simulated_kubelet.volumes import Folders

__all__ = ["act", "api_process", "claim", "http", "no_conductor", "shared_api", "token"]
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """etcd, kube-apiserver and kube-controller-manager, with the CRDs."""
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        install_crds(plane)
        yield plane


@pytest.fixture(scope="session")
def installation(control_plane: ControlPlane) -> Installation:
    """The chart's RBAC, instruments and settings."""
    return install(control_plane)


@pytest.fixture
async def api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    """The administrator's hands."""
    async with Api(control_plane.kubeconfig) as opened:
        yield opened


@pytest.fixture
async def namespace(api: Api) -> AsyncIterator[str]:
    """One for this test; everything in it goes with it."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    await api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def kubectl(control_plane: ControlPlane, namespace: str) -> Kubectl:
    """As the administrator, in the test's namespace; the caller looks at the return code."""

    def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return control_plane.kubectl(f"--namespace={namespace}", *arguments, text=text)

    return run


@pytest.fixture
async def kubelet(
    control_plane: ControlPlane, api: Api, namespace: str, tmp_path: Path
) -> AsyncIterator[SimulatedKubelet]:
    """Runs the real runner for every Pod of the namespace, unless the test sets another `choose`."""
    folders = Folders(claims=tmp_path / "claims", pods=tmp_path / "pods")
    node = Node(api, f"node-of-{namespace}")
    simulated = SimulatedKubelet(
        api, node, namespace, folders, choose=lambda _pod: RUNNER, certificate=_kubelet_certificate(control_plane)
    )
    ready = asyncio.Event()
    running = asyncio.create_task(simulated.run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    yield simulated
    waiting.cancel()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert simulated.failures == []


def _kubelet_certificate(plane: ControlPlane) -> Certificate:
    file, key = plane.authority.issue("simulated-kubelet", "system:node:simulated", (), ("127.0.0.1",))
    return Certificate(file, key, plane.ca_file)


@pytest.fixture
def workspace(kubelet: SimulatedKubelet, namespace: str) -> Path:
    """What `jobs.job` gives its sheets to work in."""
    return kubelet.folders.claim(namespace, CLAIM) / SUB_PATH


@pytest.fixture
async def idle_operator(installation: Installation, tmp_path: Path) -> AsyncIterator[OperatorProcess]:
    """The operator, not started yet; stopped in the end. Its log is shown where the test fails."""
    process = OperatorProcess(tmp_path, installation.kubeconfig(), installation.settings)
    yield process
    await process.stop()
    print(tail(process.log, 40))


@pytest.fixture
async def operator(idle_operator: OperatorProcess) -> OperatorProcess:
    """The operator, conducting."""
    await idle_operator.start()
    return idle_operator


@pytest.fixture
async def proxy(installation: Installation, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    """Stands between the `proxied_operator` and the API server."""
    async with FaultProxy(installation.kubeconfig(), tmp_path) as opened:
        yield opened


@pytest.fixture
async def proxied_operator(
    proxy: FaultProxy, installation: Installation, tmp_path: Path
) -> AsyncIterator[OperatorProcess]:
    """The operator, conducting through the proxy, which may kill it."""
    process = OperatorProcess(tmp_path, proxy.kubeconfig(), installation.settings)
    proxy.kill = process.kill
    await process.start()
    yield process
    await process.stop()
    print(tail(process.log, 40))
