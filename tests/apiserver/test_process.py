"""The operator's process against a real API server: how it starts, hands over and ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.cluster.control_plane import ControlPlane

SETTINGS = "runner: {image: 'localhost/marianne/runner:dev'}\n"
SCORE = """
name: song
workspace: ./here
instrument: not-there
sheet: {size: 1, total_items: 1}
prompt: {template: "true"}
"""


class Operator:
    """One process; its log is its standard error."""

    def __init__(self, plane: ControlPlane, folder: Path, uid: str, settings: str = SETTINGS) -> None:
        folder.mkdir(parents=True)
        (folder / "settings.yaml").write_text(settings)
        self.log = folder / "log"
        environment = {
            **os.environ,
            "KUBECONFIG": str(plane.kubeconfig),
            "MARIANNE_SETTINGS": str(folder / "settings.yaml"),
            "MARIANNE_NAMESPACE": "default",
            "MARIANNE_PORT": "0",
            "POD_UID": uid,
        }
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "marianne_operator"]
            self.process = subprocess.Popen(command, env=environment, stderr=log)

    def said(self, event: str) -> dict[str, Any] | None:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return next((line for line in lines if line["event"] == event), None)

    def get(self, path: str) -> str:
        started = self.said("waiting for the Lease")
        assert started is not None
        with urllib.request.urlopen(f"http://127.0.0.1:{started['port']}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and how long it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - begun


def until(true: Callable[[], Any], deadline: float = 30.0) -> Any:
    end = time.monotonic() + deadline
    while not (answer := true()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
    return answer


@pytest.fixture
def start(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Callable[..., Operator]]:
    started: list[Operator] = []

    def begin(uid: str, **given: str) -> Operator:
        started.append(Operator(control_plane, tmp_path / str(len(started)), uid, **given))
        return started[-1]

    yield begin
    for operator in started:
        with contextlib.suppress(ProcessLookupError):
            operator.process.kill()
        operator.process.wait()


def lease(plane: ControlPlane) -> dict[str, Any]:
    told = plane.kubectl("get", "lease", "marianne-operator", "--namespace=default", "-o", "json")
    body: dict[str, Any] = json.loads(told.stdout)
    return body


def test_it_ends_at_once_and_hands_back_the_lease(control_plane: ControlPlane, start: Callable[..., Operator]) -> None:
    operator = start("pod-a")
    until(lambda: operator.said("conducting"))
    assert lease(control_plane)["spec"]["holderIdentity"] == "pod-a"
    assert set(lease(control_plane)["metadata"]["annotations"]) >= {"marianne.dev/version", "marianne.dev/rss-bytes"}
    assert json.loads(operator.get("/readyz"))["leaseHeld"]
    assert "marianne_lease_held 1.0" in operator.get("/metrics")
    code, seconds = operator.stop()
    assert code == 0 and seconds < 2
    assert lease(control_plane)["spec"]["holderIdentity"] == ""


def test_the_second_waits_and_takes_over(start: Callable[..., Operator]) -> None:
    first = start("pod-a")
    until(lambda: first.said("conducting"))
    second = start("pod-b")
    until(lambda: second.said("waiting for the Lease"))
    first.stop()
    until(lambda: second.said("conducting"), 10)


def test_a_restarted_container_goes_on_at_once(start: Callable[..., Operator]) -> None:
    first = start("pod-a")
    until(lambda: first.said("conducting"))
    first.stop(signal.SIGKILL)
    again = start("pod-a")
    until(lambda: again.said("conducting"), 10)


@pytest.mark.parametrize("scope", ["", "watchNamespaces: [default]\n"], ids=["cluster", "namespaced"])
def test_the_watches_wake_a_job(control_plane: ControlPlane, start: Callable[..., Operator], scope: str) -> None:
    operator = start("pod-a", settings=SETTINGS + scope)
    until(lambda: operator.said("conducting"))
    body = {
        "apiVersion": "marianne.dev/v1alpha1",
        "kind": "MarianneJob",
        "metadata": {"name": "woken", "namespace": "default"},
        "spec": {"scoreText": SCORE},
    }
    try:
        assert control_plane.kubectl("apply", "-f", "-", text=json.dumps(body)).returncode == 0
        path = "jsonpath={.status.waiting.reason}"
        ask = ("get", "mariannejob", "woken", "--namespace=default", "-o", path)
        until(lambda: control_plane.kubectl(*ask).stdout == "InstrumentNotFound")
        operator.stop()
    finally:
        control_plane.kubectl("delete", "mariannejob", "woken", "--namespace=default", "--ignore-not-found")
