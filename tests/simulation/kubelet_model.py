"""Nodes, kubelets and the runners in their containers: what happens to a Pod, apart from what the API says of it.

A container lives on a node: deleting its Pod's object does not end it, and a lost node says nothing more.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marianne_operator.control.cluster import Body
from marianne_runner.contract import BRIEF_ANNOTATION, KEY_VARIABLE, Brief, Verdict, encode_message
from tests.simulation.fake_cluster import FakeCluster
from tests.simulation.fake_time import FakeTime
from tests.simulation.ledger_model import Ledger

NAMESPACE = "default"
NODE = "node-1"


@dataclass(slots=True)
class Container:
    """One container that was started. `performing`: its instrument lives."""

    name: str
    uid: str
    brief: Brief
    since: float
    started_at: str
    key: str
    """The job's, with which its runner signs."""
    performing: bool = False
    lost: bool = False
    """Its node does not answer: it goes on, and nobody hears of it."""


def key_of(body: Body) -> str:
    """The job's key as its Pod has it; empty for a job that has none."""
    variables = body["spec"]["containers"][0].get("env", ())
    return next((each["value"] for each in variables if each["name"] == KEY_VARIABLE), "")


@dataclass(slots=True)
class Kubelet:
    """All nodes in one. Methods named after what happens; each says whether it could."""

    cluster: FakeCluster
    ledger: Ledger
    time: FakeTime
    containers: dict[str, Container] = field(default_factory=dict)
    """By Pod UID: those that live."""
    begun: set[str] = field(default_factory=set)
    """UIDs of Pods whose container was ever started: it is so once."""
    untold: list[tuple[str, str, tuple[str, Mapping[str, Any], Mapping[str, Any]]]] = field(default_factory=list)
    """What lost nodes will report when they are back."""

    def pods(self) -> list[Body]:
        """Pods as the API has them; not to be changed, since they are no copies."""
        return [body for (resource, _, _), body in list(self.cluster.store.objects.items()) if resource == "pods"]

    def pod(self, uid: str) -> Body | None:
        return next((each for each in self.pods() if each["metadata"]["uid"] == uid), None)

    def startable(self) -> list[Body]:
        """Pods whose container may start."""
        return [
            each
            for each in self.pods()
            if each["metadata"]["uid"] not in self.begun
            and each["status"]["phase"] == "Pending"
            and "deletionTimestamp" not in each["metadata"]
        ]

    def start(self, body: Body) -> None:
        """Bind it, run its container, and let the runner look at the ledger."""
        name, uid = body["metadata"]["name"], body["metadata"]["uid"]
        brief: Brief = json.loads(body["metadata"]["annotations"][BRIEF_ANNOTATION])
        started = self.cluster.store.stamp()
        self.cluster.bind_pod(NAMESPACE, name, NODE)
        self._report(name, "Running", {"running": {"startedAt": started}})
        self.begun.add(uid)
        container = self.containers[uid] = Container(name, uid, brief, self.time.elapsed, started, key_of(body))
        self.look(container)

    def look(self, container: Container) -> None:
        """The runner asks the ledger what it may do; it waits, performs, or repeats what was said."""
        if container.performing or container.uid not in self.containers:
            return
        answer = self.ledger.look(container.brief, container.uid, self.time.elapsed - container.since)
        if answer == "perform":
            self.ledger.start(container.brief, container.uid)
            container.performing = True
        elif isinstance(answer, dict):
            self._end(container, answer, 0 if answer["outcome"] in ("completed", "skipped") else 1)

    def finish(
        self, container: Container, outcome: str, reason: str = "", cause: Mapping[str, Any] | None = None, **how: Any
    ) -> None:
        """The instrument ends by itself. `cause`: as the verdict has it. `how`: what the kubelet says beside it."""
        told = self.ledger.verdict(container.brief, container.uid, outcome, reason, **(cause or {}))
        self.ledger.finish(container.brief, container.uid, told)
        self._end(container, told, 0 if outcome in ("completed", "skipped") else 1, **how)

    def finish_unheard(self, container: Container, outcome: str) -> None:
        """The verdict is in the ledger; the container dies before it could say it."""
        told = self.ledger.verdict(container.brief, container.uid, outcome)
        self.ledger.finish(container.brief, container.uid, told)
        self._end(container, None, 137)

    def kill(self, container: Container, **how: Any) -> None:
        """The whole container dies at once."""
        self.ledger.kill(container.uid)
        self._end(container, None, 137, **how)

    def interrupt(self, container: Container, **how: Any) -> None:
        """SIGTERM: the runner ends the instrument, and says so if there was one."""
        told: Verdict | None = None
        if container.performing:
            told = self.ledger.verdict(container.brief, container.uid, "interrupted")
            self.ledger.finish(container.brief, container.uid, told)
        self._end(container, told, 143, **how)

    def terminate(self, body: Body) -> None:
        """A deleted Pod: end its container, report, and remove the object."""
        container = self.containers.get(body["metadata"]["uid"])
        if container is not None:
            if container.lost:
                return
            self.interrupt(container)
        if self.pod(body["metadata"]["uid"]) is not None:
            self.cluster.remove_pod(NAMESPACE, body["metadata"]["name"])

    def reap(self) -> None:
        """Containers whose object is gone are ended, where the node answers."""
        there = {each["metadata"]["uid"] for each in self.pods()}
        for container in [each for each in self.containers.values() if each.uid not in there and not each.lost]:
            self.interrupt(container)

    def recover_nodes(self) -> None:
        """Lost nodes answer again, and tell what became of their containers."""
        for container in self.containers.values():
            container.lost = False
        for name, uid, report in self.untold:
            if self.pod(uid) is not None:
                self._report(name, *report)
        self.untold.clear()

    def _end(
        self,
        container: Container,
        told: Verdict | None,
        code: int,
        said: str = "",
        pod: Mapping[str, Any] | None = None,
    ) -> None:
        """`said`: the container's reason. `pod`: fields of the Pod's status."""
        self.ledger.kill(container.uid)
        self.containers.pop(container.uid, None)
        ended = {
            "exitCode": code,
            "reason": said or ("Completed" if code == 0 else "Error"),
            "message": encode_message(told, container.key).decode() if told is not None else "",
            "startedAt": container.started_at,
            "finishedAt": self.cluster.store.stamp(),
        }
        report = "Succeeded" if code == 0 else "Failed", {"terminated": ended}, pod or {}
        if container.lost:
            self.untold.append((container.name, container.uid, report))
        elif self.pod(container.uid) is not None:
            self._report(container.name, "Running", {"terminated": ended})  # a second before the phase is final
            self._report(container.name, *report)

    def _report(self, name: str, phase: str, state: Mapping[str, Any], pod: Mapping[str, Any] | None = None) -> None:
        statuses = [{"name": "sheet", "state": state}]
        self.cluster.set_pod_status(NAMESPACE, name, {"phase": phase, "containerStatuses": statuses, **(pod or {})})
