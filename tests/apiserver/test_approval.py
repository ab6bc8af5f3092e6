"""Sheets that wait for a person, and what the person does, on a real API server."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from dev.cluster.control_plane import ControlPlane
from tests.apiserver import jobs
from tests.apiserver.command_line import CommandLine
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, Body, jobs_path

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def asking(sheets: int = 2, script: str = jobs.INSTRUMENT, **trigger: Any) -> Body:
    """Sheet 2 of these is asked about, unless another trigger is given."""
    triggers = [{"name": "look", "message": "good enough?"} | (trigger or {"sheet_nums": [2]})]
    return jobs.score(sheets, script, checkpoints={"enabled": True, "triggers": triggers})


def command_of(status: Body) -> list[str]:
    """As a person copies it out of the message."""
    found = re.search(r"kubectl (annotate .*?) \(", status["waiting"]["message"])
    assert found is not None
    return shlex.split(found[1].replace("$RANDOM", "4711"))


async def test_approved_by_the_command_that_the_message_gives(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, kubectl: Kubectl
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", asking()))
    status = await jobs.until_waiting(api, namespace, "song", "Approval")
    assert [sheet["state"] for sheet in status["sheets"]] == ["completed", "fermata"]
    assert "checkpoint 'look': good enough?" in status["waiting"]["message"]
    assert len(await jobs.pods_of(api, namespace, "song")) == 1
    done = kubectl(*command_of(status))
    assert done.returncode == 0, done.stderr
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    (approval,) = status["sheets"][1]["approvals"]
    assert (approval["checkpoint"], approval["decision"]) == ("look", "approve")
    assert approval["by"] == "annotation (kubectl-annotate)"
    assert status["verb"] == "approve/2/4711"


async def test_rejected_by_the_command_line(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, control_plane: ControlPlane
) -> None:
    marianne = CommandLine(control_plane.kubeconfig, namespace)
    await jobs.submit(api, namespace, jobs.job("song", asking()))
    await jobs.until_waiting(api, namespace, "song", "Approval")
    done = await marianne("approve", "song", "1")
    assert (done.code, done.out) == (1, "")
    assert "sheet 1 does not wait" in done.err
    done = await marianne("approve", "song", "2", "--reject")
    assert (done.code, done.err) == (0, "")
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert status["sheets"][1]["approvals"][0]["by"] == "annotation (marianne-cli)"


async def test_skipped_through_the_api(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, http: httpx.AsyncClient
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", asking()))
    await jobs.until_waiting(api, namespace, "song", "Approval")
    path = f"/api/jobs/{namespace}.song/sheets/{{}}/approve"
    refused = await http.post(path.format(1))
    assert (refused.status_code, refused.json()["detail"].split(" (")[0]) == (
        409,
        "sheet 1 does not wait for a decision",
    )
    assert (await http.post(path.format(2), json={"decision": "perhaps"})).status_code == 422
    done = await http.post(path.format(2), json={"decision": "skip"})
    assert (done.status_code, done.json()["message"]) == (200, "sheet 2: skip")
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert (status["sheets"][1]["state"], len(jobs.performances(workspace))) == ("skipped", 1)


async def test_rejected_in_the_spec(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    await jobs.submit(api, namespace, jobs.job("song", asking(3)))
    await jobs.until_waiting(api, namespace, "song", "Approval")
    await jobs.edit(api, namespace, "song", approve=[{"sheet": 2, "decision": "reject"}])
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert [sheet["state"] for sheet in status["sheets"]] == ["completed", "failed", "skipped"]
    assert status["sheets"][1]["errorCategory"] == "escalation"
    assert "rejected by spec.approve" in status["sheets"][1]["errorMessage"]
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1]


async def test_words_of_the_prompt_and_an_answer_that_is_there_already(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    """Sheet 1 is asked about by its Pod, and was approved before; sheet 2 waits."""
    score = asking(2, f"{jobs.INSTRUMENT}; echo 'DROP TABLE'", prompt_contains=["drop table"])
    await jobs.submit(api, namespace, jobs.job("song", score, approve=[{"sheet": 1, "decision": "approve"}]))
    status = await jobs.until_waiting(api, namespace, "song", "Approval")
    first, second = status["sheets"]
    assert (first["state"], first["attempt"], first["attemptCount"]) == ("completed", 2, 1)
    assert (second["state"], second["attempt"], second.get("normalAttempts", 0)) == ("fermata", 1, 0)
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1]
    await api.patch(
        jobs_path(namespace, "song"), {"metadata": {"annotations": {"marianne.dev/verb": "skip/2/because"}}}
    )
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert status["sheets"][1]["state"] == "skipped"


async def test_out_of_tries_and_once_more(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    script = f"{jobs.INSTRUMENT}; [ -e {{{{ workspace }}}}/go ]"
    score = jobs.score(1, script, learning={"escalation_enabled": True}, retry={"max_retries": 1})
    await jobs.submit(api, namespace, jobs.job("song", score))
    status = await jobs.until_waiting(api, namespace, "song", "Approval")
    assert status["sheets"][0]["errorCode"] == "E009"
    (workspace / "go").touch()
    await jobs.edit(api, namespace, "song", approve=[{"sheet": 1, "decision": "retry"}])
    (sheet,) = (await jobs.until_phase(api, namespace, "song", "Completed"))["sheets"]
    assert ([each["checkpoint"] for each in sheet["approvals"]], sheet["attempt"]) == (["escalation"], 2)
