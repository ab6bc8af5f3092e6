"""The same world twice: the fake cluster, and a real API server without kubelets."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client.configuration import Configuration

from marianne_operator.control.api_cluster import ApiCluster
from marianne_operator.control.cluster import JOBS_API, Body, ClusterError, NotFoundError
from marianne_operator.control.connection import Connection
from tests.simulation.fake_cluster import FakeCluster

MERGE = "application/merge-patch+json"
INSTRUMENT = {"profile": {"kind": "cli", "cli": {"command": {"executable": "bash"}}}}


class FakeWorld:
    """Others' hands on the fake."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(time.time)
        self.namespace = "default"

    async def close(self) -> None:
        pass

    async def add_job(self, name: str, spec: Mapping[str, Any]) -> Body:
        return self.cluster.add_job(self.namespace, name, spec)

    async def add_instrument(self, name: str) -> None:
        meta = {"namespace": self.namespace, "name": name}
        self.cluster.store.create("instruments", {"metadata": meta, "spec": INSTRUMENT})

    async def edit_job(self, name: str, **spec: Any) -> Body:
        return self.cluster.edit_job(self.namespace, name, **spec)

    async def remove_job(self, name: str) -> None:
        self.cluster.remove_job(self.namespace, name)

    async def bind_pod(self, name: str) -> None:
        self.cluster.bind_pod(self.namespace, name, "node-1")

    async def set_pod_status(self, name: str, status: Mapping[str, Any]) -> None:
        self.cluster.set_pod_status(self.namespace, name, status)

    async def limit_pods(self, count: int) -> None:
        self.cluster.pod_quota[self.namespace] = count

    async def begin_termination(self) -> None:
        self.cluster.terminating.add(self.namespace)


class RealWorld:
    """Others' hands on the real one, in a namespace of its own."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.cluster = ApiCluster(connection)
        self.namespace = f"contract-{uuid.uuid4().hex[:10]}"
        self.root = f"/api/v1/namespaces/{self.namespace}"
        self.jobs = f"/apis/{JOBS_API}/namespaces/{self.namespace}/mariannejobs"

    @classmethod
    async def open(cls, kubeconfig: Path) -> "RealWorld":
        configuration = Configuration()
        await kubernetes_config.load_kube_config(str(kubeconfig), client_configuration=configuration)
        world = cls(Connection(configuration))
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
        await world.connection.request("POST", "/api/v1/namespaces", body)
        await eventually(lambda: world.connection.request("GET", f"{world.root}/serviceaccounts/default"))
        return world

    async def close(self) -> None:
        with contextlib.suppress(ClusterError):
            await self.connection.request("PUT", f"{self.root}/configmaps/hold", self.hold(()))
        with contextlib.suppress(ClusterError):
            await self.connection.request("DELETE", self.root)
        await self.connection.close()

    async def add_job(self, name: str, spec: Mapping[str, Any]) -> Body:
        meta = {"namespace": self.namespace, "name": name}
        body = {"apiVersion": JOBS_API, "kind": "MarianneJob", "metadata": meta, "spec": dict(spec)}
        return await self.connection.request("POST", self.jobs, body)

    async def add_instrument(self, name: str) -> None:
        meta = {"namespace": self.namespace, "name": name}
        body = {"apiVersion": JOBS_API, "kind": "Instrument", "metadata": meta, "spec": INSTRUMENT}
        path = f"/apis/{JOBS_API}/namespaces/{self.namespace}/instruments"
        await self.connection.request("POST", path, body)

    async def edit_job(self, name: str, **spec: Any) -> Body:
        job = await self.connection.request("GET", f"{self.jobs}/{name}")
        job["spec"] = {key: value for key, value in (job["spec"] | spec).items() if value is not None}
        return await self.connection.request("PUT", f"{self.jobs}/{name}", job)

    async def remove_job(self, name: str) -> None:
        await self.connection.request("DELETE", f"{self.jobs}/{name}")

    async def bind_pod(self, name: str) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": "node-1"}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        await self.connection.request("POST", f"{self.root}/pods/{name}/binding", body)

    async def set_pod_status(self, name: str, status: Mapping[str, Any]) -> None:
        pod = await self.connection.request("GET", f"{self.root}/pods/{name}")
        pod["status"] = dict(status)
        await self.connection.request("PUT", f"{self.root}/pods/{name}/status", pod)

    async def limit_pods(self, count: int) -> None:
        spec = {"hard": {"pods": str(count)}}
        body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": spec}
        await self.connection.request("POST", f"{self.root}/resourcequotas", body)

        async def counted() -> None:
            quota = await self.connection.request("GET", f"{self.root}/resourcequotas/few")
            assert quota["status"]["hard"], "not counted yet"

        await eventually(counted)

    async def begin_termination(self) -> None:
        await self.connection.request("POST", f"{self.root}/configmaps", self.hold(("example.com/hold",)))
        await self.connection.request("DELETE", self.root)

    def hold(self, finalizers: tuple[str, ...]) -> Body:
        meta = {"name": "hold", "namespace": self.namespace, "finalizers": list(finalizers)}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


World = FakeWorld | RealWorld


async def eventually(probe: Callable[[], Any], deadline: float = 20.0) -> Any:
    """The probe's answer, once it neither finds something missing nor asserts."""
    end = time.monotonic() + deadline
    while True:
        try:
            return await probe()
        except (AssertionError, KeyError, NotFoundError):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.05)
