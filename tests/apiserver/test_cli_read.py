"""The reading verbs in a real terminal, on a real API server with the operator conducting (C3, C4, C6, C7, S1)."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from dev.cluster import binaries
from dev.cluster.control_plane import ControlPlane
from tests.apiserver import jobs
from tests.apiserver.conftest import Kubectl
from tests.apiserver.gate import Gate
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.terminal import PROGRAM, Terminal, environment
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

ESC = b"\x1b"
MANY = 500
SHELLS = {
    "bash": (
        ("bash", "--norc", "--noprofile", "-i"),
        "source /usr/share/bash-completion/bash_completion; source <(kubectl completion bash); PS1='ready> '",
    ),
    "zsh": (
        ("zsh", "-f", "-i"),
        "autoload -U compinit; compinit -u -D; source <(kubectl completion zsh); PS1='ready> '",
    ),
    "fish": (
        ("fish", "--no-config", "-i"),
        "kubectl completion fish | source; function fish_prompt; printf 'ready> '; end",
    ),
}
"""Without anybody's own settings."""


class Marianne:
    """The program as this test's user runs it: with pipes, or in a terminal."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.kubeconfig, self.namespace = kubeconfig, namespace

    async def __call__(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr), piped."""
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *arguments,
            f"--namespace={self.namespace}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(self.kubeconfig, **environ),
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    def terminal(self, *arguments: str, columns: int = 80, height: int = 24, **environ: str) -> Terminal:
        """Not started yet."""
        arguments = (*arguments, f"--namespace={self.namespace}")
        return Terminal(arguments, environment(self.kubeconfig, **environ), columns, height)


@pytest.fixture
def marianne(control_plane: ControlPlane, namespace: str) -> Marianne:
    return Marianne(control_plane.kubeconfig, namespace)


@pytest.fixture
async def held(api: Api, namespace: str, operator: OperatorProcess, workspace: Path) -> str:
    """A job of five sheets whose first one runs until somebody makes the file `go`."""
    score = jobs.score(5, jobs.HELD, dependencies=jobs.DIAMOND)
    await jobs.submit(api, namespace, jobs.job("review", score))
    await _until_in_progress(api, namespace, "review", 1)
    return "review"


@pytest.fixture
async def many(api: Api, namespace: str, operator: OperatorProcess, workspace: Path) -> str:
    """A job of 500 sheets, four of which run."""
    score = jobs.score(MANY, jobs.HELD, dependencies={MANY: [1]})  # without any, one would wait for the other
    await jobs.submit(api, namespace, jobs.job("many", score))
    await _until_in_progress(api, namespace, "many", 4)
    return "many"


async def _until_in_progress(api: Api, namespace: str, name: str, count: int) -> None:
    async def running() -> bool:
        status = await jobs.status_of(api, namespace, name)
        return [sheet["state"] for sheet in status.get("sheets", ())].count("in_progress") == count

    await wait_for(f"{count} sheets of {name} to be in progress", running, 60)


async def test_piped_output_is_plain_and_feeds_other_programs(marianne: Marianne, held: str, kubectl: Kubectl) -> None:
    code, listed, _ = await marianne("status")
    assert code == 0
    assert listed.isascii()
    assert "\x1b" not in listed
    assert "conductor  Running" in listed
    assert [row.split()[:3] for row in listed.splitlines()[1:]] == [
        ["NAME", "PHASE", "PROGRESS"],
        [held, "Running", "0/5"],
    ]

    code, body, _ = await marianne("status", held, "-o", "json")
    assert (code, json.loads(body)["metadata"]["name"]) == (0, held)
    code, several, _ = await marianne("status", "-o", "json")
    assert [each["kind"] for each in json.loads(several)["items"]] == ["MarianneJob"]
    code, name, _ = await marianne("status", "-o", "name")
    assert kubectl("get", name.strip(), "-o", "name").stdout == name


async def test_a_job_is_shown_with_its_sheets_and_the_next_step(marianne: Marianne, held: str) -> None:
    async with marianne.terminal("status", held) as terminal:
        assert await terminal.ended() == 0
    assert terminal.rows[0].startswith(f"{held} · {marianne.namespace} · Running")
    assert "0/5" in terminal.rows[1]
    assert "▶ 1 in_progress" in terminal.rows[1]
    assert "▶ in_progress" in terminal.text
    assert f"next: kubectl marianne logs {held} -f -n {marianne.namespace}" in terminal.text
    assert ESC in bytes(terminal.raw)  # it has colours


async def test_a_terminal_that_wants_plain_text_gets_ascii(marianne: Marianne, held: str) -> None:
    for plain in ({"NO_COLOR": "1"}, {"LANG": "C"}, {"TERM": "dumb"}):
        async with marianne.terminal("status", held, **plain) as terminal:
            assert await terminal.ended() == 0
        assert bytes(terminal.raw).isascii(), plain
        assert ESC not in bytes(terminal.raw), plain
        assert "in_progress" in terminal.text


async def test_five_hundred_sheets_fit_the_screen(marianne: Marianne, many: str) -> None:
    async with marianne.terminal("status", many) as terminal:
        assert await terminal.ended() == 0
    assert terminal.rows[0].startswith(many)
    assert terminal.text.count("in_progress") == 1 + 4
    assert f"+{MANY - 18} pending" in terminal.text  # 24 rows, 6 of them for other things


async def test_watch_redraws_at_events_and_gives_the_terminal_back(
    marianne: Marianne, many: str, api: Api, namespace: str
) -> None:
    async with marianne.terminal("status", many, "-w") as terminal:
        await terminal.until("▶ 4 in_progress")
        assert terminal.cursor_hidden
        assert terminal.rows[0].startswith(many)
        await jobs.edit(api, namespace, many, paused=True)
        await terminal.until("Draining")
        assert terminal.rows[0].startswith(many)  # in place: nothing scrolled
        assert terminal.text.count(f"{many} · ") == 1
        terminal.resize(80, 12)
        await terminal.until(f"+{MANY - 5} pending")
        terminal.type("\x03")
        assert await terminal.ended() == 130
    assert not terminal.cursor_hidden
    assert terminal.text.count("next: ") == 1
    assert "Traceback" not in terminal.text


async def test_watch_ends_as_the_job_does(marianne: Marianne, held: str, workspace: Path) -> None:
    async with marianne.terminal("status", held, "-w") as terminal:
        await terminal.until("▶ 1 in_progress")
        (workspace / "go").touch()
        assert await terminal.ended(60) == 0
    assert "Completed" in terminal.rows[0]
    assert "✓ 5 completed" in terminal.text


async def test_watch_tells_a_pipe_what_changes(marianne: Marianne, held: str, api: Api, namespace: str) -> None:
    watching = asyncio.create_task(marianne("status", held, "--watch"))
    await jobs.edit(api, namespace, held, cancel=True, cancelPolicy="Now")
    code, told, _ = await asyncio.wait_for(watching, 60)
    assert code == 11
    assert "\x1b" not in told
    assert told.splitlines()[-1].startswith(f"{held} Cancelled")


async def test_the_list_is_watched_too(
    marianne: Marianne, held: str, api: Api, namespace: str, operator: OperatorProcess
) -> None:
    async with marianne.terminal("status", "-w") as terminal:
        await terminal.until(held)
        await jobs.submit(api, namespace, jobs.job("second", jobs.score(), paused=True))
        await terminal.until("second")
        await api.delete(jobs_path(namespace, "second"))
        await terminal.until_gone("second")
        await terminal.until("conductor  Running")
        await operator.stop()
        await terminal.until("conductor  not running")
        assert terminal.cursor_hidden
        terminal.terminate()
        assert await terminal.ended() == 143
    assert not terminal.cursor_hidden


async def test_a_picture_that_may_be_old_says_so(
    marianne: Marianne, held: str, control_plane: ControlPlane, api: Api, namespace: str, tmp_path: Path
) -> None:
    known = yaml.safe_load(control_plane.kubeconfig.read_text())
    server = known["clusters"][0]["cluster"]["server"]
    async with Gate(int(server.rpartition(":")[2])) as gate:
        known["clusters"][0]["cluster"]["server"] = gate.url
        marianne.kubeconfig = tmp_path / "through-the-gate"
        marianne.kubeconfig.write_text(yaml.safe_dump(known))
        async with marianne.terminal("status", held, "-w") as terminal:
            await terminal.until("1 in_progress")
            gate.shut()
            await terminal.until("no answer since")
            await jobs.edit(api, namespace, held, paused=True)
            gate.open()
            await terminal.until("Draining")
            await terminal.until_gone("no answer since")


async def test_a_tree_shows_what_the_score_wants(marianne: Marianne, held: str) -> None:
    code, told, _ = await marianne("tree", held, "--all")
    assert code == 0
    assert told.splitlines()[1].startswith("|- movement 1")
    assert told.count("movement ") == 5
    assert "after 2, 3" in told
    assert "attempt 1  Pod review-" in told


async def test_a_sheet_has_its_33_details(marianne: Marianne, held: str) -> None:
    code, told, _ = await marianne("sheet", held, "1", "-o", "json")
    assert (code, len(json.loads(told))) == (0, 33)
    code, shown, _ = await marianne("sheet", held, "1")
    assert {"sheet_num", "status", "cost_confidence"} <= {row.split()[0] for row in shown.splitlines()}
    code, attempts, _ = await marianne("sheet", held, "1", "--attempts")
    assert attempts.splitlines()[1].split()[:4] == ["1", "normal", "cli", "running"]
    code, _, error = await marianne("sheet", held, "9")
    assert (code, error) == (1, f"Sheet 9 not found in job {held}\n")


async def test_nothing_hostile_reaches_the_terminal(
    marianne: Marianne, api: Api, namespace: str, operator: OperatorProcess, kubelet: SimulatedKubelet
) -> None:
    evil = r"printf '\033]0;owned\007\033[2Jgone\342\200\256live\n' >&2; exit 3"
    score = jobs.score(1, evil, retry={"max_retries": 1}, name="ev\x1b[31mil")
    body = jobs.job("evil", score)
    body["metadata"]["annotations"] = {"note": "\x1b]0;owned\x07"}
    await jobs.submit(api, namespace, body)
    await jobs.until_phase(api, namespace, "evil", "Failed")
    for arguments in (("errors", "evil"), ("sheet", "evil", "1"), ("status", "evil"), ("status", "-o", "wide")):
        async with marianne.terminal(*arguments, columns=200) as terminal:
            assert await terminal.ended() == 0
        sent = bytes(terminal.raw)
        assert b"\x1b]" not in sent
        assert b"[2J" not in sent
        assert "\u202e".encode() not in sent
    async with marianne.terminal("status", "evil", "-o", "yaml", columns=200) as terminal:
        assert await terminal.ended() == 0
    assert ESC not in bytes(terminal.raw)


async def test_refusals_are_the_api_server_s_own_words(marianne: Marianne, kubectl: Kubectl) -> None:
    code, _, error = await marianne("status", "--as", "jane")
    assert code == 1
    assert error == kubectl("get", "mariannejobs", "--as=jane").stderr
    absent = kubectl("get", "mariannejob", "nobody").stderr
    for arguments in (("status", "nobody"), ("status", "nobody", "-w"), ("wait", "nobody"), ("logs", "nobody")):
        code, _, error = await marianne(*arguments)
        assert (arguments, code, error) == (arguments, 1, absent)


async def test_namespaces_and_contexts_are_kubectl_s(
    marianne: Marianne, held: str, control_plane: ControlPlane, tmp_path: Path
) -> None:
    _, everywhere, _ = await marianne("status", "-A")
    assert [marianne.namespace, held] in [row.split()[:2] for row in everywhere.splitlines()]
    _, elsewhere, nothing = await Marianne(control_plane.kubeconfig, "default")("status")
    assert held not in elsewhere
    assert nothing == "No jobs found in default namespace.\n"
    code, _, error = await marianne("status", "--context=nowhere")
    assert code == 1
    assert "nowhere" in error
    code, _, error = await marianne("status", "Not_A_Name")
    assert (code, error) == (1, "error: 'Not_A_Name' cannot be the name of a job\n")


async def test_kubectl_completes_verbs_jobs_and_words(marianne: Marianne, held: str) -> None:
    place = f"--namespace={marianne.namespace}"
    assert (await _kubectl(marianne, "__complete", "marianne", "status", place, "")).splitlines() == [
        f"{held}\tRunning",
        ":4",
    ]
    assert (await _kubectl(marianne, "__complete", "marianne", "status", place, "x")).splitlines() == [":4"]
    assert "status\tList jobs, or look at one." in await _kubectl(marianne, "__complete", "marianne", "st")


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_shell_completes_names_of_jobs(marianne: Marianne, held: str, shell: str, tmp_path: Path) -> None:
    """kubectl's own completion in the shell itself, which asks the plugin."""
    environ = _environment(marianne) | {"HOME": str(tmp_path)}
    command, setup = SHELLS[shell]
    async with Terminal(command[1:], environ, columns=120, program=command[:1]) as terminal:
        terminal.type(f"{setup}\n")
        await terminal.until("\nready>")
        terminal.type(f"kubectl marianne status --namespace={marianne.namespace} {held[:2]}\t")
        await terminal.until(f"{marianne.namespace} {held}")


async def _kubectl(marianne: Marianne, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(binaries.binary("kubectl")), *arguments, stdout=asyncio.subprocess.PIPE, env=_environment(marianne)
    )
    out, _ = await process.communicate()
    return out.decode()


def _environment(marianne: Marianne) -> dict[str, str]:
    """With kubectl and its plugin in PATH."""
    places = [Path(sys.executable).parent, binaries.binary("kubectl").parent]
    return environment(marianne.kubeconfig, PATH=":".join([*map(str, places), os.environ["PATH"]]))
