"""What is measured: the floor and the operator, each a process of its own, and how work is given to them."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.apiserver import jobs
from tests.apiserver.install import TREE, Installation
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, Body, jobs_path
from tests.simulated_kubelet.container import descendants

NAMESPACE: Final = "bench"


@dataclass(frozen=True, slots=True)
class Contender:
    """`body(name, length)` is one chain; `done(object, length)` says whether it has ended well."""

    name: str
    user: str
    pid: int
    collection: str
    body: Callable[[str, int], Body]
    done: Callable[[Body, int], bool]

    @property
    def pids(self) -> list[int]:
        """It and its children."""
        return [self.pid, *descendants(self.pid)]


def floor(kubeconfig: Path, log: Path) -> tuple[Contender, "subprocess.Popen[bytes]"]:
    """Started; the caller ends the process."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.floor", str(kubeconfig), NAMESPACE],
            stdout=output,
            stderr=output,
            cwd=TREE,
            env={"PYTHONPATH": f"{TREE}:{TREE / 'operator'}"},
        )
    contender = Contender(
        "floor",
        "floor",
        process.pid,
        f"/api/v1/namespaces/{NAMESPACE}/configmaps",
        lambda name, length: {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {"length": str(length)},
        },
        lambda found, length: (found.get("data") or {}).get("done") == str(length),
    )
    return contender, process


async def operator(installation: Installation, folder: Path) -> tuple[Contender, OperatorProcess]:
    """Started and ready; the caller stops the process."""
    process = OperatorProcess(folder, installation.kubeconfig(), installation.settings)
    await process.start()
    contender = Contender("operator", installation.user, process.pid, jobs_path(NAMESPACE), chain, completed)
    return contender, process


def chain(name: str, length: int) -> Body:
    """A job of `length` sheets, one after the other, on the one claim."""
    return jobs.job(name, jobs.score(length, "true"))


def completed(job: dict[str, Any], _length: int) -> bool:
    """It is over, and well."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Succeeded" and each["status"] == "True" for each in conditions)


async def prepare(api: Api) -> None:
    """The namespace and its claim."""
    await api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    await jobs.add_claim(api, NAMESPACE)
