"""The scripted agent where the simulated kubelet runs, and a folder of the claim for each score that it plays."""

from pathlib import Path
from typing import Any

from tests.apiserver import jobs
from tests.simulated_kubelet.api import Api, Body

AGENT = str(Path(__file__).parents[2] / "images/agent/scripted_agent.py")


def workspace_of(name: str) -> dict[str, Any]:
    """A workspace that is no other score's."""
    return {"persistentVolumeClaim": {"claimName": jobs.CLAIM, "subPath": name}}


async def add_instrument(api: Api, namespace: str, body: Body) -> None:
    """It comes before the cluster's of that name."""
    await api.post(f"/apis/marianne.dev/v1alpha1/namespaces/{namespace}/instruments", body)
