"""`Cluster` over the real API server."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from marianne_operator.control.cluster import JOBS_API, Body, Listing, NotFoundError
from marianne_operator.control.connection import Connection
from marianne_runner.contract import JOB_LABEL

MANAGER: Final = {"fieldManager": "marianne-operator"}
JOBS: Final = f"/apis/{JOBS_API}"
CORE: Final = "/api/v1"
LEASES: Final = "/apis/coordination.k8s.io/v1"


class ApiCluster:
    """See `control.cluster.Cluster` for what each method promises."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def require_kinds(self) -> None:
        """Raises `NotFoundError` where the CRDs are not installed: Kopf would start without a watch on them."""
        served = {each["name"] for each in (await self._connection.request("GET", JOBS))["resources"]}
        missing = {"mariannejobs", "instruments", "clusterinstruments"} - served
        if missing:
            raise NotFoundError(f"these CRDs are not installed: {', '.join(sorted(missing))}")

    async def list_jobs(self, namespace: str | None = None) -> Listing:
        """Every MarianneJob."""
        return await self._list(_path(JOBS, namespace, "mariannejobs"))

    async def get_job(self, namespace: str, name: str) -> Body:
        """Live."""
        return await self._connection.request("GET", _path(JOBS, namespace, "mariannejobs", name))

    async def create_job(self, body: Mapping[str, Any]) -> Body:
        """Create; a field that the CRD does not know is refused, not dropped."""
        path = _path(JOBS, body["metadata"]["namespace"], "mariannejobs")
        return await self._connection.request("POST", path, body, MANAGER | {"fieldValidation": "Strict"})

    async def put_status(self, body: Body) -> Body:
        """Only metadata and status are sent: the server keeps the rest of the object on this path."""
        path = _path(JOBS, body["metadata"]["namespace"], "mariannejobs", body["metadata"]["name"])
        return await self._connection.request("PUT", f"{path}/status", body, MANAGER)

    async def delete_job(self, namespace: str, name: str, uid: str) -> None:
        """In the background: its Pods follow."""
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        await self._connection.request("DELETE", _path(JOBS, namespace, "mariannejobs", name), options)

    async def list_instruments(self, namespace: str | None = None) -> Listing:
        """Every Instrument."""
        return await self._list(_path(JOBS, namespace, "instruments"))

    async def list_cluster_instruments(self) -> Listing:
        """Every ClusterInstrument."""
        return await self._list(f"{JOBS}/clusterinstruments")

    async def patch_instrument_status(self, namespace: str, name: str, status: Mapping[str, Any]) -> Body:
        """A merge patch: the status is ours alone, and tells all of it."""
        path = f"{_path(JOBS, namespace, 'instruments', name)}/status"
        return await self._connection.request("PATCH", path, {"status": dict(status)}, MANAGER)

    async def patch_cluster_instrument_status(self, name: str, status: Mapping[str, Any]) -> Body:
        """As of an Instrument."""
        path = f"{JOBS}/clusterinstruments/{name}/status"
        return await self._connection.request("PATCH", path, {"status": dict(status)}, MANAGER)

    async def list_pods(self, namespace: str | None = None, jobs: Collection[str] | None = None) -> Listing:
        """Selected by the label, as the watch is."""
        selector = JOB_LABEL if jobs is None else f"{JOB_LABEL} in ({','.join(jobs)})"
        return await self._list(_path(CORE, namespace, "pods"), {"labelSelector": selector})

    async def get_pod(self, namespace: str, name: str) -> Body:
        """Live."""
        return await self._connection.request("GET", _path(CORE, namespace, "pods", name))

    async def create_pod(self, body: Mapping[str, Any]) -> Body:
        """Create."""
        return await self._create(CORE, "pods", body)

    async def delete_pod(self, namespace: str, name: str, uid: str, grace_seconds: int | None = None) -> Body | None:
        """Answers the Pod as it is now; None where it went at once."""
        options: Body = {"preconditions": {"uid": uid}}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        answer = await self._connection.request("DELETE", _path(CORE, namespace, "pods", name), options)
        gone = answer.get("kind") != "Pod" or not answer["metadata"].get("deletionGracePeriodSeconds")
        return None if gone else answer

    async def get_config_map(self, namespace: str, name: str) -> Body:
        """Live."""
        return await self._connection.request("GET", _path(CORE, namespace, "configmaps", name))

    async def create_config_map(self, body: Mapping[str, Any]) -> Body:
        """Create."""
        return await self._create(CORE, "configmaps", body)

    async def get_claim(self, namespace: str, name: str) -> Body:
        """Live."""
        return await self._connection.request("GET", _path(CORE, namespace, "persistentvolumeclaims", name))

    async def create_claim(self, body: Mapping[str, Any]) -> Body:
        """Create."""
        return await self._create(CORE, "persistentvolumeclaims", body)

    async def create_event(self, body: Mapping[str, Any]) -> None:
        """Create."""
        await self._create(CORE, "events", body)

    async def list_events(self, namespace: str, uid: str) -> list[Body]:
        """Selected by the server."""
        query = {"fieldSelector": f"involvedObject.uid={uid}"}
        return (await self._list(_path(CORE, namespace, "events"), query)).items

    async def get_lease(self, namespace: str, name: str) -> Body:
        """Live."""
        return await self._connection.request("GET", _path(LEASES, namespace, "leases", name))

    async def create_lease(self, body: Mapping[str, Any]) -> Body:
        """Create."""
        return await self._create(LEASES, "leases", body)

    async def put_lease(self, body: Body) -> Body:
        """Replace."""
        path = _path(LEASES, body["metadata"]["namespace"], "leases", body["metadata"]["name"])
        return await self._connection.request("PUT", path, body, MANAGER)

    async def _create(self, group: str, resource: str, body: Mapping[str, Any]) -> Body:
        path = _path(group, body["metadata"]["namespace"], resource)
        return await self._connection.request("POST", path, body, MANAGER)

    async def _list(self, path: str, query: Mapping[str, Any] | None = None) -> Listing:
        return Listing(*await self._connection.pages(path, query))


def _path(group: str, namespace: str | None, resource: str, name: str | None = None) -> str:
    where = f"{group}/namespaces/{namespace}" if namespace is not None else group
    return f"{where}/{resource}" if name is None else f"{where}/{resource}/{name}"
