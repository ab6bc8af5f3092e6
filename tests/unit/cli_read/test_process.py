"""The process around a verb: what it is told by signals, pipes, locales and kubeconfigs, and what it says."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from kubectl_marianne import exits
from kubectl_marianne.application import application
from kubectl_marianne.options import Options
from kubectl_marianne.process import asking, ended

OPERATOR = Path(__file__).parents[3] / "operator"
SPEAKS_AND_WAITS = """
import asyncio, signal
from kubectl_marianne.options import Options
from kubectl_marianne.process import ended
async def verb():
    print("begun \\u23f3")
    try:
        await asyncio.Event().wait()
    finally:
        print("closed")
raise SystemExit(ended(verb, Options()))
"""


def started(program: str, *, before: str = "", **environ: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", before + program],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(OPERATOR), "PYTHONIOENCODING": "utf-8", **environ},
    )


def first_line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, exits.INTERRUPTED),
        (signal.SIGTERM, exits.TERMINATED),
        (signal.SIGHUP, exits.TERMINATED),
    ],
)
def test_a_pipe_gets_each_line_at_once_and_a_signal_closes_what_is_open(number: signal.Signals, code: int) -> None:
    with started(SPEAKS_AND_WAITS) as process:
        assert first_line(process) == "begun \u23f3\n".encode()
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert (out, process.returncode) == (b"closed\n", code)


def test_what_nohup_ignores_is_ignored() -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with started(SPEAKS_AND_WAITS, before=ignoring) as process:
        first_line(process)
        ignored = re.search(r"SigIgn:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
        process.terminate()
    assert ignored is not None
    assert int(ignored[1], 16) & 1 << signal.SIGHUP - 1


def test_what_the_encoding_lacks_is_a_question_mark() -> None:
    with started(SPEAKS_AND_WAITS, PYTHONIOENCODING="latin-1") as process:
        assert first_line(process) == b"begun ?\n"
        process.terminate()


def test_signals_end_the_program_while_somebody_is_asked() -> None:
    """The event loop has them, but it stands still: without this, Ctrl-C at a question does nothing."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    async def ask() -> int:
        usual = [signal.getsignal(number) for number in numbers]
        with asking():
            asked = [signal.getsignal(number) for number in numbers]
        assert asked == [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]
        assert [signal.getsignal(number) for number in numbers] == usual
        return exits.OK

    assert ended(ask, Options()) == exits.OK


def test_without_a_verb_there_is_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kubectl_marianne"], capture_output=True, env={"PYTHONPATH": str(OPERATOR)}, check=True
    )
    assert b"Commands:" in done.stdout
    assert done.stderr == b""


def invoked(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(application(arguments), arguments, prog_name="kubectl marianne")
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A kubeconfig for a server that is not there."""
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    return file


def test_without_a_cluster_the_program_has_its_version_all_the_same(nowhere: Path) -> None:
    code, out, err = invoked("version", "-o", "json", f"--kubeconfig={nowhere}")
    assert code == exits.ERROR
    assert set(json.loads(out)) == {"client", "api"}
    assert err.startswith("error: no answer from the API server")
    assert err.count("\n") == 1


def test_a_namespace_that_cannot_be_one_becomes_no_part_of_a_path(nowhere: Path) -> None:
    for verb in (("status",), ("status", "song"), ("cancel", "--all"), ("doctor",)):
        code, _, err = invoked(*verb, f"--kubeconfig={nowhere}", "-n", "a/../b")
        assert (code, err) == (exits.USAGE, "error: 'a/../b' cannot be the name of a namespace\n")


@pytest.mark.parametrize("text", [b"{a", b"word", b"[1]", b"\xff\xfe", b""])
def test_a_kubeconfig_that_is_none_is_one_clear_line(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "config"
    file.write_bytes(text)
    code, _, err = invoked("status", f"--kubeconfig={file}")
    assert code == exits.ERROR
    assert err.startswith("error: kubeconfig: ")
    assert err.count("\n") == 1


def test_a_certificate_that_is_none_is_one_clear_line(nowhere: Path) -> None:
    config = yaml.safe_load(nowhere.read_text())
    config["clusters"][0]["cluster"] = {"server": "https://127.0.0.1:1", "certificate-authority-data": "Zm9v"}
    nowhere.write_text(yaml.safe_dump(config))
    code, _, err = invoked("status", f"--kubeconfig={nowhere}")
    assert (code, err.startswith("error: kubeconfig: ")) == (exits.ERROR, True)


def test_a_converted_score_is_utf_8_in_any_locale(tmp_path: Path) -> None:
    score = tmp_path / "song.yaml"
    score.write_text("name: s\nsheet: {size: 1, total_items: 1}\nprompt: {template: 'echo \u23f3 \u00fc'}\n")
    done = subprocess.run(
        [sys.executable, "-m", "kubectl_marianne", "convert", str(score)],
        capture_output=True,
        env={"PYTHONPATH": str(OPERATOR), "PYTHONIOENCODING": "latin-1"},
        check=True,
    )
    assert yaml.safe_load(done.stdout)["spec"]["scoreText"] == score.read_text()
