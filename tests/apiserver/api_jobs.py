"""Jobs started and steered through the API, for its tests."""

from typing import Any

import httpx
import yaml

from tests.apiserver.jobs import (
    CLAIM,
    SUB_PATH,
)
from tests.simulated_kubelet.api import Api, Body, jobs_path

ACTED = {"success", "job_id", "status", "message", "via_daemon"}


async def start(http: httpx.AsyncClient, namespace: str, tree: dict[str, Any], **fields: Any) -> str:
    """The job's name."""
    workspace = f"{CLAIM}/{SUB_PATH}"
    asked = {"config_content": yaml.safe_dump(tree), "namespace": namespace, "workspace": workspace, **fields}
    answer = await http.post("/api/jobs", json=asked)
    assert answer.status_code == 200, answer.text
    name: str = answer.json()["job_id"].removeprefix(f"{namespace}.")
    return name


async def jobs_in(api: Api, namespace: str) -> list[Body]:
    listing: list[Body] = (await api.get(jobs_path(namespace)))["items"]
    return listing


class Acting:
    """POST a verb; the answer, checked for its keys."""

    def __init__(self, http: httpx.AsyncClient, namespace: str) -> None:
        self._http, self._namespace = http, namespace

    async def __call__(self, verb: str, name: str, status: int, **headers: str) -> dict[str, Any]:
        answer = await self._http.post(f"/api/jobs/{self._namespace}.{name}/{verb}", headers=headers)
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = answer.json()
        assert set(told) == (ACTED if status < 300 else {"detail"})
        return told
