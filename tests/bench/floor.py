"""The floor: on "Pod succeeded", one small patch and the next Pod. No controller of chains of Pods can be faster.

A chain is a ConfigMap that says its length; how far it is, is written there.
`python -m tests.bench.floor KUBECONFIG NAMESPACE`.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

from tests.simulated_kubelet.api import Api, Body, pods_path

CHAIN: Final = "bench/chain"
INDEX: Final = "bench/index"
LENGTH: Final = "bench/length"


def pod(chain: str, index: int, length: int) -> Body:
    """The smallest Pod that knows its place."""
    labels = {CHAIN: chain, INDEX: str(index), LENGTH: str(length)}
    spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": ["true"]}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{chain}-{index}", "labels": labels}, "spec": spec}


async def advance(api: Api, namespace: str, ended: Body) -> None:
    """One write about what ended, one Pod."""
    labels = ended["metadata"]["labels"]
    chain, done, length = labels[CHAIN], int(labels[INDEX]) + 1, int(labels[LENGTH])
    await api.patch(f"/api/v1/namespaces/{namespace}/configmaps/{chain}", {"data": {"done": str(done)}})
    if done < length:
        await api.post(pods_path(namespace), pod(chain, done, length))


async def begin(api: Api, namespace: str) -> None:
    """The first Pod of every chain."""
    async for event in api.watch(f"/api/v1/namespaces/{namespace}/configmaps"):
        data = event["object"].get("data") or {}
        if event["type"] == "ADDED" and "length" in data and "done" not in data:
            await api.post(pods_path(namespace), pod(event["object"]["metadata"]["name"], 0, int(data["length"])))


async def run(kubeconfig: Path, namespace: str) -> None:
    """For ever."""
    async with Api(kubeconfig) as api, asyncio.TaskGroup() as group:
        group.create_task(begin(api, namespace))
        async for event in api.watch(pods_path(namespace), labelSelector=CHAIN):
            if event["type"] == "MODIFIED" and event["object"]["status"].get("phase") == "Succeeded":
                group.create_task(advance(api, namespace, event["object"]))


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
