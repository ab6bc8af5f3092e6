"""A simulated status must mean to the operator what a real one would."""

import json
from typing import Any

import pytest

from marianne_operator.model.pod import PodView
from marianne_operator.model.told import verdict_of
from marianne_runner.contract import BRIEF_ANNOTATION, PROTOCOL, encode_message
from tests.simulated_kubelet import statuses, verdicts
from tests.simulated_kubelet.script import (
    COMPLETES,
    EVICTED,
    NO_RUNNER,
    NODE_LOST,
    OOM_KILLED,
    TERMINATED_ITSELF,
    Script,
    attempt_of,
    by_attempt,
    exits,
    fails,
)

STARTED = "2026-01-01T00:00:00Z"
BRIEF = {"protocol": PROTOCOL, "run": 1, "sheet": 2, "attempt": 3}


def pod() -> dict[str, Any]:
    labels = {"marianne.dev/job": "song", "marianne.dev/sheet": "2", "marianne.dev/attempt": "3"}
    return {
        "metadata": {
            "namespace": "default",
            "name": "song-s2-a3",
            "uid": "the-pod",
            "resourceVersion": "7",
            "creationTimestamp": STARTED,
            "labels": labels,
            "annotations": {BRIEF_ANNOTATION: json.dumps(BRIEF)},
        },
        "spec": {"nodeName": "node", "containers": [{"name": "sheet", "image": "i"}, {"name": "beside", "image": "j"}]},
    }


def view(status: dict[str, Any]) -> PodView:
    return PodView.of(pod() | {"status": status})


def ended(script: Script) -> PodView:
    verdict = script.speak(BRIEF, "the-pod")  # type: ignore[arg-type]
    message = encode_message(verdict).decode() if verdict is not None else ""
    return view(statuses.ended(pod(), statuses.ending_of(script, message, STARTED)))


@pytest.mark.parametrize(
    ("script", "phase", "pod_reason", "container_reason", "exit_code", "disrupted"),
    [
        (COMPLETES, "Succeeded", "", "Completed", 0, False),
        (fails(), "Failed", "", "Error", 1, False),
        (exits(3), "Failed", "", "Error", 3, False),
        (OOM_KILLED, "Failed", "", "OOMKilled", 137, False),
        (EVICTED, "Failed", "Evicted", "Error", 137, True),
        (TERMINATED_ITSELF, "Failed", "", "Error", 143, False),
    ],
)
def test_endings(
    script: Script, phase: str, pod_reason: str, container_reason: str, exit_code: int, disrupted: bool
) -> None:
    seen = ended(script)
    assert seen.over and seen.ran and seen.container is not None
    assert (seen.phase, seen.reason, seen.disrupted) == (phase, pod_reason, disrupted)
    assert (seen.container.reason, seen.container.exit_code) == (container_reason, exit_code)


def test_an_image_without_a_runner_never_ran() -> None:
    seen = ended(NO_RUNNER)
    assert seen.over and not seen.ran


def test_waiting_running_and_lost() -> None:
    waiting = view(statuses.waiting(pod(), "ImagePullBackOff", "no such image"))
    assert waiting.container is not None and waiting.container.reason == "ImagePullBackOff" and not waiting.ran
    running = view(statuses.running(pod(), STARTED))
    assert running.ran and not running.terminal
    lost = view(statuses.lost(pod(), NODE_LOST, STARTED))
    assert lost.terminal and not lost.over, "its containers live on"
    unplaced = view(statuses.unschedulable("no room"))
    assert unplaced.unschedulable == "no room"


def test_the_operator_believes_the_verdicts() -> None:
    verdict, unreadable = verdict_of(ended(COMPLETES))
    assert verdict is not None and unreadable == ""
    assert (verdict["outcome"], verdict["sheet"], verdict["attempt"]) == ("completed", 2, 3)
    verdict, _ = verdict_of(ended(fails("Timeout")))
    assert verdict is not None and (verdict["outcome"], verdict["reason"]) == ("failed", "Timeout")
    assert verdict_of(ended(exits(0))) == (None, "")


def test_a_script_cannot_fail_for_a_reason_that_no_runner_gives() -> None:
    with pytest.raises(ValueError, match="no reason of the contract"):
        verdicts.failed("BadLuck")


def test_scripts_are_chosen_by_sheet_and_attempt() -> None:
    choose = by_attempt({(2, 3): OOM_KILLED})
    assert attempt_of(pod()) == (2, 3) and choose(pod()) is OOM_KILLED
    other = pod()
    other["metadata"]["labels"]["marianne.dev/attempt"] = "4"
    assert choose(other) is COMPLETES
