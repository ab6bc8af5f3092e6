"""What follows a job that completed, on real Pods: a command in its workspace, and the next job of its chain."""

import pytest
import yaml

from tests.cluster.lane import Lane, bash_score

pytestmark = pytest.mark.usefixtures("installed")


def test_a_hook_starts_a_second_job_in_the_same_workspace(lane: Lane) -> None:
    encore = bash_score('[ "$(cat summary)" = "first 1" ] && echo second >> songs')
    scores = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "scores"}}
    lane.apply({**scores, "data": {"encore": yaml.safe_dump(encore)}})
    hooks = [
        {"type": "run_command", "command": 'echo "$(cat songs) {sheet_count}" > {workspace}/summary; id -u'},
        {"type": "run_job", "job_path": "configmap/scores/encore"},
    ]
    concert = {"enabled": True, "cooldown_between_jobs_seconds": 0}
    lane.job("concert", bash_score("echo first >> songs", on_success=hooks, concert=concert))
    status = lane.await_phase("concert", "Completed", "Failed")
    assert status["phase"] == "Completed", status
    command, chained = status["hooks"]
    assert (command["state"], command["exitCode"], command["message"]) == ("succeeded", 0, "65532")
    assert (chained["state"], chained["message"]) == ("succeeded", f"job {chained['job']} is completed")
    assert lane.lines("concert-workspace", "songs") == ["first", "second"]
    pod = lane.get("pod", command["podName"])
    assert pod["metadata"]["labels"]["marianne.dev/errand"] == "hook-1"
    child = lane.get("mariannejob", chained["job"])
    assert child["status"]["phase"] == "Completed"
    lane.kubectl("delete", "mariannejob", "concert")
    assert lane.get("mariannejob", chained["job"])["metadata"]["uid"] == child["metadata"]["uid"], (
        "it outlives its parent"
    )


def test_a_score_that_an_agent_wrote_is_started_with_an_accounts_rights(lane: Lane) -> None:
    encore = yaml.safe_dump(bash_score("echo second >> songs"))
    write = f"cat > next.yaml <<'END'\n{encore}END\n[ ! -e /var/run/secrets/kubernetes.io ] && echo first >> songs"
    hooks = [{"type": "run_job", "job_path": "next.yaml"}]
    meta = {"metadata": {"name": "starter"}}
    rbac, account = "rbac.authorization.k8s.io", {"kind": "ServiceAccount", "name": "starter"}
    rule = {"apiGroups": ["marianne.dev"], "resources": ["mariannejobs"], "verbs": ["create"]}
    lane.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", **meta},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", **meta, "rules": [rule]},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            **meta,
            "subjects": [account],
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "starter"},
        },
    )
    score = bash_score(write, on_success=hooks, concert={"enabled": True, "cooldown_between_jobs_seconds": 0})
    lane.job("writes", score, hookServiceAccountName="starter")
    status = lane.await_phase("writes", "Completed", "Failed", "Refused")
    assert status["phase"] == "Completed", status
    assert lane.lines("writes-workspace", "songs") == ["first", "second"], "no sheet had the token"
    child = lane.get("mariannejob", status["hooks"][0]["job"])
    assert child["spec"]["scoreText"] == encore


def test_a_hook_that_fails_fails_the_job(lane: Lane) -> None:
    hooks = [{"type": "run_command", "command": "echo broken; exit 3"}]
    lane.job("fails", bash_score("true", on_success=hooks))
    status = lane.await_phase("fails", "Completed", "Failed")
    assert lane.condition("fails", "Succeeded")["reason"] == "HookFailed"
    assert (status["hooks"][0]["exitCode"], status["hooks"][0]["message"]) == (3, "exit code 3: broken")
    assert "HookFailed" in [each["reason"] for each in lane.events("fails")]
