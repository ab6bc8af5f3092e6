"""The demo's two jobs, and a clean place for them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from dev.demo.access import Access

TREE: Final = Path(__file__).parents[2]
NAMESPACE: Final = "marianne-demo"
RESTRICTED: Final = "pod-security.kubernetes.io/enforce=restricted"
HERE: Final = f"--namespace={NAMESPACE}"


@dataclass(frozen=True, slots=True)
class Job:
    """One of the examples, and the file in its workspace that is worth showing."""

    name: str
    result: str

    @property
    def file(self) -> str:
        """As it is named from the top of the tree."""
        return f"examples/{self.name}.yaml"


HELLO: Final = Job("hello", "concert.md")
"""bash."""
REVIEW: Final = Job("review", "report.md")
"""What a score for AI agents looks like."""
JOBS: Final = (HELLO, REVIEW)
AGAIN: Final = "again"
"""What the user is told to make of `REVIEW`."""


def make_room(access: Access) -> None:
    """A restricted namespace without what an earlier demo left, its results included."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    access.kubectl("apply", "-f", "-", text=yaml.safe_dump(namespace))
    access.kubectl("label", "namespace", NAMESPACE, RESTRICTED, "--overwrite")
    names = [*(job.name for job in JOBS), AGAIN]
    gone = ("--ignore-not-found", "--wait", "--timeout=90s", HERE)
    access.kubectl("delete", "mariannejobs", *names, *gone)
    access.kubectl("delete", "pods", f"--selector=marianne.dev/job in ({','.join(names)})", *gone)
    access.kubectl("delete", "pvc", *(f"{name}-workspace" for name in names), *gone)
