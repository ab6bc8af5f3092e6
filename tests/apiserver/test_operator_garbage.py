"""What is left when a job is gone: nothing but results."""

from pathlib import Path

import pytest

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, ApiError, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

COLLECTED_SECONDS = 60
"""The garbage collector hears of a new CRD within half a minute."""


async def left(api: Api, namespace: str) -> list[str]:
    """Pods and compiled scores of the namespace."""
    names = []
    for resource in ("pods", "configmaps"):
        listing = await api.get(f"/api/v1/namespaces/{namespace}/{resource}")
        names += [each["metadata"]["name"] for each in listing["items"]]
    return [name for name in names if name != "kube-root-ca.crt"]


async def until_collected(api: Api, namespace: str) -> None:
    async def nothing() -> bool:
        return not await left(api, namespace)

    await wait_for("the job's objects to be gone", nothing, COLLECTED_SECONDS)


async def has_claim(api: Api, namespace: str, name: str) -> bool:
    try:
        claim = await api.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}")
    except ApiError as error:
        if error.code == 404:
            return False
        raise
    return "deletionTimestamp" not in claim["metadata"]


@pytest.mark.parametrize(("policy", "kept"), [("Retain", True), ("Delete", False)])
async def test_results_are_kept_unless_told_otherwise(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess, policy: str, kept: bool
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2), workspace={"retentionPolicy": policy}))
    await jobs.until_phase(api, namespace, "song", "Completed")
    assert len(await left(api, namespace)) == 3, "two Pods and the score"
    await api.delete(jobs_path(namespace, "song"))
    await until_collected(api, namespace)

    async def settled() -> bool:
        return await has_claim(api, namespace, "song-workspace") is kept

    await wait_for("the claim to be kept" if kept else "the claim to go", settled, COLLECTED_SECONDS)


async def test_the_same_name_again_is_another_job(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    first = await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, jobs.HELD)))
    await jobs.until_performed(workspace)
    await api.delete(jobs_path(namespace, "song"))
    second = await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    status = await jobs.until_phase(api, namespace, "song", "Completed", COLLECTED_SECONDS)
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert [(sheet["num"], sheet["attempt"]) for sheet in status["sheets"]] == [(1, 1)]
    assert len(jobs.performances(workspace)) == 2


async def test_a_namespace_goes_in_the_middle_of_a_run(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD)))
    await jobs.until_performed(workspace)
    await api.delete(f"/api/v1/namespaces/{namespace}")

    async def gone() -> bool:
        try:
            await api.get(f"/api/v1/namespaces/{namespace}")
        except ApiError as error:
            return error.code == 404
        return False

    await wait_for("the namespace to be gone", gone, 60)
