"""Input that cannot be performed: one clear condition and one event that name the field and the fix, and no harm."""

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, ApiError, Body, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in itertools.pairwise("abcdefghi")
)


def text(content: str) -> Body:
    return jobs.job("bad", None, scoreText=content)


def written(**fields: Any) -> Body:
    return jobs.job("bad", jobs.score(2, **fields))


REFUSED = {
    "invalid YAML": (text("name: [unclosed"), "ScoreInvalid", "line"),
    "no mapping": (text("- a\n- b\n"), "ScoreInvalid", "mapping"),
    "alias bomb": (text(BOMB), "ScoreInvalid", "alias"),
    "deep": (text("[" * 5000), "ScoreTooLarge", "deep"),
    "unknown key": (written(sheeet={}), "ScoreInvalid", "sheeet"),
    "cycle": (written(dependencies={1: [2], 2: [1]}), "ScoreInvalid", "dependencies"),
    "no such sheet": (written(dependencies={1: [9]}), "ScoreInvalid", "9"),
    "too many sheets": (jobs.job("bad", jobs.score(501, dependencies={})), "ScoreTooLarge", "501"),
    "template syntax": (jobs.job("bad", jobs.score(1, "{{ oh")), "ScoreInvalid", "template"),
    "what a model reviews": (written(ai_review={"enabled": True}), "ScoreUnsupported", "ai_review"),
    "starts beyond the end": (jobs.job("bad", jobs.score(2), startSheet=3), "ScoreInvalid", "startSheet"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_score_that_cannot_be_performed(api: Api, namespace: str, operator: OperatorProcess, case: str) -> None:
    body, reason, told = REFUSED[case]
    await jobs.submit(api, namespace, body)
    status = await jobs.until_phase(api, namespace, "bad", "Refused")
    for kind, value in (("Accepted", "False"), ("Succeeded", "False"), ("Stalled", "True")):
        assert jobs.condition(status, kind) == (value, reason)
    message = next(each["message"] for each in status["conditions"] if each["type"] == "Stalled")
    assert told.lower() in message.lower(), message
    assert await jobs.until_event(api, namespace, "bad", reason) == message[:1024]
    assert "completionTime" not in status
    assert await jobs.pods_of(api, namespace, "bad") == []


async def test_a_mended_score_runs(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, text("name: [unclosed"))
    await jobs.until_phase(api, namespace, "bad", "Refused")
    await jobs.edit(api, namespace, "bad", scoreText=yaml.safe_dump(jobs.score()))
    status = await jobs.until_phase(api, namespace, "bad", "Completed")
    assert jobs.condition(status, "Accepted") == ("True", "Accepted")


async def test_bad_jobs_harm_no_other(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    for index, (body, _, _) in enumerate(REFUSED.values()):
        await jobs.submit(api, namespace, {**body, "metadata": {"name": f"bad-{index}"}})
    await jobs.submit(api, namespace, jobs.job("good", jobs.score(2)))
    await jobs.until_phase(api, namespace, "good", "Completed")
    for index in range(len(REFUSED)):
        await jobs.until_phase(api, namespace, f"bad-{index}", "Refused")
    assert await operator.ready()


async def test_an_undefined_variable_fails_its_sheet_at_once(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, f"{jobs.INSTRUMENT} {{{{ nowhere }}}}")))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert "nowhere" in status["sheets"][0]["errorMessage"]
    accepted = next(each for each in status["conditions"] if each["type"] == "Accepted")
    assert accepted["status"] == "True"
    assert "nowhere" in accepted["message"], "it was foretold"
    assert jobs.performances(workspace) == []


async def test_what_is_missing_is_waited_for(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    absent = {"configMapKeyRef": {"name": "songs", "key": "song"}}
    waiting = {
        "ScoreNotFound": jobs.job("unwritten", None, scoreFrom=absent),
        "VolumeUnavailable": jobs.job(
            "homeless", jobs.score(), workspace={"persistentVolumeClaim": {"claimName": "later"}}
        ),
        "InstrumentNotFound": jobs.job("unheard", jobs.score(instrument="a_harp")),
    }
    for reason, body in waiting.items():
        await jobs.submit(api, namespace, body)
        name = body["metadata"]["name"]
        status = await jobs.until_waiting(api, namespace, name, reason)
        assert status["phase"] == "Waiting"
        await jobs.until_event(api, namespace, name, reason)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "songs"}}
    data = {"data": {"song": yaml.safe_dump(jobs.score())}}
    await api.post(f"/api/v1/namespaces/{namespace}/configmaps", {**config_map, **data})
    await jobs.add_claim(api, namespace, "later")
    await add_harp(api, namespace)
    for body in waiting.values():
        await jobs.until_phase(api, namespace, body["metadata"]["name"], "Completed")


async def add_harp(api: Api, namespace: str) -> None:
    cli = await api.get("/apis/marianne.dev/v1alpha1/clusterinstruments/cli")
    harp = {"apiVersion": cli["apiVersion"], "kind": "Instrument", "metadata": {"name": "a-harp"}, "spec": cli["spec"]}
    await api.post(f"/apis/marianne.dev/v1alpha1/namespaces/{namespace}/instruments", harp)


async def test_a_quota_is_waited_for(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    await api.post(f"/api/v1/namespaces/{namespace}/resourcequotas", quota)
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    status = await jobs.until_waiting(api, namespace, "song", "QuotaExceeded")
    assert "exceeded quota" in status["waiting"]["message"]
    await api.delete(f"/api/v1/namespaces/{namespace}/resourcequotas/none")
    status = await jobs.until_phase(api, namespace, "song", "Completed", 60)
    assert status["sheets"][0]["attempt"] == 1, "no attempt was burned"


async def test_nowhere_to_be_placed(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    template = {"nodeSelector": {"disk": "golden"}}
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(), sheetTemplate=template))
    status = await jobs.until_waiting(api, namespace, "song", "Unschedulable")
    assert "node affinity/selector" in status["waiting"]["message"]


async def test_a_missing_secret_is_named(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    await add_harp(api, namespace)
    credentials = [{"name": "KEY", "secretKeyRef": {"name": "keys", "key": "harp"}}]
    path = f"/apis/marianne.dev/v1alpha1/namespaces/{namespace}/instruments/a-harp"
    await api.patch(path, {"spec": {"credentials": credentials}})
    script = f'{jobs.INSTRUMENT}; [ "$KEY" = gut ]'
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, script, instrument="a_harp")))
    status = await jobs.until_waiting(api, namespace, "song", "SecretNotFound")
    assert "keys" in status["waiting"]["message"]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"harp": "gut"}}
    await api.post(f"/api/v1/namespaces/{namespace}/secrets", secret)
    await jobs.until_phase(api, namespace, "song", "Completed")


@pytest.fixture(
    params=[("ro", "mount the claim read-write"), ("size=4k", "free some space")], ids=["read-only", "full"]
)
def fix(request: pytest.FixtureRequest, kubelet: SimulatedKubelet, namespace: str) -> Iterator[str]:
    """The fix. The ledger is on a file system that takes nothing; mounting needs root, as the local cluster does."""
    option, words = request.param
    claim = kubelet.folders.claim(namespace, jobs.CLAIM)
    for folder in (jobs.SUB_PATH, ".marianne"):
        (claim / folder).mkdir(parents=True)
    ledger = claim / ".marianne"
    subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(ledger)], check=True)
    if option != "ro":
        fill(ledger / "full")
    yield words
    subprocess.run(["umount", "--lazy", str(ledger)], check=True)


def fill(file: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        file.write_bytes(b"x" * (1 << 20))


async def test_a_claim_that_takes_no_ledger(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, fix: str
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score()))
    status = await jobs.until_waiting(api, namespace, "song", "WorkspaceUnusable")
    assert fix in status["waiting"]["message"]
    await jobs.until_event(api, namespace, "song", "WorkspaceUnusable")
    assert jobs.performances(workspace) == []


async def test_the_crd_refuses_what_it_can(api: Api, namespace: str) -> None:
    both = jobs.job("bad", jobs.score(), scoreFrom={"configMapKeyRef": {"name": "songs", "key": "song"}})
    for body in (both, jobs.job("bad", None), jobs.job("bad", jobs.score(), pausePolicy="Never")):
        with pytest.raises(ApiError) as refused:
            await api.post(jobs_path(namespace), body)
        assert refused.value.code == 422
