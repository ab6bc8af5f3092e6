"""The next job of a chain from a file that an agent wrote: started with a service account's rights, or not at all."""

from pathlib import Path

import yaml

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, Body, jobs_path

ACCOUNT = "starter"
CONCERT = {"enabled": True, "cooldown_between_jobs_seconds": 0}
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def parent(workspace: Path, **child: object) -> Body:
    """Whose workspace holds the score of the next one."""
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / "next.yaml").write_text(yaml.safe_dump(jobs.score(**child)))
    hook = {"type": "run_job", "job_path": "{workspace}/next.yaml"}
    score = jobs.score(on_success=[hook], concert=CONCERT)
    return jobs.job("song", score, hookServiceAccountName=ACCOUNT)


async def add_account(api: Api, namespace: str) -> None:
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}
    await api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", body)


async def allow(api: Api, namespace: str) -> None:
    rule = {"apiGroups": ["marianne.dev"], "resources": ["mariannejobs"], "verbs": ["create"]}
    role = {"metadata": {"name": ACCOUNT}, "rules": [rule]}
    await api.post(f"{RBAC}/namespaces/{namespace}/roles", role)
    binding = {
        "metadata": {"name": ACCOUNT},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT},
    }
    await api.post(f"{RBAC}/namespaces/{namespace}/rolebindings", binding)


async def test_it_is_started_with_the_rights_of_the_account_alone(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await add_account(api, namespace)
    await jobs.submit(api, namespace, parent(workspace))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    told = status["hooks"][0]["message"]
    assert f"service account {ACCOUNT} needs a Role with create on mariannejobs.marianne.dev: HTTP 403" in told
    assert f"system:serviceaccount:{namespace}:{ACCOUNT}" in told
    assert len((await api.get(jobs_path(namespace)))["items"]) == 1
    await allow(api, namespace)
    await jobs.edit(api, namespace, "song", restart={"token": "allowed"})
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    (hook,) = status["hooks"]
    child = await api.get(jobs_path(namespace, hook["job"]))
    assert (hook["state"], child["status"]["phase"]) == ("succeeded", "Completed")
    assert child["metadata"]["labels"]["marianne.dev/chain-parent"] == "song"
    assert child["spec"]["scoreText"] == (workspace / "next.yaml").read_text()
    assert "hookServiceAccountName" not in child["spec"]
    pods = [*await jobs.pods_of(api, namespace, "song"), *await jobs.pods_of(api, namespace, hook["job"])]
    with_token = [each for each in pods if each["spec"]["automountServiceAccountToken"]]
    assert {each["metadata"]["labels"].get("marianne.dev/errand", "") for each in with_token} == {"hook-1", "hook-2"}
    assert len(with_token) < len(pods)


async def test_a_child_that_an_agent_wrote_starts_none_of_its_kind(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await add_account(api, namespace)
    await allow(api, namespace)
    again = {"type": "run_job", "job_path": "next.yaml"}
    await jobs.submit(api, namespace, parent(workspace, on_success=[again], concert=CONCERT))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert "is refused" in status["hooks"][0]["message"]
    assert "spec.hookServiceAccountName" in status["hooks"][0]["message"]
    assert len((await api.get(jobs_path(namespace)))["items"]) == 2
