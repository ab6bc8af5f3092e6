"""What follows a job that completed, with a real runner in every Pod: commands, failures, crashes and chains."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import yaml

from marianne_operator.model.names import child_name, errand_name
from tests.apiserver import jobs
from tests.apiserver.fault_proxy import Fault, FaultProxy, harmless
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, Body, jobs_path

NOTE = 'printf "%s\\n" {job_id} >> {workspace}/noted'
QUICK = {"enabled": True, "cooldown_between_jobs_seconds": 0}


def command(text: str, **more: object) -> dict[str, object]:
    return {"type": "run_command", "command": text, **more}


def run_job(key: str = "next", **more: object) -> dict[str, object]:
    return {"type": "run_job", "job_path": f"configmap/scores/{key}", **more}


async def add_scores(api: Api, namespace: str, **scores: dict[str, object]) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "scores"}}
    data = {key: yaml.safe_dump(score) for key, score in scores.items()}
    await api.post(f"/api/v1/namespaces/{namespace}/configmaps", {**body, "data": data})


async def uid_of(api: Api, namespace: str, name: str) -> str:
    return str((await api.get(jobs_path(namespace, name)))["metadata"]["uid"])


def hooks(status: Body) -> list[str]:
    return [each["state"] for each in status["hooks"]]


async def test_hooks_run_in_order_and_then_the_job_is_silent(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    script = {"type": "run_script", "command": "sh -c 'echo $0 >> noted' {sheet_count}"}
    score = jobs.score(2, on_success=[command(f"{NOTE}; echo said"), script])
    await jobs.submit(api, namespace, jobs.job("song", score))
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert hooks(status) == ["succeeded", "succeeded"]
    assert (workspace / "noted").read_text() == "song\n2\n"
    assert (status["hooks"][0]["exitCode"], status["hooks"][0]["message"]) == (0, "said")
    assert status["completionTime"] >= status["hooks"][1]["completedAt"]
    pods = await jobs.pods_of(api, namespace, "song")
    labels = [each["metadata"]["labels"].get("marianne.dev/errand") for each in pods]
    assert sorted(filter(None, labels)) == ["hook-1", "hook-2"]
    assert await jobs.events_of(api, namespace, "song") == {}
    await jobs.edit(api, namespace, "song", restart={"token": "again"})
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert status["run"] == 2
    assert (workspace / "noted").read_text() == "song\n2\n", "a run without new work has no hooks"


async def test_a_hook_that_fails_fails_the_job_until_a_restart_mends_it(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    again = command("test -e mended || { echo broken; exit 3; }", on_failure="abort")
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(on_success=[again, command(NOTE)])))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert jobs.condition(status, "Succeeded") == ("False", "HookFailed")
    assert hooks(status) == ["failed", "skipped"]
    assert (status["hooks"][0]["exitCode"], status["hooks"][0]["message"]) == (3, "exit code 3: broken")
    assert await jobs.until_event(api, namespace, "song", "HookFailed")
    assert not (workspace / "noted").exists()
    (workspace / "mended").touch()
    await jobs.edit(api, namespace, "song", restart={"token": "again"})
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert (hooks(status), status["run"]) == (["succeeded", "succeeded"], 2)
    assert len(jobs.performances(workspace)) == 1, "no sheet was performed again"


async def test_a_crash_between_the_intent_and_the_pod_loses_nothing(
    api: Api, namespace: str, workspace: Path, proxy: FaultProxy, proxied_operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(script=jobs.HELD, on_success=[command(NOTE)])))
    await jobs.until_performed(workspace)
    proxy.arm(lambda write: Fault.KILL_BEFORE if write.verb == "POST" and write.path.endswith("/pods") else Fault.NONE)
    (workspace / "go").touch()
    await proxied_operator.ended()
    status = await jobs.status_of(api, namespace, "song")
    assert hooks(status) == ["dispatched"], "the intent was written"
    assert not (workspace / "noted").exists()
    proxy.arm(harmless)
    await proxied_operator.start()
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert hooks(status) == ["succeeded"]
    assert (workspace / "noted").read_text() == "song\n"


async def test_a_hook_whose_pod_is_removed_is_not_run_twice(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    held = command(f"{NOTE}; until [ -e go ]; do sleep 0.05; done")
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(on_success=[held])))
    await wait_for("the hook to run", _exists(workspace / "noted"))
    uid = await uid_of(api, namespace, "song")
    pod = errand_name("song", uid, "hook", 1)
    await api.delete(f"/api/v1/namespaces/{namespace}/pods/{pod}", {"gracePeriodSeconds": 0})
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert hooks(status)[0] in ("lost", "failed")
    assert (workspace / "noted").read_text() == "song\n"


async def test_a_cancel_stops_the_hook(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    held = command(f"{NOTE}; sleep 600")
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(on_success=[held, command(NOTE)])))
    await wait_for("the hook to run", _exists(workspace / "noted"))
    await jobs.edit(api, namespace, "song", cancel=True)
    status = await jobs.until_phase(api, namespace, "song", "Cancelled")
    assert hooks(status) == ["cancelled"]
    assert (workspace / "noted").read_text() == "song\n"


async def test_a_child_works_on_and_its_end_is_the_hooks(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await add_scores(api, namespace, next=jobs.score(script=f"{jobs.INSTRUMENT}; test -e noted"))
    score = jobs.score(on_success=[command(NOTE), run_job()], concert=QUICK)
    await jobs.submit(api, namespace, jobs.job("song", score))
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    name = child_name("song", await uid_of(api, namespace, "song"), 2)
    assert [each.get("job") for each in status["hooks"]] == [None, name]
    child = await api.get(jobs_path(namespace, name))
    assert "ownerReferences" not in child["metadata"]
    assert child["metadata"]["annotations"]["marianne.dev/chain-depth"] == "1"
    assert child["status"]["phase"] == "Completed"
    assert child["status"]["score"]["source"].startswith("configmap/scores/next@")
    assert len(jobs.performances(workspace)) == 2
    root = await uid_of(api, namespace, "song")
    listed = await api.get(f"{jobs_path(namespace)}?labelSelector=marianne.dev/chain-root={root}")
    assert [each["metadata"]["name"] for each in listed["items"]] == [name]
    await api.delete(jobs_path(namespace, "song"))
    assert (await api.get(jobs_path(namespace, name)))["status"]["phase"] == "Completed"


async def test_a_child_that_fails_fails_its_parent(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await add_scores(api, namespace, next=jobs.score(script="exit 9", retry={"max_retries": 1}))
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(on_success=[run_job()], concert=QUICK)))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert hooks(status) == ["failed"]
    assert "is failed" in status["hooks"][0]["message"]


async def test_a_score_that_chains_itself_ends_at_its_depth(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    again = jobs.score(on_success=[run_job("song")], concert={**QUICK, "max_chain_depth": 2})
    await add_scores(api, namespace, song=again)
    await jobs.submit(api, namespace, jobs.job("song", again))
    await jobs.until_phase(api, namespace, "song", "Completed")
    listed = await api.get(jobs_path(namespace))
    depths = [each["metadata"].get("annotations", {}).get("marianne.dev/chain-depth") for each in listed["items"]]
    assert sorted(filter(None, depths)) == ["1", "2"]
    last = next(each for each in listed["items"] if each["status"]["hooks"][0]["state"] == "skipped")
    assert last["metadata"]["annotations"]["marianne.dev/chain-depth"] == "2"
    assert await jobs.until_event(api, namespace, last["metadata"]["name"], "ChainDepthReached")


async def test_a_paused_chain_waits_to_be_resumed(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await add_scores(api, namespace, next=jobs.score())
    score = jobs.score(on_success=[run_job(pause_before_chain=True, detached=True)], concert=QUICK)
    await jobs.submit(api, namespace, jobs.job("song", score))
    status = await jobs.until_phase(api, namespace, "song", "PausedAtChain")
    assert jobs.condition(status, "Succeeded") == ("Unknown", "Paused")
    assert len((await api.get(jobs_path(namespace)))["items"]) == 1
    await jobs.edit(api, namespace, "song", resume={"token": "go"})
    await jobs.until_phase(api, namespace, "song", "Completed")
    assert len((await api.get(jobs_path(namespace)))["items"]) == 2


@pytest.mark.parametrize("path", ["next.yaml", "/abs/next.yaml"])
async def test_a_score_that_cannot_be_found_is_refused_at_once(
    path: str, api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    score = jobs.score(on_success=[{"type": "run_job", "job_path": path}], concert=QUICK)
    await jobs.submit(api, namespace, jobs.job("song", score))
    status = await jobs.until_phase(api, namespace, "song", "Refused")
    told = next(each["message"] for each in status["conditions"] if each["type"] == "Accepted")
    assert "on_success.0.job_path" in told
    assert "configmap/<name>/<key>" in told
    assert await jobs.pods_of(api, namespace, "song") == []


def _exists(path: Path) -> Callable[[], Awaitable[bool | None]]:
    async def exists() -> bool | None:
        return path.exists()

    return exists
