"""The demo's two jobs: applied anew each time, and read while they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml

from dev.demo.access import Access
from marianne_operator.score.compile import compile_source
from marianne_runner.contract import CompiledScore

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
NAMESPACE: Final = "marianne-demo"
RESTRICTED: Final = "pod-security.kubernetes.io/enforce=restricted"
HERE: Final = f"--namespace={NAMESPACE}"


@dataclass(frozen=True, slots=True)
class Job:
    """One of the examples, and the file in its workspace that is worth showing."""

    name: str
    file: Path
    result: str
    score: CompiledScore

    @classmethod
    def of(cls, example: str, result: str) -> Self:
        """Of `examples/<example>.yaml`."""
        file = EXAMPLES / f"{example}.yaml"
        body = yaml.safe_load(file.read_text())
        return cls(body["metadata"]["name"], file, result, compile_source(body["spec"]["scoreText"]))

    @property
    def claim(self) -> str:
        """Where its results are."""
        return f"{self.name}-workspace"


def demo_jobs() -> list[Job]:
    """*hello*: bash. *review*: what a score for AI agents looks like."""
    return [Job.of("hello", "concert.md"), Job.of("review", "report.md")]


def submit(access: Access, jobs: Sequence[Job]) -> None:
    """Each from its beginning: what an earlier demo left, its results included, is removed first."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    access.kubectl("apply", "-f", "-", text=yaml.safe_dump(namespace))
    access.kubectl("label", "namespace", NAMESPACE, RESTRICTED, "--overwrite")
    names = [job.name for job in jobs]
    gone = ("--ignore-not-found", "--wait", "--timeout=90s", HERE)
    access.kubectl("delete", "mariannejobs", *names, *gone)
    access.kubectl("delete", "pods", f"--selector=marianne.dev/job in ({','.join(names)})", *gone)
    access.kubectl("delete", "pvc", *(job.claim for job in jobs), *gone)
    for job in jobs:
        access.kubectl("apply", HERE, "-f", str(job.file))


def statuses(access: Access, jobs: Sequence[Job]) -> dict[str, dict[str, Any]]:
    """By name, of those that are there."""
    listed = access.get("mariannejobs", HERE)
    wanted = {job.name for job in jobs}
    return {
        each["metadata"]["name"]: each.get("status") or {}
        for each in (listed or {}).get("items", [])
        if each["metadata"]["name"] in wanted
    }
