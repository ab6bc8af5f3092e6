"""The real API, `python -m marianne_api`, as a process of this machine; and users with tokens of their own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from dev.cluster.control_plane import free_port
from dev.cluster.progress import tail
from tests.apiserver.install import SYSTEM_NAMESPACE, TREE
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, Body

PATIENCE: Final = 60.0


class ApiProcess:
    """Plain HTTP on loopback; `server` and `authority` are the API server's. Its log grows in `folder`."""

    def __init__(
        self, folder: Path, server: str, authority: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.log = folder / "api.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._environment = {
            "MARIANNE_API_HOST": "127.0.0.1",
            "MARIANNE_API_PORT": str(self.port),
            "MARIANNE_API_INSECURE": "true",
            "MARIANNE_API_LEASE_NAMESPACE": SYSTEM_NAMESPACE,
            "MARIANNE_API_KUBERNETES_SERVER": server,
            **({"MARIANNE_API_KUBERNETES_CA": str(authority)} if authority else {}),
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._process is None:
            raise RuntimeError("it was not started")
        return self._process.pid

    async def start(self) -> None:
        """Returns when it serves."""
        environment = {**os.environ, **self._environment, "PYTHONPATH": str(TREE / "operator")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "marianne_api"], env=environment, stdout=log, stderr=log, cwd=self._folder
            )
        await wait_for("the API to be ready", self._ready, PATIENCE)

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._process.wait, 15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """An async context manager; redirects are shown, not followed."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE, trust_env=False)

    async def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"the API has ended; the end of its log:\n{tail(self.log, 30)}")
        try:
            async with self.client() as client:
                return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False


async def token_of(api: Api, namespace: str, name: str, role: str | None = "edit") -> str:
    """A new ServiceAccount's, with that ClusterRole in its own namespace; returns when RBAC knows it."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    await api.post(accounts, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
    if role is not None:
        await bind(api, namespace, name, role)
    request: Body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = await api.post(f"{accounts}/{name}/token", request)
    token: str = answer["status"]["token"]
    return token


async def bind(api: Api, namespace: str, name: str, role: str) -> None:
    """The ServiceAccount gets the ClusterRole in its namespace; returns when RBAC knows it."""
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    body = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"{name}-{role}"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }
    await api.post(f"/apis/{group}/v1/namespaces/{namespace}/rolebindings", body)
    asked: Body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user_name(namespace, name),
            "resourceAttributes": {
                "namespace": namespace,
                "group": "marianne.dev",
                "resource": "mariannejobs",
                "verb": "get",
            },
        },
    }

    async def allowed() -> bool:
        answer = await api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", asked)
        return bool(answer["status"]["allowed"])

    await wait_for(f"{name} to be {role}", allowed)


def user_name(namespace: str, name: str) -> str:
    """What the API server calls the ServiceAccount."""
    return f"system:serviceaccount:{namespace}:{name}"
