"""`python -m tests.bench.real_kubelet`: what a sheet costs on a real node, beside a bare Pod.

A chain of six Pods that run `true`, each made when the one before has succeeded, and a job of six sheets that run
`true`, in turns on the same node. The claim is provisioned and both are played once before anything is measured.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from dev.cluster.image_order import full_name
from dev.cluster.progress import say
from dev.demo.access import reach
from dev.demo.installation import install
from tests.apiserver import jobs
from tests.bench.contenders import chain, completed
from tests.simulated_kubelet.api import Api, Body, jobs_path, pods_path

LENGTH: Final = 6
RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}
GOAL: Final = 1.15
"""Of the bare Pod's time."""


def main() -> int:
    """Brings the cluster and the operator up where they are not; prints seconds per Pod and per sheet."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.real_kubelet", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    access = reach()
    install(access)
    if access.kubeconfig is None:
        parser.error("this measures the local cluster; unset CLUSTER")
    found = asyncio.run(measure(access.kubeconfig, arguments.rounds))
    say(f"bare Pod {found['bare_seconds']:.2f} s, sheet {found['sheet_seconds']:.2f} s (medians of {arguments.rounds})")
    say(f"ratio {found['ratio']:.2f}, goal {GOAL}")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


async def measure(kubeconfig: Path, rounds: int) -> dict[str, Any]:
    """Seconds for each of the six, by contender and round."""
    namespace = f"bench-{uuid.uuid4().hex[:6]}"
    async with Api(kubeconfig) as api:
        meta = {"name": namespace, "labels": RESTRICTED}
        await api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        try:
            await jobs.add_claim(api, namespace, mode="ReadWriteOnce")
            contenders = {"bare": bare_chain, "sheet": job}
            taken = await _in_turns(api, namespace, contenders, rounds)
        finally:
            await api.delete(f"/api/v1/namespaces/{namespace}")
    bare, sheet = statistics.median(taken["bare"]), statistics.median(taken["sheet"])
    return {"rounds": taken, "bare_seconds": bare, "sheet_seconds": sheet, "ratio": sheet / bare}


Play = Callable[[Api, str, str], Awaitable[None]]


async def _in_turns(api: Api, namespace: str, contenders: Mapping[str, Play], rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-1, rounds):
        for name, play in contenders.items():
            begun = time.monotonic()
            await play(api, namespace, f"{name}-{number + 1}")
            seconds = (time.monotonic() - begun) / LENGTH
            if number >= 0:
                taken[name].append(seconds)
                say(f"  round {number + 1}: {name} {seconds:.2f} s")
    return taken


async def bare_chain(api: Api, namespace: str, name: str) -> None:
    """As quick as anybody can be: the next Pod at the very event that the one before has succeeded."""
    made = 0
    async with asyncio.timeout(120):
        await api.post(pods_path(namespace), bare_pod(f"{name}-{made}", name))
        async for event in api.watch(pods_path(namespace), labelSelector=f"bench/chain={name}"):
            pod = event["object"]
            if pod["metadata"]["name"] == f"{name}-{made}" and pod["status"]["phase"] == "Succeeded":
                made += 1
                if made == LENGTH:
                    return
                await api.post(pods_path(namespace), bare_pod(f"{name}-{made}", name))


def bare_pod(name: str, chain_name: str) -> Body:
    """`true` in the runner's image, nothing mounted."""
    container = {
        "name": "bare",
        "image": full_name("runner"),
        "imagePullPolicy": "IfNotPresent",
        "command": ["true"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    meta = {"name": name, "labels": {"bench/chain": chain_name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


async def job(api: Api, namespace: str, name: str) -> None:
    """Six sheets, one after the other, from the submission to the end."""
    async with asyncio.timeout(180):
        await api.post(jobs_path(namespace), chain(name, LENGTH))
        async for event in api.watch(jobs_path(namespace)):
            if event["object"]["metadata"]["name"] == name and completed(event["object"], LENGTH):
                return


if __name__ == "__main__":
    sys.exit(main())
