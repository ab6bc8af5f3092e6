"""What the operator needs of a Pod, trimmed once when a watch brings it: a small object instead of a large one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self

from marianne_runner.contract import ATTEMPT_LABEL, ERRAND_LABEL, JOB_LABEL, JOB_UID_LABEL, SHEET_LABEL

MAIN_CONTAINER: Final = "sheet"
"""Admission may add containers beside it; this one decides."""
SIGNALLED: Final = 128
INITIALIZING: Final = "PodInitializing"

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ContainerView:
    """The sheet's container. Times are seconds since the epoch."""

    state: Literal["waiting", "running", "terminated"]
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class PodView:
    """One Pod of a sheet attempt, or of an errand, as last seen."""

    namespace: str
    name: str
    uid: str
    resource_version: int
    job: str
    job_uid: str
    owner_uid: str
    sheet: int
    attempt: int
    phase: str
    reason: str
    message: str
    created_at: float
    node: str
    deleting_at: float | None
    """When its grace ends or ended, if somebody deleted it."""
    disrupted: bool
    unschedulable: str
    """The scheduler's message, while it cannot place it."""
    container: ContainerView | None
    containers_ended: bool
    """Every container that was ever started has terminated."""
    errand: str = ""
    """`<kind>-<number>`, where it is no sheet's."""

    @property
    def terminal(self) -> bool:
        """The phase is final; containers may still live if the node is lost."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def ran(self) -> bool:
        """Its container was seen running, so an instrument may have started."""
        return self.container is not None and self.container.started_at is not None

    @property
    def ended(self) -> bool:
        """The sheet's container has terminated and never starts again; the phase follows about a second later."""
        return self.container is not None and self.container.state == "terminated"

    @property
    def over(self) -> bool:
        """Nothing of it runs any more: a final phase, and the kubelet said so or never had it."""
        return self.terminal and (self.containers_ended or not self.node)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """From the API's object. Labels that are no numbers count as 0: such a Pod is nobody's attempt."""
        meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
        labels = meta.get("labels") or {}
        conditions = {each["type"]: each for each in status.get("conditions") or ()}
        statuses = _statuses(status)
        deletion = meta.get("deletionTimestamp")
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta["uid"],
            resource_version=int(meta["resourceVersion"]),
            job=labels.get(JOB_LABEL, ""),
            job_uid=labels.get(JOB_UID_LABEL, ""),
            owner_uid=next((each["uid"] for each in meta.get("ownerReferences") or () if each.get("controller")), ""),
            sheet=_number(labels.get(SHEET_LABEL)),
            attempt=_number(labels.get(ATTEMPT_LABEL)),
            phase=status.get("phase", "Pending"),
            reason=status.get("reason", ""),
            message=status.get("message", ""),
            created_at=seconds(meta["creationTimestamp"]),
            node=spec.get("nodeName", ""),
            deleting_at=seconds(deletion) if deletion else None,
            disrupted=conditions.get("DisruptionTarget", {}).get("status") == "True",
            unschedulable=_unschedulable(conditions.get("PodScheduled", {})),
            container=next((_container(each) for each in statuses if each["name"] == MAIN_CONTAINER), None),
            containers_ended=all("terminated" in (each.get("state") or {}) for each in statuses),
            errand=labels.get(ERRAND_LABEL, ""),
        )


def seconds(time: str) -> float:
    """RFC 3339 to seconds since the epoch."""
    return datetime.fromisoformat(time).timestamp()


def _number(label: str | None) -> int:
    return int(label) if label and label.isdecimal() else 0


def _unschedulable(scheduled: Mapping[str, Any]) -> str:
    return str(scheduled.get("message", "")) if scheduled.get("reason") == "Unschedulable" else ""


def _statuses(status: Status) -> Sequence[Status]:
    """Of the containers; where an init container keeps them from starting, its own in the place of the sheet's.

    It brings the runner: what fails of itself there (exit codes from 128 on come from outside) means that the sheet's
    program is missing, as a runtime would say.
    """
    given: Sequence[Status] = status.get("containerStatuses") or ()
    if not any(each["name"] == MAIN_CONTAINER and "waiting" in (each.get("state") or {}) for each in given):
        return given
    for each in status.get("initContainerStatuses") or ():
        state = each.get("state") or {}
        ended, waiting = state.get("terminated") or {}, state.get("waiting") or {}
        if waiting.get("reason", INITIALIZING) != INITIALIZING:
            return [{"name": MAIN_CONTAINER, "state": state}]
        if code := ended.get("exitCode"):
            reason = "StartError" if code < SIGNALLED else ended.get("reason", "")
            message = f"the runner could not be brought in: {ended.get('message', '').strip()}"
            told = {"reason": reason, "exitCode": code, "message": message}
            return [{"name": MAIN_CONTAINER, "state": {"terminated": told}}]
    return given


def _container(status: Status) -> ContainerView:
    state = status.get("state") or {}
    if "terminated" in state:
        ended = state["terminated"]
        started, finished = ended.get("startedAt"), ended.get("finishedAt")
        return ContainerView(
            "terminated",
            ended.get("reason", ""),
            ended.get("message", ""),
            ended.get("exitCode"),
            seconds(started) if started and ended.get("reason") != "StartError" else None,
            seconds(finished) if finished else None,
        )
    if "running" in state:
        return ContainerView("running", started_at=seconds(state["running"]["startedAt"]))
    waiting = state.get("waiting") or {}
    return ContainerView("waiting", waiting.get("reason", ""), waiting.get("message", ""))
