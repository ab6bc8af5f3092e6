"""The command line on real Pods: logs as a kubelet tells them, and files out of a real volume."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.lane import Lane, bash_score, wait_for

TREE = Path(__file__).parents[2]
SECONDS = 120
READERS = "--selector=marianne.dev/reader-of"
FLAKY = "echo try; test -e mended || { touch mended; exit 1; }; for n in 1 2 3; do echo line $n; done"
MAKE = "mkdir parts; printf '\\000\\001\\377no end' > parts/raw; seq 200000 > numbers; ln -s /etc/passwd way-out"


@pytest.fixture
def program(installed: None, kubeconfig: Path, lane: Lane) -> Iterator["Program"]:
    yield Program(kubeconfig, lane.namespace)
    assert lane.kubectl("get", "pods", READERS, "-o", "name") == "", "no reader is left"


class Program:
    """`kubectl marianne` in the lane's namespace, without a terminal."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(TREE / "operator")}
        self._namespace = namespace

    def __call__(self, *words: str, code: int = 0) -> bytes:
        """What it prints; its exit code is as expected."""
        with self.started(*words) as process:
            out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == code, (out, err)
        return out

    def started(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "kubectl_marianne", *words, "-n", self._namespace]
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def played(lane: Lane, name: str, *commands: str) -> None:
    lane.job(name, bash_score(*commands))
    lane.await_phase(name, "Completed")


def test_logs_are_followed_from_before_the_first_pod_over_attempts(
    lane: Lane, program: Program, tmp_path: Path
) -> None:
    lane.job(
        "loud",
        bash_score(
            "sleep 1; echo first", FLAKY, retry={"max_retries": 3, "base_delay_seconds": 0.2, "max_delay_seconds": 1}
        ),
    )
    out = program("logs", "loud", "-f").decode().splitlines()
    told = [line for line in out if line.split("] ")[-1].split()[0] in ("first", "try", "line")]
    assert told == [
        "[1 a1] first",
        "[2 a1] try",
        "[2 a2] try",
        "[2 a2] line 1",
        "[2 a2] line 2",
        "[2 a2] line 3",
    ]
    assert "[2 a2] line 3" in program("logs", "loud", "--sheet=2", "--tail=50").decode().splitlines()
    lane.kubectl("delete", "pods", "--selector=marianne.dev/job=loud")
    assert b"[2 a2 tail] line 3" in program("logs", "loud", "-s", "2").splitlines()


def test_files_come_out_of_the_volume_as_they_are(lane: Lane, program: Program, tmp_path: Path) -> None:
    played(lane, "maker", MAKE)
    listed = program("files", "maker", "ls").decode().splitlines()
    assert [line.split()[1] for line in listed] == ["PATH", "numbers", "parts/", "parts/raw", "way-out@"]
    assert program("files", "maker", "cat", "parts/raw") == b"\x00\x01\xffno end"
    copied = program("files", "maker", "cp", "", str(tmp_path)).decode().splitlines()
    assert sorted(copied) == [f"{tmp_path}/numbers", f"{tmp_path}/parts/raw"]
    assert (tmp_path / "numbers").read_text() == "".join(f"{number}\n" for number in range(1, 200001))
    program("files", "maker", "cat", "../../etc/passwd", code=1)
    program("files", "maker", "cat", "way-out", code=1)


def test_files_are_read_without_a_pod_left_to_learn_an_image_from(lane: Lane, program: Program) -> None:
    played(lane, "maker", "echo here > result")
    image = lane.kubectl("get", "pods", "-o", "jsonpath={.items[0].spec.containers[0].image}")
    lane.kubectl("delete", "pods", "--all")
    program("files", "maker", "ls", code=1)
    assert program("files", "maker", "cat", "result", f"--image={image}") == b"here\n"


def test_a_reader_that_cannot_start_is_given_up_and_removed(lane: Lane, program: Program) -> None:
    played(lane, "maker", "echo here > result")
    program("files", "maker", "ls", "--image=registry.example/none:1", "--timeout=5s", code=124)


def test_ctrl_c_takes_the_reader_away(lane: Lane, program: Program) -> None:
    played(lane, "maker", "echo here > result")
    with program.started("files", "maker", "ls", "--image=registry.example/none:1") as process:
        wait_for(lambda: lane.kubectl("get", "pods", READERS, "-o", "name"), bool)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130


def test_sheets_go_on_while_files_are_read(lane: Lane, program: Program) -> None:
    """A ReadWriteOnce volume: the reader goes to the sheet's node and reads beside it."""
    lane.job("busy", bash_score("echo begun > result; until [ -e /tmp/never ]; do sleep 0.2; done"))

    def performed() -> dict[str, Any]:
        return lane.sheet("busy")

    wait_for(performed, lambda sheet: sheet.get("state") == "in_progress")
    until = time.monotonic() + SECONDS
    while program("files", "busy", "ls").decode().splitlines()[1:] != ["6     result"]:
        assert time.monotonic() < until
    program("cancel", "busy", "--now", "--wait", "-y")
