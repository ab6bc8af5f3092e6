"""A Pod's status as a kubelet writes it: pure functions to the body of a strategic merge patch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.simulated_kubelet.script import Body, Script

MAIN = "sheet"


@dataclass(frozen=True, slots=True)
class Ending:
    """How the containers of a Pod ended."""

    exit_code: int
    message: str
    started_at: str | None
    reason: str = ""
    pod_reason: str = ""
    pod_message: str = ""
    disrupted: bool = False


def stamp() -> str:
    """Now, as the API writes times."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(pod: Body, reason: str, message: str) -> Body:
    """Assigned, not started."""
    state = {"waiting": {"reason": reason, "message": message}}
    return _status(pod, "Pending", dict.fromkeys(_names(pod), state))


def running(pod: Body, started_at: str) -> Body:
    """Started."""
    state = {"running": {"startedAt": started_at}}
    return _status(pod, "Running", dict.fromkeys(_names(pod), state)) | {"startTime": started_at}


def ending(pod: Body, how: Ending) -> Body:
    """Every container has terminated; the phase follows."""
    return _status(pod, "Running", _ended_states(pod, how))


def ended(pod: Body, ending: Ending) -> Body:
    """Every container has terminated; the sheet's own leaves the message."""
    states = _ended_states(pod, ending)
    status = _status(pod, "Succeeded" if ending.exit_code == 0 else "Failed", states)
    if ending.pod_reason:
        status |= {"phase": "Failed", "reason": ending.pod_reason, "message": ending.pod_message}
    if ending.disrupted:
        target = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
        status["conditions"] = [*status["conditions"], target]
    return status


def lost(pod: Body, script: Script, started_at: str) -> Body:
    """Failed, they say, but its containers live on."""
    alive = running(pod, started_at)
    return alive | {"phase": "Failed", "reason": script.pod_reason, "message": script.pod_message}


def unschedulable(message: str) -> Body:
    """The scheduler's word."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [condition]}


def ending_of(script: Script, message: str, started_at: str) -> Ending:
    """As the script has it end by itself."""
    return Ending(
        exit_code=script.exit_code,
        message=message or script.container_message,
        started_at=None if script.never_started else started_at,
        reason=script.container_reason,
        pod_reason=script.pod_reason,
        pod_message=script.pod_message,
        disrupted=script.disrupted,
    )


def _ended_states(pod: Body, how: Ending) -> dict[str, Body]:
    return {name: {"terminated": _terminated(how, name == MAIN)} for name in _names(pod)}


def _terminated(ending: Ending, main: bool) -> Body:
    finished = stamp()
    state = {
        "exitCode": ending.exit_code,
        "reason": ending.reason or ("Completed" if ending.exit_code == 0 else "Error"),
        "finishedAt": finished,
    }
    if ending.started_at is not None:
        state["startedAt"] = ending.started_at
    if main and ending.message:
        state["message"] = ending.message
    return state


def _status(pod: Body, phase: str, states: Mapping[str, Body]) -> Body:
    containers = [_container(each, states[each["name"]]) for each in pod["spec"]["containers"]]
    ready = {"type": "Ready", "status": "True" if phase == "Running" else "False"}
    return {"phase": phase, "conditions": [ready], "containerStatuses": containers}


def _container(container: Body, state: Body) -> Body:
    up = "running" in state
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "" if "waiting" in state else f"simulated@{container['image']}",
        "ready": up,
        "started": up,
        "restartCount": 0,
        "state": state,
    }


def _names(pod: Body) -> list[str]:
    return [each["name"] for each in pod["spec"]["containers"]]
