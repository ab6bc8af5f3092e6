"""The command line's acting verbs on a real API server with the real operator: what is written, told and returned."""

import asyncio
from pathlib import Path

import pytest
import yaml

from dev.cluster.control_plane import ControlPlane
from tests.apiserver.command_line import CommandLine
from tests.apiserver.conftest import Kubectl
from tests.apiserver.jobs import (
    CLAIM,
    HELD,
    INSTRUMENT,
    SUB_PATH,
    add_claim,
    edit,
    job,
    performances,
    score,
    status_of,
    submit,
    until_performed,
    until_phase,
)
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.terminal import Terminal, environment
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

WORK = f"{CLAIM}/{SUB_PATH}"


@pytest.fixture
def marianne(control_plane: ControlPlane, namespace: str) -> CommandLine:
    return CommandLine(control_plane.kubeconfig, namespace)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Two sheets that complete."""
    return _written(tmp_path / "song.yaml", score(2))


def _written(file: Path, tree: dict) -> Path:
    file.write_text(yaml.safe_dump(tree))
    return file


async def test_run_waits_and_its_exit_code_is_the_ending(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, marianne: CommandLine, tmp_path: Path
) -> None:
    await add_claim(api, namespace)
    good = _written(tmp_path / "good.yaml", score())
    bad = _written(tmp_path / "bad.yaml", score(1, "exit 3", retry={"max_retries": 1}))
    refused = _written(tmp_path / "refused.yaml", score(instrument="nobody-has-this"))
    well, badly = await asyncio.gather(
        marianne("run", str(good), "--workspace", WORK, "--wait"),
        marianne("run", str(bad), "--workspace", WORK, "--wait", "--name=bad", "-o", "json"),
    )
    assert (well.code, badly.code) == (0, 10), (well, badly)
    assert well.lines[0].startswith("mariannejob.marianne.dev/song-")
    assert well.lines[0].endswith(" created")
    assert well.lines[1].endswith(": Completed 1/1")
    assert badly.json["metadata"]["name"] == "bad"
    assert "bad: Failed" in badly.err
    late = await marianne("run", str(refused), "--workspace", WORK, "--name=late", "--wait", "--timeout=2s")
    assert late.code == 124, late
    await edit(api, namespace, "late", paused=True)
    assert (await marianne("wait", "late")).code == 12
    await edit(api, namespace, "late", cancel=True)
    cancelled = await marianne("wait", "late")
    assert cancelled.code == 11, cancelled
    assert (await marianne("wait", "late", "--for=finished")).code == 0
    assert (await marianne("wait", "late", "bad", "--for=completed")).code == 11


async def test_converted_and_applied_is_the_same_as_run(
    api: Api, namespace: str, kubectl: Kubectl, marianne: CommandLine, song: Path
) -> None:
    flags = ("--workspace", WORK, "--start-sheet=2", "--self-healing")
    converted = await marianne("convert", str(song), *flags)
    assert converted.code == 0, converted
    applied = kubectl("apply", "-f", "-", text=converted.out)
    assert applied.returncode == 0, applied.stderr
    ran = await marianne("run", str(song), *flags, "--name=ran", "-o", "name")
    assert ran.out == "mariannejob.marianne.dev/ran\n"
    one, other = [(await api.get(jobs_path(namespace, name)))["spec"] for name in ("song", "ran")]
    assert one == other
    assert one["scoreText"] == song.read_text()
    again = await marianne("run", str(song), "--name=ran")
    assert again.code == 1
    assert 'mariannejobs.marianne.dev "ran" already exists' in again.err


async def test_a_dry_run_makes_nothing(api: Api, namespace: str, marianne: CommandLine, song: Path) -> None:
    client = await marianne("run", str(song), "--workspace", WORK, "--dry-run")
    assert yaml.safe_load(client.out)["spec"]["scoreText"] == song.read_text()
    server = await marianne("run", str(song), "--workspace", WORK, "--dry-run=server", "-o", "json")
    assert server.json["metadata"]["uid"]
    told = await marianne("run", str(song), "--dry-run=server")
    assert told.out.endswith(" created (server dry run)\n")
    assert (await api.get(jobs_path(namespace)))["items"] == []


async def test_a_score_that_would_be_refused_makes_no_job(
    api: Api, namespace: str, marianne: CommandLine, tmp_path: Path
) -> None:
    tree = score(2)
    tree["sheet"]["dependencies"] = {1: [2], 2: [1]}
    ran = await marianne("run", str(_written(tmp_path / "circle.yaml", tree)))
    assert ran.code == 1
    assert f"{tmp_path}/circle.yaml" in ran.err
    assert ran.out == ""
    assert (await api.get(jobs_path(namespace)))["items"] == []


async def test_a_job_from_standard_input_keeps_its_own_fields(api: Api, namespace: str, marianne: CommandLine) -> None:
    body = job("given", score(2), podRetention="None") | {}
    body["metadata"]["labels"] = {"team": "web"}
    ran = await marianne("run", "-", "--start-sheet=2", text=yaml.safe_dump(body))
    assert ran.out == "mariannejob.marianne.dev/given created\n", ran
    made = await api.get(jobs_path(namespace, "given"))
    assert made["metadata"]["labels"] == {"team": "web"}
    assert (made["spec"]["podRetention"], made["spec"]["startSheet"]) == ("None", 2)
    assert made["metadata"]["managedFields"][0]["manager"] == "marianne-cli"


async def test_pause_resume_and_cancel_wait_until_it_is_so(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, marianne: CommandLine
) -> None:
    await submit(api, namespace, job("held", score(2, HELD)))
    await until_performed(workspace)
    refused = await marianne("resume", "held")
    assert (refused.code, refused.err) == (1, "held: Job is not paused (status: running)\n")
    async with marianne.running("pause", "held", "--wait") as pausing:
        draining = await _until_asked(api, namespace, "paused")
        assert draining["phase"] != "Paused"
        (workspace / "go").touch()
        out, _ = await pausing.communicate()
    assert pausing.returncode == 0
    assert out.decode().splitlines()[-1].startswith("held: Paused 1/2")
    again = await marianne("pause", "held")
    assert (again.code, again.err) == (1, "held: Job is not running (status: paused)\n")
    resumed = await marianne("resume", "held", "--wait")
    assert resumed.code == 0, resumed
    await until_phase(api, namespace, "held", "Completed")
    late = await marianne("cancel", "held")
    assert (late.code, late.err) == (1, "held: Job already finished (status: completed)\n")
    nobody = await marianne("pause", "nobody")
    assert nobody.code == 1
    assert 'mariannejobs.marianne.dev "nobody" not found' in nobody.err


async def _until_asked(api: Api, namespace: str, field: str) -> dict:
    async def asked() -> dict | None:
        body = await api.get(jobs_path(namespace, "held"))
        return body["status"] if body["spec"].get(field) else None

    return await wait_for(f"spec.{field}", asked)


async def test_an_interrupted_sheet_loses_no_try_and_a_failed_one_runs_again(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, marianne: CommandLine
) -> None:
    await submit(api, namespace, job("held", score(1, HELD)))
    await until_performed(workspace)
    paused = await marianne("pause", "held", "--interrupt", "--wait")
    assert paused.code == 0, paused
    assert (await status_of(api, namespace, "held"))["sheets"][0].get("normalAttempts", 0) == 0
    await marianne("cancel", "held", "--now", "--wait")
    await until_phase(api, namespace, "held", "Cancelled")
    failing = f"{INSTRUMENT}; [ -e {{{{ workspace }}}}/mended ]"
    await submit(api, namespace, job("failing", score(1, failing, retry={"max_retries": 1})))
    await until_phase(api, namespace, "failing", "Failed")
    (workspace / "mended").touch()
    again = await marianne("resume", "failing")
    assert again.out == "failing: Resume requested: what failed runs again\n"
    assert (await marianne("wait", "failing")).code == 0


async def test_a_selector_finds_what_is_meant_and_passes_over_what_has_ended(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, marianne: CommandLine
) -> None:
    for name, team in (("ended", "web"), ("other", "data")):
        body = job(name, score())
        body["metadata"]["labels"] = {"team": team}
        await submit(api, namespace, body)
        await until_phase(api, namespace, name, "Completed")
    held = job("held", score(1, HELD))
    held["metadata"]["labels"] = {"team": "web"}
    await submit(api, namespace, held)
    found = await marianne("pause", "-l", "team=web", "--interrupt", "--wait")
    assert found.code == 0, found
    assert "held: Pause requested" in found.out
    assert found.err == "ended: Job is not running (status: completed)\n"
    every = await marianne("cancel", "--all", "--now")
    assert every.code == 0, every
    assert every.err.count("Job already finished") == 2
    waited = await marianne("wait", "--all", "--for=finished")
    assert (waited.code, len(waited.lines)) == (0, 3), waited
    assert (await marianne("wait", "-l", "team=web")).code == 11
    assert (await marianne("wait", "-l", "team=none")).code == 1
    assert (await marianne("cancel")).code == 2
    assert (await marianne("cancel", "held", "--all")).code == 2


async def test_cancel_asks_on_a_terminal(
    api: Api, namespace: str, control_plane: ControlPlane, marianne: CommandLine
) -> None:
    await submit(api, namespace, job("held", score()))
    words = ("cancel", "held", f"--namespace={namespace}")
    for keys, code, wished in (("n\n", 1, False), ("\x03", 130, False), ("\x04", 1, False), ("y\n", 0, True)):
        async with Terminal(words, environment(control_plane.kubeconfig)) as terminal:
            await terminal.until(f"Cancel {namespace}.held?")
            terminal.type(keys)
            assert await terminal.ended() == code
        assert (await api.get(jobs_path(namespace, "held")))["spec"].get("cancel", False) is wished


async def test_logs_are_followed_from_before_the_first_pod_to_the_end(
    api: Api,
    namespace: str,
    workspace: Path,
    kubelet: SimulatedKubelet,
    idle_operator: OperatorProcess,
    marianne: CommandLine,
) -> None:
    script = (
        "echo try $(ls {{ workspace }} | grep -c tried-{{ sheet_num }})"
        "; printf '\\033]0;title\\007\\033[31mred\\n'"
        "; [ -e {{ workspace }}/tried-{{ sheet_num }} ] || { touch {{ workspace }}/tried-{{ sheet_num }}; exit 1; }"
    )
    await submit(api, namespace, job("loud", score(2, script)))
    async with marianne.running("logs", "loud", "-f") as following:
        await idle_operator.start()
        out, err = await asyncio.wait_for(following.communicate(), 60)
    assert following.returncode == 0, err
    lines = [line for line in out.decode().splitlines() if "try" in line]
    assert lines == ["[1 a1] try 0", "[1 a2] try 1", "[2 a1] try 0", "[2 a2] try 1"]
    assert b"\x1b" not in out
    before = await marianne("logs", "loud", "--sheet=2", "--previous", "--no-prefix", "--tail=2")
    assert before.lines == ["try 0", "red"]
    newest = await marianne("logs", "--latest", "-s", "1")
    assert "[1 a2] try 1" in newest.lines
    unknown = await marianne("logs", "loud", "-s", "9")
    assert (unknown.code, unknown.err) == (1, "error: Sheet 9 not found in job loud\n")


async def test_run_with_logs_ends_with_the_ending(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, marianne: CommandLine, tmp_path: Path
) -> None:
    await add_claim(api, namespace)
    file = _written(tmp_path / "loud.yaml", score(2, "echo heard {{ sheet_num }}"))
    ran = await marianne("run", str(file), "--workspace", WORK, "--name=loud", "--logs")
    assert ran.code == 0, ran
    assert [line for line in ran.lines if "heard" in line] == ["[1 a1] heard 1", "[2 a1] heard 2"]
    assert ran.lines[-1] == "loud: Completed 2/2"


async def test_restart_validates_what_was_mended_and_begins_where_it_is_told(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, marianne: CommandLine
) -> None:
    made = [{"type": "file_exists", "path": "{workspace}/made-{sheet_num}"}]
    script = f"{INSTRUMENT}; [ {{{{ sheet_num }}}} = 2 ] || touch {{{{ workspace }}}}/made-{{{{ sheet_num }}}}"
    await submit(api, namespace, job("song", score(3, script, retry={"max_retries": 1}, validations=made)))
    await until_phase(api, namespace, "song", "Failed")
    (workspace / "made-2").touch()
    validated = await marianne("restart", "song", "--validate-only", "--wait")
    assert validated.code == 10, "sheet 3 was never tried"
    status = await status_of(api, namespace, "song")
    assert [each["state"] for each in status["sheets"]] == ["completed", "completed", "skipped"]
    assert _performed(workspace) == [1, 2]
    assert (await marianne("restart", "song", "--wait")).code == 0
    assert _performed(workspace) == [1, 2, 3]
    assert (await marianne("restart", "song", "--from-sheet", "3", "--wait")).code == 0
    assert _performed(workspace) == [1, 2, 3, 3]
    beyond = await marianne("restart", "song", "--from-sheet", "4")
    assert (beyond.code, beyond.err) == (1, "song: Job has 3 sheets, not 4\n")


def _performed(workspace: Path) -> list[int]:
    return [sheet for sheet, _ in performances(workspace)]
