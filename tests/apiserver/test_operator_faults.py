"""What can happen to a sheet's Pod, on a real API server; the rows of table L2 as a user meets them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from marianne_operator.model.names import pod_name
from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.referee import Referee
from tests.simulated_kubelet.api import Api, Body, pods_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet
from tests.simulated_kubelet.script import (
    COMPLETES,
    EVICTED,
    NO_RUNNER,
    NODE_LOST,
    OOM_KILLED,
    RUNNER,
    TERMINATED_ITSELF,
    VANISHES,
    Choose,
    Script,
    by_attempt,
    exits,
    fails,
    stuck,
)

FORCE = {"gracePeriodSeconds": 0}
STILL_SECONDS = 120
"""By force a container gets one second: where it had no time to say that it ended, the next one waits so long."""


@pytest.mark.parametrize(
    ("script", "attempt", "infrastructure", "normal"),
    [
        (EVICTED, 2, 1, 0),
        (exits(137), 2, 1, 0),
        (exits(0, "no verdict at all"), 2, 1, 0),
        (TERMINATED_ITSELF, 2, 0, 1),
        (fails("ValidationFailed"), 2, 0, 1),
        (fails("Timeout"), 2, 0, 1),
        (VANISHES.lasting(0.3), 2, 1, 0),  # it was seen running, and the ledger holds nothing of it
        (COMPLETES.late(2.0), 1, 0, 0),
    ],
    ids=["evicted", "137", "unreadable", "143", "failed", "timeout", "vanished", "late"],
)
async def test_who_pays(
    api: Api,
    namespace: str,
    kubelet: SimulatedKubelet,
    operator: OperatorProcess,
    script: Script,
    attempt: int,
    infrastructure: int,
    normal: int,
) -> None:
    kubelet.choose = first(script)
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    (sheet,) = status["sheets"]
    paid = sheet.get("infrastructureEnds", 0), sheet.get("normalAttempts", 0)
    assert (sheet["attempt"], *paid) == (attempt, infrastructure, normal)


async def test_out_of_memory_is_not_tried_again(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    kubelet.choose = by_attempt({(1, 1): OOM_KILLED})
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert "sheetTemplate.resources" in status["sheets"][0]["errorMessage"], "the fix is named"


async def test_the_cluster_s_patience_ends(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    kubelet.choose = lambda _pod: EVICTED
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert status["sheets"][0]["infrastructureEnds"] == 4


@pytest.mark.parametrize(
    ("script", "reason", "told"),
    [
        (stuck("ImagePullBackOff", 'Back-off pulling image "nobody/has:it"'), "ImagePull", "nobody/has:it"),
        (stuck("CreateContainerConfigError", 'secret "key" not found'), "SecretNotFound", 'secret "key"'),
        (NO_RUNNER, "RunnerMissing", "FROM the runner image"),
    ],
    ids=["image", "secret", "runner"],
)
async def test_a_pod_that_does_not_start_says_why(
    api: Api,
    namespace: str,
    kubelet: SimulatedKubelet,
    operator: OperatorProcess,
    script: Script,
    reason: str,
    told: str,
) -> None:
    kubelet.choose = lambda _pod: script
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    status = await jobs.until_waiting(api, namespace, "song", reason)
    assert told in status["waiting"]["message"]
    assert jobs.condition(status, "Succeeded") == ("Unknown", "Waiting")
    assert told in await jobs.until_event(api, namespace, "song", reason)
    await jobs.edit(api, namespace, "song", cancel=True)
    await jobs.until_phase(api, namespace, "song", "Cancelled")


async def test_a_lost_node_keeps_its_sheet(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    kubelet.choose = first(NODE_LOST, COMPLETES)
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    await jobs.until_waiting(api, namespace, "song", "NodeLost")
    (lost,) = await jobs.pods_of(api, namespace, "song")
    assert lost["status"]["phase"] == "Failed", "or else nothing was lost"
    await jobs.edit(api, namespace, "song", nodeLostPolicy="Replace")
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    (replaced,) = await jobs.pods_of(api, namespace, "song")
    assert replaced["metadata"]["uid"] != lost["metadata"]["uid"]
    assert replaced["metadata"]["name"] == lost["metadata"]["name"], "the ledger decides what that attempt may do"
    assert status["sheets"][0]["attempt"] == 1


@pytest.mark.parametrize("options", [{}, FORCE], ids=["deleted", "by force"])
async def test_deleted_while_it_works(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, options: Body
) -> None:
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, jobs.HELD)))
        await jobs.until_performed(workspace)
        (pod,) = await jobs.pods_of(api, namespace, "song")
        await api.delete(pods_path(namespace, pod["metadata"]["name"]), options)
        await jobs.until_performed(workspace, 2, STILL_SECONDS + 30)
        (workspace / "go").touch()
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        assert status["sheets"][0].get("normalAttempts", 0) == 0
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == {(1, 1): 1, (1, 2): 1}


async def test_deleted_when_it_had_finished_and_nobody_knew(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, jobs.HELD)))
        await jobs.until_performed(workspace)
        operator.kill()
        await operator.ended()
        (workspace / "go").touch()
        pod = await jobs.until_pod_phase(api, namespace, "song", "Succeeded")
        await api.delete(pods_path(namespace, pod["metadata"]["name"]))
        await operator.launch()
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == {(1, 1): 1}, "finished work is not done again"


async def test_a_foreign_pod_of_that_name_is_left_alone(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    job = await jobs.submit(api, namespace, jobs.job("song", jobs.score(), paused=True))
    name = pod_name("song", job["metadata"]["uid"], 1, 1)
    spec = {"containers": [{"name": "theirs", "image": "localhost/theirs:dev"}]}
    kubelet.choose = lambda _pod: COMPLETES.lasting(600)
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    theirs = await api.post(pods_path(namespace), body)
    await jobs.edit(api, namespace, "song", paused=False)
    status = await jobs.until_phase(api, namespace, "song", "Refused")
    assert jobs.condition(status, "Stalled") == ("True", "NameConflict")
    assert (await api.get(pods_path(namespace, name)))["metadata"]["uid"] == theirs["metadata"]["uid"]


def first(script: Script, later: Script = RUNNER) -> Choose:
    """The first Pod of all by `script`, all others `later`."""
    left = [script]
    choose: Callable[[Body], Script] = lambda _pod: left.pop() if left else later  # noqa: E731
    return choose
