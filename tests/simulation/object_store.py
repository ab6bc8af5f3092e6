"""Objects with what the API server gives them: uid, resourceVersion, generation, graceful deletion, owners.

Bodies go in and out as copies. Every change is also appended to `changes`, from which a test feeds the operator's
cache: at once, late, twice or never.
"""

import copy
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from marianne_operator.control.cluster import (
    AlreadyExistsError,
    Body,
    ConflictError,
    Listing,
    NotFoundError,
)

Key = tuple[str, str, str]
"""Resource, namespace, name."""
DEFAULT_GRACE = 30


@dataclass(frozen=True, slots=True)
class Change:
    """As a watch tells it: ADDED, MODIFIED or DELETED, the latter with the last state."""

    type: str
    resource: str
    body: Body


@dataclass(slots=True)
class ObjectStore:
    """`clock` gives seconds since the epoch; UIDs are drawn from a counter so that runs repeat."""

    clock: Callable[[], float]
    version: int = 0
    objects: dict[Key, Body] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def get(self, resource: str, namespace: str, name: str) -> Body:
        return copy.deepcopy(self._held(resource, namespace, name))

    def list(self, resource: str, namespace: str | None = None) -> Listing:
        items = [
            copy.deepcopy(body)
            for (kind, where, _), body in sorted(self.objects.items())
            if kind == resource and namespace in (None, where)
        ]
        return Listing(self.version, items)

    def create(self, resource: str, body: Mapping[str, Any]) -> Body:
        made = copy.deepcopy(dict(body))
        meta = made["metadata"]
        key = resource, meta.get("namespace", ""), meta["name"]
        if key in self.objects:
            raise AlreadyExistsError(f'{resource} "{meta["name"]}" already exists')
        meta["uid"] = str(uuid.UUID(int=self.version + 1))
        meta["creationTimestamp"] = self.stamp()
        meta["generation"] = 1
        return self._commit("ADDED", key, made)

    def update(self, resource: str, namespace: str, name: str, change: Callable[[Body], None]) -> Body:
        """Change an object in place; a changed spec is a new generation, no change is no new version."""
        key = resource, namespace, name
        old = self._held(*key)
        new = copy.deepcopy(old)
        change(new)
        if new == old:
            return copy.deepcopy(old)
        if new.get("spec") != old.get("spec") and resource != "pods":
            new["metadata"]["generation"] += 1
        return self._commit("MODIFIED", key, new)

    def check(self, resource: str, namespace: str, name: str, **preconditions: str | None) -> None:
        """`uid` and `resource_version`; raises `NotFoundError`, `ConflictError`."""
        meta = self._held(resource, namespace, name)["metadata"]
        for field_name, held in (("uid", meta["uid"]), ("resource_version", meta["resourceVersion"])):
            asked = preconditions.get(field_name)
            if asked is not None and asked != held:
                raise ConflictError(f"{resource} {name}: {field_name} is {held}, not {asked}")

    def delete(self, resource: str, namespace: str, name: str, grace: int | None = None) -> Body | None:
        """Pods that run get their grace, as the API server gives it; all else goes at once. None: it is gone."""
        key = resource, namespace, name
        body = self._held(*key)
        if resource == "pods":
            seconds = _grace(body, grace)
            if seconds > 0:
                return self.update(*key, lambda pod: self._terminate(pod, seconds))
        del self.objects[key]
        self.version += 1
        last = copy.deepcopy(body)
        last["metadata"]["resourceVersion"] = str(self.version)
        self.changes.append(Change("DELETED", resource, last))
        return None

    def collect_garbage(self) -> None:
        """What the garbage collector does: objects whose controller is gone are deleted."""
        living = {body["metadata"]["uid"] for body in self.objects.values()}
        for (resource, namespace, name), body in sorted(self.objects.items()):
            owners = body["metadata"].get("ownerReferences") or ()
            orphan = owners and all(owner["uid"] not in living for owner in owners)
            if orphan and "deletionTimestamp" not in body["metadata"]:
                self.delete(resource, namespace, name)

    def stamp(self, later: float = 0) -> str:
        """Now, or some seconds later, as the API writes it."""
        return datetime.fromtimestamp(int(self.clock() + later), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _terminate(self, pod: Body, seconds: int) -> None:
        meta = pod["metadata"]
        if "deletionTimestamp" in meta and meta["deletionGracePeriodSeconds"] <= seconds:
            return
        meta["deletionTimestamp"] = self.stamp(seconds)
        meta["deletionGracePeriodSeconds"] = seconds

    def _held(self, resource: str, namespace: str, name: str) -> Body:
        try:
            return self.objects[resource, namespace, name]
        except KeyError:
            raise NotFoundError(f'{resource} "{name}" not found') from None

    def _commit(self, kind: str, key: Key, body: Body) -> Body:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.objects[key] = body
        self.changes.append(Change(kind, key[0], copy.deepcopy(body)))
        return copy.deepcopy(body)


def _grace(pod: Body, asked: int | None) -> int:
    phase = (pod.get("status") or {}).get("phase")
    if not pod["spec"].get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    return asked if asked is not None else int(pod["spec"].get("terminationGracePeriodSeconds", DEFAULT_GRACE))
