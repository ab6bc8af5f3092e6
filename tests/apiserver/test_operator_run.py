"""Jobs from their beginning to their end: the real operator and runner on a real API server."""

from pathlib import Path

from tests.apiserver import jobs
from tests.apiserver.audit import Audit
from tests.apiserver.install import Installation
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.referee import Referee
from tests.simulated_kubelet.api import Api, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

FIVE_ONCE = {(sheet, 1): 1 for sheet in range(1, 6)}


async def test_five_sheets(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, installation: Installation
) -> None:
    audit = Audit(installation)
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(5, dependencies=jobs.DIAMOND)))
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == FIVE_ONCE
    order = [sheet for sheet, _ in jobs.performances(workspace)]
    assert order in ([1, 2, 3, 4, 5], [1, 3, 2, 4, 5])
    assert status["progress"] == "5/5" and jobs.condition(status, "Succeeded") == ("True", "Completed")
    assert await jobs.events_of(api, namespace, "song") == {}, "a plain run is silent"
    calls = audit.calls()
    assert [call for call in calls if call.code == 403] == []
    writes = [call for call in calls if call.write and call.namespace == namespace]  # others' jobs may have left limits
    assert len(writes) <= 2 * 5 + 2, "two for each sheet, the score's ConfigMap, and the beginning"


async def test_a_failed_check_is_tried_again(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    script = f"{jobs.INSTRUMENT}; cd {{{{ workspace }}}}; if [ -e tried ]; then touch done; else touch tried; fi"
    rules = [{"type": "file_exists", "path": "{workspace}/done", "retry_count": 0}]
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, script, validations=rules)))
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == {(1, 1): 1, (1, 2): 1}
    (sheet,) = status["sheets"]
    assert (sheet["attempt"], sheet["normalAttempts"], sheet["validationPassed"]) == (2, 1, True)
    await jobs.until_event(api, namespace, "song", "SheetRetry")


async def test_a_failure_ends_what_depends_on_it(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    script = f"{jobs.INSTRUMENT}; [ {{{{ sheet_num }}}} != 2 ]"
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(3, script, retry={"max_retries": 1})))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert [sheet["state"] for sheet in status["sheets"]] == ["completed", "failed", "skipped"]
    assert jobs.condition(status, "Succeeded") == ("False", "SheetFailed")
    assert jobs.condition(status, "Stalled") == ("True", "SheetFailed")
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1, 2]


async def test_a_workspace_of_its_own(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    body = jobs.job("song", jobs.score())
    del body["spec"]["workspace"]
    await jobs.submit(api, namespace, body)
    await jobs.until_phase(api, namespace, "song", "Completed")
    claim = await api.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/song-workspace")
    assert "ownerReferences" not in claim["metadata"], "results outlive the job"
    folder = kubelet.folders.claim(namespace, "song-workspace")
    assert len(jobs.performances(folder / "workspace")) == 1
    assert list((folder / "ledger").iterdir()), "the ledger is beside the workspace"


async def test_scores_of_all_three_sources(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    text = jobs.job("text", jobs.score())
    data = {"song.yaml": text["spec"]["scoreText"]}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "songs"}, "data": data}
    await api.post(f"/api/v1/namespaces/{namespace}/configmaps", config_map)
    reference = {"configMapKeyRef": {"name": "songs", "key": "song.yaml"}}
    tree = jobs.score()
    for body in (text, jobs.job("typed", None, score=tree), jobs.job("kept", None, scoreFrom=reference)):
        await jobs.submit(api, namespace, body)
    digests = set()
    for name in ("text", "typed", "kept"):
        status = await jobs.until_phase(api, namespace, name, "Completed")
        digests.add(status["score"]["digest"])
    assert len(digests) == 1, "the same score, however it came"


async def test_a_template_beside_the_score(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "parts"}}
    template = {"data": {"part": f"{jobs.INSTRUMENT}; touch {{{{ workspace }}}}/from-the-file"}}
    await api.post(f"/api/v1/namespaces/{namespace}/configmaps", {**config_map, **template})
    files = [{"path": "prompts/part.j2", "configMapKeyRef": {"name": "parts", "key": "part"}}]
    score = jobs.score(prompt={"template_file": "prompts/part.j2"})
    await jobs.submit(api, namespace, jobs.job("song", score, files=files))
    await jobs.until_phase(api, namespace, "song", "Completed")
    assert (workspace / "from-the-file").exists()


async def test_the_operator_is_down_while_a_sheet_ends(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD)))
        await jobs.until_performed(workspace)
        operator.kill()
        await operator.ended()
        (workspace / "go").touch()
        await jobs.until_pod_phase(api, namespace, "song", "Succeeded")
        await operator.launch()
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == {(1, 1): 1, (2, 1): 1}


async def test_silent_once_it_is_over(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, installation: Installation
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2)))
    await jobs.until_phase(api, namespace, "song", "Completed")
    before = await api.get(jobs_path(namespace, "song"))
    await operator.stop()
    audit = Audit(installation)
    await operator.start()
    await jobs.submit(api, namespace, jobs.job("another", jobs.score()))
    await jobs.until_phase(api, namespace, "another", "Completed")
    assert await api.get(jobs_path(namespace, "song")) == before
    about_song = [call for call in audit.calls() if call.write and call.name.startswith("song")]
    assert about_song == []
