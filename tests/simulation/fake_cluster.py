"""An in-memory `Cluster`: the same answers as the API server gives, without one, and faults on demand.

`tests/apiserver/test_cluster_contract.py` holds it to that. The second half are the hands of others: the user, the
kubelet, the garbage collector.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from marianne_operator.control.cluster import JOBS_API, Body, Listing, NotFoundError, RefusedError
from marianne_runner.contract import JOB_LABEL
from tests.simulation.object_store import Change, ObjectStore
from tests.simulation.status_rules import broken_rule

Answer = TypeVar("Answer")
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the operator's."""

    verb: str
    resource: str
    namespace: str
    name: str

    @property
    def writes(self) -> bool:
        return self.verb not in ("get", "list")


Hook = Callable[[Call], None]
"""May raise: before, nothing was done; after, everything was, and nobody is told."""


@dataclass(slots=True)
class FakeCluster:
    """`namespaces` that are not listed do not exist; `terminating` ones take nothing new."""

    clock: Callable[[], float]
    before: Hook = lambda call: None
    after: Hook = lambda call: None
    namespaces: set[str] = field(default_factory=lambda: {"default"})
    terminating: set[str] = field(default_factory=set)
    pod_quota: dict[str, int] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    store: ObjectStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = ObjectStore(self.clock)

    @property
    def changes(self) -> list[Change]:
        """All changes so far, in order: what watches tell."""
        return self.store.changes

    # ---- Cluster

    async def list_jobs(self, namespace: str | None = None) -> Listing:
        return self._list("mariannejobs", namespace)

    async def get_job(self, namespace: str, name: str) -> Body:
        return self._get("mariannejobs", namespace, name)

    async def create_job(self, body: Mapping[str, Any]) -> Body:
        return self._create("mariannejobs", {**body, "status": {"observedGeneration": -1}})

    async def put_status(self, body: Body) -> Body:
        meta = body["metadata"]
        call = Call("put", "mariannejobs/status", meta["namespace"], meta["name"])
        return self._do(call, lambda: self._put_status(body))

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        self._delete("mariannejobs", namespace, name, uid)

    async def list_instruments(self, namespace: str | None = None) -> Listing:
        return self._list("instruments", namespace)

    async def list_cluster_instruments(self) -> Listing:
        return self._list("clusterinstruments", None)

    async def patch_instrument_status(self, namespace: str, name: str, status: Mapping[str, Any]) -> Body:
        return self._merge_status("instruments", namespace, name, status)

    async def patch_cluster_instrument_status(self, name: str, status: Mapping[str, Any]) -> Body:
        return self._merge_status("clusterinstruments", "", name, status)

    async def list_pods(self, namespace: str | None = None, jobs: Collection[str] | None = None) -> Listing:
        listing = self._list("pods", namespace)
        labels = [(body["metadata"].get("labels") or {}).get(JOB_LABEL) for body in listing.items]
        wanted = [label is not None and (jobs is None or label in jobs) for label in labels]
        labelled = [body for body, each in zip(listing.items, wanted, strict=True) if each]
        return Listing(listing.resource_version, labelled)

    async def get_pod(self, namespace: str, name: str) -> Body:
        return self._get("pods", namespace, name)

    async def create_pod(self, body: Mapping[str, Any]) -> Body:
        return self._create("pods", {**body, "status": {"phase": "Pending"}})

    async def delete_pod(self, namespace: str, name: str, uid: str, grace_seconds: int | None = None) -> Body | None:
        return self._delete("pods", namespace, name, uid, grace_seconds)

    async def get_config_map(self, namespace: str, name: str) -> Body:
        return self._get("configmaps", namespace, name)

    async def create_config_map(self, body: Mapping[str, Any]) -> Body:
        return self._create("configmaps", body)

    async def get_claim(self, namespace: str, name: str) -> Body:
        return self._get("persistentvolumeclaims", namespace, name)

    async def create_claim(self, body: Mapping[str, Any]) -> Body:
        return self._create("persistentvolumeclaims", body)

    async def create_event(self, body: Mapping[str, Any]) -> None:
        self._create("events", body)

    async def list_events(self, namespace: str, uid: str) -> list[Body]:
        return [body for body in self._list("events", namespace).items if body["involvedObject"]["uid"] == uid]

    async def get_lease(self, namespace: str, name: str) -> Body:
        return self._get("leases", namespace, name)

    async def create_lease(self, body: Mapping[str, Any]) -> Body:
        return self._create("leases", body)

    async def put_lease(self, body: Body) -> Body:
        meta = body["metadata"]
        where = "leases", meta["namespace"], meta["name"]

        def put() -> Body:
            self.store.check(*where, resource_version=meta.get("resourceVersion"))
            return self.store.update(*where, lambda lease: _replace(lease, body))

        return self._do(Call("put", *where), put)

    # ---- the hands of others

    def add_job(self, namespace: str, name: str, spec: Mapping[str, Any]) -> Body:
        """`kubectl apply` of a new job."""
        body = {
            "apiVersion": JOBS_API,
            "kind": "MarianneJob",
            "metadata": {"namespace": namespace, "name": name},
            "spec": dict(spec),
            "status": {"observedGeneration": -1},
        }
        return self.store.create("mariannejobs", body)

    def edit_job(self, namespace: str, name: str, **spec: Any) -> Body:
        """`kubectl patch` of the spec; None removes a field."""

        def change(body: Body) -> None:
            body["spec"] = {key: value for key, value in (body["spec"] | spec).items() if value is not None}

        return self.store.update("mariannejobs", namespace, name, change)

    def remove_job(self, namespace: str, name: str) -> None:
        """`kubectl delete`, and the garbage collector's work after it."""
        self.store.delete("mariannejobs", namespace, name)
        self.store.collect_garbage()

    def bind_pod(self, namespace: str, name: str, node: str) -> Body:
        """The scheduler's work."""
        return self.store.update("pods", namespace, name, lambda pod: pod["spec"].update(nodeName=node))

    def set_pod_status(self, namespace: str, name: str, status: Mapping[str, Any]) -> Body:
        """The kubelet's work."""
        return self.store.update("pods", namespace, name, lambda pod: pod.update(status=dict(status)))

    def remove_pod(self, namespace: str, name: str) -> None:
        """The kubelet's last word on a Pod, or somebody's `delete --force`."""
        self.store.delete("pods", namespace, name, grace=0)

    # ---- how

    def _do(self, call: Call, act: Callable[[], Answer]) -> Answer:
        self.calls.append(call)
        self.before(call)
        answer = act()
        self.after(call)
        return answer

    def _get(self, resource: str, namespace: str, name: str) -> Body:
        return self._do(Call("get", resource, namespace, name), lambda: self.store.get(resource, namespace, name))

    def _list(self, resource: str, namespace: str | None) -> Listing:
        return self._do(Call("list", resource, namespace or "", ""), lambda: self.store.list(resource, namespace))

    def _create(self, resource: str, body: Mapping[str, Any]) -> Body:
        meta = body["metadata"]

        def create() -> Body:
            self._admit(resource, body)
            return self.store.create(resource, body)

        return self._do(Call("create", resource, meta["namespace"], meta["name"]), create)

    def _delete(self, resource: str, namespace: str, name: str, uid: str, grace: int | None = None) -> Body | None:
        def delete() -> Body | None:
            self.store.check(resource, namespace, name, uid=uid)
            gone = self.store.delete(resource, namespace, name, grace)
            self.store.collect_garbage()
            return gone

        return self._do(Call("delete", resource, namespace, name), delete)

    def _put_status(self, body: Body) -> Body:
        meta = body["metadata"]
        where = "mariannejobs", meta["namespace"], meta["name"]
        self.store.check(*where, uid=meta.get("uid"), resource_version=meta.get("resourceVersion"))
        broken = broken_rule(self.store.get(*where).get("status") or {}, body["status"])
        if broken is not None:
            raise RefusedError(422, "Invalid", f'MarianneJob "{meta["name"]}" is invalid: status: {broken}')
        return self.store.update(*where, lambda job: job.update(status=body["status"]))

    def _merge_status(self, resource: str, namespace: str, name: str, status: Mapping[str, Any]) -> Body:
        def patch(body: Body) -> None:
            merged = (body.get("status") or {}) | status
            body["status"] = {key: value for key, value in merged.items() if value is not None}

        where = resource, namespace, name
        return self._do(Call("patch", f"{resource}/status", *where[1:]), lambda: self.store.update(*where, patch))

    def _admit(self, resource: str, body: Mapping[str, Any]) -> None:
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        if namespace not in self.namespaces:
            raise NotFoundError(f'namespaces "{namespace}" not found')
        if namespace in self.terminating:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise RefusedError(403, "Forbidden", f'{resource} "{name}" is forbidden: {why}')
        labels = body["metadata"].get("labels") or {}
        if not NAME.fullmatch(name) or not all(LABEL.fullmatch(value) for value in labels.values()):
            raise RefusedError(422, "Invalid", f'{resource} "{name}" is invalid: metadata')
        if (resource, namespace, name) in self.store.objects or resource != "pods":
            return
        if not body["spec"].get("containers"):
            raise RefusedError(422, "Invalid", f'Pod "{name}" is invalid: spec.containers: Required value')
        if len(self.store.list("pods", namespace).items) >= self.pod_quota.get(namespace, 10**9):
            raise RefusedError(403, "Forbidden", f'pods "{name}" is forbidden: exceeded quota: pods')


def _replace(held: Body, body: Body) -> None:
    kept = {key: held["metadata"][key] for key in ("uid", "creationTimestamp", "generation", "resourceVersion")}
    held.clear()
    held.update(body)
    held["metadata"] = {**body["metadata"], **kept}
