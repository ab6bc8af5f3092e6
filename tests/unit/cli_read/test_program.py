"""The program around the verbs: its help, its flags, its completion, and how failures are told."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from kubectl_marianne import exits
from kubectl_marianne.application import VERBS, application
from kubectl_marianne.completion import answer, parsed
from kubectl_marianne.completion import described as command_of
from kubectl_marianne.options import CLUSTER, OUTPUT, SELECTION, Options, verb
from kubectl_marianne.process import ended
from marianne_client.errors import ApiError, UnknownIdError, UnreachableError
from marianne_client.kubeconfig import KubeconfigError

HEAVY = ("kubernetes", "httpx", "fastapi", "uvicorn", "rich.console", "yaml", "jinja2")


def invoke(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(application(arguments), arguments, prog_name="kubectl marianne")
    return done.exit_code, done.output


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_each_verb_has_an_example(name: str) -> None:
    code, text = invoke(name, "--help")
    assert code == 0
    assert f"  kubectl marianne {VERBS[name].examples[0]}\n" in text
    assert VERBS[name].summary in text
    said = import_module(f"kubectl_marianne.{VERBS[name].module}").command.__doc__
    assert " ".join(said.split()) in " ".join(text.split())


def test_help_loads_nothing_heavy() -> None:
    """What makes help quick; the clock of a shared machine proves nothing."""
    program = (
        "import sys; from kubectl_marianne.application import application\n"
        "for name in sys.argv[1:]:\n"
        "    app = application([name]); app([name, '--help'], standalone_mode=False)\n"
        f"print('loaded:', [each for each in {HEAVY} if each in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *VERBS],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "operator")},
    )
    assert done.stdout.endswith("loaded: []\n")


def test_the_list_of_verbs_loads_none_of_them() -> None:
    code, text = invoke("--help")
    assert code == 0
    assert all(f"  {name} " in text for name in VERBS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--nonsense"),
        ("status", "-o", "xml"),
        ("status", "a", "-A"),
        ("status", "a", "-l", "x=y"),
        ("status", "--sheet", "1"),
        ("status", "-w", "-o", "json"),
        ("sheet", "a", "0"),
        ("sheet", "a", "1", "-o", "name"),
        ("tree",),
        ("run", "-", "-o", "wide"),
        ("sing",),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert invoke(*arguments)[0] == exits.USAGE


def test_a_verb_gets_its_own_parameters_and_the_shared_flags() -> None:
    seen: list[tuple[Options, str, bool]] = []

    @verb(CLUSTER, SELECTION, OUTPUT)
    async def command(
        options: Options, job: Annotated[str, typer.Argument()], every: Annotated[bool, typer.Option("--all")] = False
    ) -> int:
        seen.append((options, job, every))
        return exits.PAUSED

    app = typer.Typer()
    app.command()(command)
    arguments = ["-n", "x", "--as", "jane", "--as-group", "a", "--as-group", "b", "song", "--all", "-A", "-l", "k=v"]
    done = CliRunner().invoke(app, [*arguments, "-o", "yaml"])
    assert done.exit_code == exits.PAUSED
    [(options, job, every)] = seen
    assert (job, every) == ("song", True)
    assert options == Options(
        namespace="x", as_user="jane", as_group=("a", "b"), all_namespaces=True, selector="k=v", output="yaml"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ApiError(403, "Forbidden", "jobs is forbidden:\x1b[2J no"),
            "Error from server (Forbidden): jobs is forbidden: no",
        ),
        (ApiError(400, "", "bad"), "Error from server (400): bad"),
        (UnreachableError("ConnectError"), "error: no answer from the API server: ConnectError"),
        (UnknownIdError("x.../y"), "error: '../y' cannot be the name of a job"),
        (KubeconfigError("no context"), "error: kubeconfig: no context"),
    ],
)
def test_a_failure_is_one_clear_line(error: Exception, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def fail() -> int:
        raise error

    assert ended(fail, Options()) == exits.ERROR
    assert capsys.readouterr().err == f"{told}\n"


def test_a_reader_that_has_left_is_no_failure_to_tell_of() -> None:
    """As `head` does: the pipe breaks, and nothing is said on stderr."""
    program = (
        "from kubectl_marianne.process import ended; from kubectl_marianne.options import Options\n"
        "async def chatter():\n"
        "    for _ in range(100000): print('x' * 80)\n"
        "    return 0\n"
        "raise SystemExit(ended(chatter, Options()))"
    )
    talking = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "operator")},
    )
    assert talking.stdout is not None
    assert talking.stderr is not None
    talking.stdout.readline()
    talking.stdout.close()
    assert talking.stderr.read() == b""
    assert talking.wait() == exits.ERROR
    talking.stderr.close()


def names(_values: object) -> list[str]:
    return ["review-k2\tRunning", "nightly\tWaiting"]


@pytest.mark.parametrize(
    ("words", "proposals"),
    [
        (["stat"], ["status\tList jobs, or look at one.", ":4"]),
        (["status", ""], ["review-k2\tRunning", "nightly\tWaiting", ":4"]),
        (["status", "-n", "x", "re"], ["review-k2\tRunning", ":4"]),
        (["status", "-n", ""], [":4"]),
        (["status", "review-k2", ""], [":4"]),
        (["pause", "review-k2", ""], ["nightly\tWaiting", ":4"]),
        (["status", "--fai"], ["--failed\tOnly what has failed: jobs, or the job's sheets.", ":4"]),
        (["status", "--kubeconfig", ""], [":0"]),
        (["api", "--token-file", ""], [":0"]),
        (["status", "-o", ""], ["wide", "json", "yaml", "name", ":4"]),
        (["wait", "--for", "p"], ["paused", ":4"]),
        (["files", "song", ""], ["ls", "cat", "cp", ":4"]),
        (["files", "song", "cat", "x", "y", ""], [":4"]),
        (["run", ""], [":0"]),
        (["sing", ""], [":1"]),
    ],
)
def test_completion(words: list[str], proposals: list[str]) -> None:
    assert answer(words, names) == proposals


def test_completion_asks_where_the_flags_point() -> None:
    given = parsed(["--context=far", "-n", "x", "-w", "song"], command_of("status"))
    assert given == (["song"], {"--context": "far", "-n": "x"}, None)


def test_every_verb_of_jobs_proposes_them() -> None:
    """Also for a second one, where it takes several."""
    for name, each in VERBS.items():
        hints = import_module(f"kubectl_marianne.{each.module}").command.__annotations__
        one, several = "job" in hints, "jobs" in hints
        if one or several:
            assert answer([name, "zz"], lambda _: ["zz-song"]) == ["zz-song", ":4"], name
            assert (answer([name, "a", "zz"], lambda _: ["zz-song"]) == ["zz-song", ":4"]) is several, name
