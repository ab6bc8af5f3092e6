"""An errand in a real process: what its command may do, what it answers, and that it never runs twice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marianne_runner.contract import ERRAND_TAIL, MESSAGE_LIMIT, ErrandResult, decode_errand, encode_errand
from marianne_runner.streams import LOG_BYTES
from tests.unit.runner.scene import REPOSITORY, Scene, compiled, wait_until


class Errand:
    """A Pod whose brief is an errand's."""

    def __init__(self, scene: Scene, uid: str, command: dict[str, Any] | None, **brief: Any) -> None:
        self.scene, self.pod = scene, scene.pod(uid, compiled())
        asked = {"text": "true", "shell": True, "values": {"job_id": "song's"}, **(command or {})}
        told = {
            "protocol": 1,
            "job": "song",
            "job_uid": "uid-1",
            "namespace": "default",
            "run": 1,
            "errand": "hook-1",
            "timeout_seconds": 30,
            "once": True,
            **({} if command is None else {"command": asked}),
            **brief,
        }
        (self.pod.root / "marianne/brief/brief.json").write_text(json.dumps(told))
        (self.pod.root / "dev/termination-log").touch()

    def start(self) -> "subprocess.Popen[bytes]":
        environment = {
            "PATH": os.environ["PATH"],
            "MARIANNE_ROOT": str(self.pod.root),
            "PYTHONPATH": str(REPOSITORY / "operator"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with (self.pod.root / "log").open("wb") as log:
            self.pod.process = subprocess.Popen(
                [sys.executable, "-m", "marianne_runner", "errand"], env=environment, stdout=log, stderr=log
            )
        return self.pod.process

    def run(self) -> ErrandResult:
        self.start().wait(60)
        return self.answer

    @property
    def answer(self) -> ErrandResult:
        return decode_errand((self.pod.root / "dev/termination-log").read_text())


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.close()


def test_a_command_that_succeeds(scene: Scene) -> None:
    errand = Errand(scene, "pod-1", {"text": "pwd; echo {job_id} {workspace} ${HOME:-none} {other}"})
    answer = errand.run()
    assert (answer["outcome"], answer["exit_code"], answer["message"]) == ("succeeded", 0, "")
    place, said = answer["output_tail"].splitlines()
    assert Path(place).resolve() == scene.workspace.resolve()
    assert said == f"song's {errand.pod.root}/workspace none {{other}}"
    assert (answer["pod_uid"], answer["errand"]) == ("pod-1", "hook-1")
    assert answer["started_at"] <= answer["ended_at"]


@pytest.mark.parametrize(
    ("command", "brief", "message", "code"),
    [
        ({"text": "echo out; exit 3"}, {}, "exit code 3", 3),
        ({"text": "sleep 60"}, {"timeout_seconds": 0.2}, "still running after 0.2 s", None),
        ({"text": "kill -KILL $$"}, {}, "killed by signal 9", None),
        ({"text": "true", "working_directory": "nowhere"}, {}, "no directory", None),
        ({"text": "nothing-like-it --flag", "shell": False}, {}, "no program 'nothing-like-it'", None),
        ({"text": "echo 'open", "shell": False}, {}, "No closing quotation", None),
        (None, {}, "does not know what is asked", None),
        ({"text": "true"}, {"protocol": 99}, "speaks protocol 99", None),
    ],
)
def test_how_it_fails(
    scene: Scene, command: dict[str, Any] | None, brief: dict[str, Any], message: str, code: int | None
) -> None:
    errand = Errand(scene, "pod-1", command, **brief)
    assert errand.start().wait(60) == 1
    assert errand.answer["outcome"] == "failed"
    assert message in errand.answer["message"]
    assert errand.answer.get("exit_code") == code


def test_a_script_is_no_shell(scene: Scene) -> None:
    (scene.workspace / "say").write_text("#!/bin/sh\nprintf '%s|' \"$@\"\n")
    (scene.workspace / "say").chmod(0o755)
    answer = Errand(scene, "pod-1", {"text": "./say {job_id} 'two words' '$HOME;x'", "shell": False}).run()
    assert answer["output_tail"] == "song's|two words|$HOME;x|"


def test_its_answer_is_redacted_and_fits(scene: Scene) -> None:
    key = "sk-ant-" + "a" * 20
    answer = Errand(scene, "pod-1", {"text": f"head -c 9000 /dev/zero | tr '\\0' '\\1'; echo; echo {key}"}).run()
    assert key not in answer["output_tail"]
    assert answer["output_tail"].endswith("[REDACTED_ANTHROPIC_KEY]\n")
    assert len(answer["output_tail"]) <= ERRAND_TAIL
    path = next(each for each in scene.base.glob("pod-1-*")) / "dev/termination-log"
    assert path.stat().st_size <= MESSAGE_LIMIT


def test_a_second_pod_repeats_the_answer_of_the_first(scene: Scene) -> None:
    command = {"text": "echo once >> count; exit 4"}
    first = Errand(scene, "pod-1", command).run()
    second = Errand(scene, "pod-2", command).run()
    assert (scene.workspace / "count").read_text() == "once\n"
    assert second == {**first, "pod_uid": "pod-2"}


def test_what_was_started_and_lost_is_never_started_again(scene: Scene) -> None:
    command = {"text": "echo once >> count; sleep 60"}
    first = Errand(scene, "pod-1", command)
    first.start()
    wait_until((scene.workspace / "count").exists)
    first.pod.kill()
    second = Errand(scene, "pod-2", command).run()
    assert second["outcome"] == "lost"
    assert (scene.workspace / "count").read_text() == "once\n"


def test_without_the_ledger_it_runs_each_time_it_is_made(scene: Scene) -> None:
    command = {"text": "echo again >> count"}
    for uid in ("pod-1", "pod-2"):
        assert Errand(scene, uid, command, once=False).run()["outcome"] == "succeeded"
    assert (scene.workspace / "count").read_text() == "again\nagain\n"


def test_sigterm_ends_the_command_and_is_told(scene: Scene) -> None:
    errand = Errand(scene, "pod-1", {"text": "touch begun; sleep 60"})
    process = errand.start()
    wait_until((scene.workspace / "begun").exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert (errand.answer["outcome"], errand.answer["message"]) == ("failed", "stopped by SIGTERM while it ran")


def test_what_cannot_be_made_short_enough_keeps_nobody_busy() -> None:
    long = {"pod_uid": "p" * MESSAGE_LIMIT, "protocol": 1, "errand": "hook-1", "outcome": "failed", "message": "m"}
    assert len(encode_errand(ErrandResult(**long))) > MESSAGE_LIMIT  # type: ignore[typeddict-item]


@pytest.mark.parametrize("forged", ["no answer", json.dumps({"x": "y" * 9000}), "[]"])
def test_what_is_no_answer_is_not_repeated(scene: Scene, forged: str) -> None:
    """An agent can write there: it must neither be said nor keep the Pod busy."""
    Errand(scene, "pod-1", {"text": "true"}).run()
    (written,) = scene.workspace.parent.rglob("errands/hook-1/result")
    written.unlink()
    written.write_text(forged)
    second = Errand(scene, "pod-2", {"text": "true"}).run()
    assert (second["outcome"], second["pod_uid"]) == ("lost", "pod-2")
    assert "something else" in second["message"]


def test_a_flood_of_output_does_not_fill_the_nodes_disk(scene: Scene) -> None:
    errand = Errand(scene, "pod-1", {"text": "yes a line of text | head -c 100000000; echo END"})
    assert errand.run()["outcome"] == "succeeded"
    assert errand.answer["output_tail"].endswith("END\n")
    log = errand.pod.root / "log"
    assert LOG_BYTES < log.stat().st_size < LOG_BYTES + 100_000
    assert log.read_bytes().endswith(b"END\n")
