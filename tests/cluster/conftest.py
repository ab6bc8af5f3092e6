"""What every test of the cluster lane stands on: the cluster, and a restricted namespace of its own."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev.cluster import binaries
from dev.cluster.local import LocalCluster
from dev.demo.access import reach
from dev.demo.installation import NAMESPACE as OPERATOR_NAMESPACE
from dev.demo.installation import install
from tests.cluster.lane import Lane
from tests.cluster.operator_deployment import OperatorDeployment

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
EXISTING = os.environ.get("CLUSTER") == "existing"
collect_ignore = ["test_local_cluster.py", "test_instrument_images.py"] if EXISTING else []


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Of the local cluster, or of the one that the user names with CLUSTER=existing."""
    if EXISTING:
        return Path(os.environ["KUBECONFIG"])
    return LocalCluster().kubeconfig


@pytest.fixture(scope="session")
def kubectl_binary(kubeconfig: Path) -> Path:
    """One that reaches the cluster; a lane that cannot run says so and fails."""
    own = shutil.which("kubectl") if EXISTING else None
    kubectl = Path(own) if own else binaries.binary("kubectl")
    command = [kubectl, f"--kubeconfig={kubeconfig}", "get", "--raw=/readyz"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        pytest.exit(f"the cluster lane has no cluster; make cluster first: {done.stderr.strip()}", returncode=3)
    return kubectl


@pytest.fixture(scope="session")
def installed(kubectl_binary: Path, kubeconfig: Path) -> None:
    """The operator runs, by its chart: whatever is built from the tree now."""
    install(reach())


@pytest.fixture
def operator_deployment(installed: None, lane: Lane) -> OperatorDeployment:
    """To be taken away for a while."""
    return OperatorDeployment.of(lane, OPERATOR_NAMESPACE)


@pytest.fixture
def lane(kubectl_binary: Path, kubeconfig: Path) -> Iterator[Lane]:
    """A restricted namespace for one test."""
    with _namespace(kubectl_binary, kubeconfig) as lane:
        yield lane


@pytest.fixture(scope="module")
def module_lane(kubectl_binary: Path, kubeconfig: Path) -> Iterator[Lane]:
    """A restricted namespace that the tests of a module share."""
    with _namespace(kubectl_binary, kubeconfig) as lane:
        yield lane


@contextmanager
def _namespace(kubectl_binary: Path, kubeconfig: Path) -> Iterator[Lane]:
    lane = Lane(kubectl_binary, kubeconfig, f"lane-{secrets.token_hex(4)}")
    lane.kubectl("create", "namespace", lane.namespace)
    try:
        lane.kubectl("label", "namespace", lane.namespace, RESTRICTED)
        yield lane
    finally:
        lane.kubectl("delete", "namespace", lane.namespace, "--wait=false", "--ignore-not-found")
