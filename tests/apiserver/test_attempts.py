"""What the API and the command line tell of attempts, of why a job stands still, and of what it uses."""

import json

import httpx
import pytest

from dev.cluster.control_plane import ControlPlane
from tests.apiserver import jobs
from tests.apiserver.command_line import CommandLine
from tests.simulated_kubelet.api import Api

GROWS = "echo try $(wc -l < {{ workspace }}/tries 2>/dev/null); echo x >> {{ workspace }}/tries"
RULES = [
    {"type": "file_exists", "path": "{workspace}/tries", "description": "tried", "retry_count": 0},
    {"type": "command_succeeds", "command": "test $(wc -l < {workspace}/tries) -ge 2", "description": "tried twice"},
]


@pytest.mark.usefixtures("operator", "kubelet")
async def test_a_retry_stands_beside_what_it_mended(
    api: Api, namespace: str, http: httpx.AsyncClient, control_plane: ControlPlane
) -> None:
    retry = {"max_retries": 3, "base_delay_seconds": 0.2, "max_completion_attempts": 0, "jitter": False}
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, GROWS, validations=RULES, retry=retry)))
    await jobs.until_phase(api, namespace, "song", "Completed")
    answer = await http.get(f"/api/jobs/{namespace}.song/sheets/1/attempts")
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["attempts"]
    assert (first["outcome"], first["reason"], first["exit_code"]) == ("failed", "ValidationFailed", 0)
    assert (first["passed_validations"], first["failed_validations"]) == (["tried"], ["tried twice"])
    assert first["validation_details"][0]["actual_value"] == "exit_code=1"
    assert (second["outcome"], second["mode"], second["instrument"]) == ("completed", "retry", "cli")
    assert (second["stdout_tail"], second["failed_validations"]) == ("try 1\n", [])
    missing = await http.get(f"/api/jobs/{namespace}.song/sheets/2/attempts")
    assert (missing.status_code, missing.json()["detail"]) == (404, f"Sheet 2 not found in job {namespace}.song")

    marianne = CommandLine(control_plane.kubeconfig, namespace)
    table = await marianne("sheet", "song", "1", "--attempts")
    assert table.code == 0, table
    assert [row.split()[:4] for row in table.lines[1:3]] == [
        ["1", "normal", "cli", "failed"],
        ["2", "retry", "cli", "completed"],
    ]
    assert [row.split() for row in table.lines[-3:]] == [
        ["RULE", "a1", "a2"],
        ["tried", "ok", "ok"],
        ["tried", "twice", "failed", "ok"],
    ]
    told = await marianne("sheet", "song", "1", "--attempts", "-o", "json")
    assert json.loads(told.out)["attempts"] == answer.json()["attempts"]


@pytest.mark.usefixtures("operator", "kubelet")
async def test_a_failed_job_is_explained_on_one_page(api: Api, namespace: str, control_plane: ControlPlane) -> None:
    script = "echo before; echo 'cannot do it' >&2; exit 2"
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, script, retry={"max_retries": 1})))
    await jobs.submit(api, namespace, jobs.job("late", jobs.score(instrument="nobody-has-this")))
    await jobs.until_phase(api, namespace, "song", "Failed")
    await jobs.until_waiting(api, namespace, "late", "InstrumentNotFound")
    marianne = CommandLine(control_plane.kubeconfig, namespace)
    page = await marianne("diagnose", "song")
    assert page.code == 0, page
    assert any(line.startswith("bad: sheet 1: failed (E009): exit code 2") for line in page.lines)
    assert any(line.startswith("next: kubectl marianne logs song --sheet 1") for line in page.lines)
    told = (await marianne("diagnose", "song", "-o", "json")).json
    assert (told["phase"], told["attempt"]["exit_code"], told["sheet_num"]) == ("Failed", 2, 1)
    assert "SheetFailed" in [each["reason"] for each in told["events"]]

    still = await marianne("diagnose")
    assert [line.split()[:2] for line in still.lines[1:]] == [["late", "Waiting"], ["song", "Failed"]]
    waits = await marianne("diagnose", "late")
    assert "  do: apply an Instrument" in waits.out
    missing = await marianne("diagnose", "nothing")
    assert missing.code == 1
    top = await marianne("top")
    assert (top.code, top.lines[1].split()[:2]) == (0, ["late", "Waiting"])
    assert "no metrics-server?" in top.err
    of_song = (await marianne("top", "song", "-o", "json")).json
    assert (of_song["rows"][0]["name"], of_song["rows"][0]["pods"]) == ("song", 0)
