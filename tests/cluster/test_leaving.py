"""Leaving in the middle of a run: nothing hangs on an operator that may be gone."""

from collections.abc import Iterator

import pytest

from dev.demo.access import reach
from dev.demo.installation import NAMESPACE, RELEASE, install
from tests.cluster.lane import Lane, bash_score, wait_for

pytestmark = pytest.mark.usefixtures("installed")
LEAVES_WITHIN = 60.0


def test_a_namespace_is_deleted_in_the_middle_of_a_run(lane: Lane) -> None:
    _run(lane)
    lane.kubectl("delete", "namespace", lane.namespace, "--wait=false")
    _await_gone(lane)


def test_helm_uninstall_in_the_middle_of_a_run_leaves_nothing_stuck(lane: Lane, reinstalled: None) -> None:
    _run(lane)
    reach().helm("uninstall", RELEASE, f"--namespace={NAMESPACE}", "--wait", f"--timeout={LEAVES_WITHIN:.0f}s")
    assert lane.get("mariannejob", "long"), "the CRDs, and so the jobs, are kept"
    lane.kubectl("delete", "namespace", lane.namespace, "--wait=false")
    _await_gone(lane)


@pytest.fixture
def reinstalled() -> Iterator[None]:
    """The other tests want the operator."""
    yield
    install(reach())


def _run(lane: Lane) -> None:
    lane.job("long", bash_score("sleep 300"))
    lane.await_status("long", lambda status: any(s["state"] == "in_progress" for s in status.get("sheets", ())))


def _await_gone(lane: Lane) -> None:
    wait_for(lambda: lane.get("namespace", lane.namespace), lambda found: not found, LEAVES_WITHIN)
