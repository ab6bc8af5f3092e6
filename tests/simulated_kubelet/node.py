"""The simulated node: its object, its Lease, and which Pods fit on it."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tests.simulated_kubelet.api import MERGE, Api
from tests.simulated_kubelet.script import Body

LEASE_SECONDS: Final = 40
RENEW_SECONDS: Final = 4.0
LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


@dataclass(frozen=True, slots=True)
class Node:
    """One node with room for every Pod that selects it."""

    api: Api
    name: str

    @property
    def labels(self) -> dict[str, str]:
        """What node selectors select."""
        return {"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux"}

    async def register(self, port: int | None = None) -> None:
        """The Node, ready, and its Lease; `port` is where it answers the API server on this machine."""
        meta = {"name": self.name, "labels": self.labels}
        await self.api.post("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": meta})
        room = {"cpu": "64", "memory": "256Gi", "pods": "10000"}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": _now()}
        status: Body = {"conditions": [ready], "capacity": room, "allocatable": room}
        if port is not None:
            status["addresses"] = [{"type": "InternalIP", "address": "127.0.0.1"}]
            status["daemonEndpoints"] = {"kubeletEndpoint": {"Port": port}}
        await self.api.patch(f"/api/v1/nodes/{self.name}/status", {"status": status})
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self.name}}
        await self.api.post(LEASES, {**lease, "spec": self._claim()})

    async def keep(self) -> None:
        """Renew the Lease for ever, so that no controller takes the node for lost."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self.api.request("PATCH", f"{LEASES}/{self.name}", {"spec": self._claim()}, MERGE)

    async def remove(self) -> None:
        """The node leaves the cluster."""
        await self.api.delete(f"/api/v1/nodes/{self.name}")
        await self.api.delete(f"{LEASES}/{self.name}")

    def refuses(self, pod: Body) -> str | None:
        """The scheduler's message where the Pod does not fit."""
        wanted = pod["spec"].get("nodeSelector") or {}
        if all(self.labels.get(key) == value for key, value in wanted.items()):
            return None
        return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."

    async def tell_mount_failure(self, pod: Body, message: str) -> None:
        """The event that says why a Pod stays in ContainerCreating."""
        meta = pod["metadata"]
        about = {"apiVersion": "v1", "kind": "Pod", **{key: meta[key] for key in ("namespace", "name", "uid")}}
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": meta["namespace"], "name": f"{meta['name']}.{uuid.uuid4().hex[:10]}"},
            "involvedObject": about,
            "type": "Warning",
            "reason": "FailedMount",
            "message": f"MountVolume.SetUp failed: {message}",
            "firstTimestamp": _now(),
            "lastTimestamp": _now(),
            "count": 1,
            "source": {"component": "kubelet", "host": self.name},
        }
        await self.api.post(f"/api/v1/namespaces/{meta['namespace']}/events", body)

    def _claim(self) -> Body:
        renewed = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"holderIdentity": self.name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": renewed}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
