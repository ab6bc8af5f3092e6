"""Objects as the API server would tell them, and clocks that stand still."""

from collections.abc import Callable
from typing import Any

from marianne_operator.control.cluster import JOBS_API, Body

UID = "11111111-0000-0000-0000-000000000001"
NOW = 1_800_000_000.0
STAMP = "2027-01-15T08:00:00Z"


class HandClock:
    """Seconds that pass when told to, and the timers that they set off."""

    def __init__(self, start: float = 1000.0) -> None:
        self.at = start
        self.timers: list[HandTimer] = []

    def __call__(self) -> float:
        return self.at

    time = __call__

    def call_at(self, when: float, callback: Callable[[], None]) -> "HandTimer":
        timer = HandTimer(when, callback, self.timers)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        end = self.at + seconds
        while due := sorted((each for each in self.timers if each.when() <= end), key=HandTimer.when):
            self.timers.remove(due[0])
            self.at = max(self.at, due[0].when())
            due[0].callback()
        self.at = end


class HandTimer:
    def __init__(self, when: float, callback: Callable[[], None], timers: list["HandTimer"]) -> None:
        self._when, self.callback, self._timers = when, callback, timers

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self._timers.remove(self)


def job(version: int, name: str = "song", uid: str = UID, status: Body | None = None, **spec: Any) -> Body:
    return {
        "apiVersion": JOBS_API,
        "kind": "MarianneJob",
        "metadata": {
            "namespace": "default",
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "generation": 1,
            "creationTimestamp": STAMP,
            "managedFields": [{"manager": "someone"}],
        },
        "spec": {"scoreText": "name: song\n", **spec},
        "status": {"observedGeneration": -1, **(status or {})},
    }


def finished(version: int, **given: Any) -> Body:
    return job(version, status={"run": 1, "completionTime": STAMP}, **given)


def pod(version: int, name: str = "song-s1-a1", uid: str = "pod-1", owner: str = UID, **status: Any) -> Body:
    labels = {"marianne.dev/job": "song", "marianne.dev/job-uid": owner}
    labels |= {"marianne.dev/sheet": "1", "marianne.dev/attempt": "1"}
    return {
        "metadata": {
            "namespace": "default",
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "creationTimestamp": STAMP,
            "labels": labels,
            "ownerReferences": [{"uid": owner, "controller": True}],
        },
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Pending", **status},
    }


def ended(version: int, **given: Any) -> Body:
    state = {"terminated": {"exitCode": 0, "startedAt": STAMP}}
    return pod(version, **given, phase="Succeeded", containerStatuses=[{"name": "sheet", "state": state}])


def instrument(version: int, name: str = "cli", namespace: str | None = None, image: str = "a") -> Body:
    meta = {"name": name, "resourceVersion": str(version), "uid": f"instrument-{name}"}
    if namespace is not None:
        meta["namespace"] = namespace
    return {"metadata": meta, "spec": {"image": image, "profile": {"cli": {"command": {"executable": "bash"}}}}}
