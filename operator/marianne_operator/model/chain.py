"""A chain of jobs: what the operator writes on a job that a hook of another one started (decision 026).

Only labels and annotations: a child has no owner, because its results outlive the job that came before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

ROOT_LABEL: Final = "marianne.dev/chain-root"
"""UID of the first job: selects the whole chain."""
PARENT_LABEL: Final = "marianne.dev/chain-parent"
PARENT_UID_LABEL: Final = "marianne.dev/chain-parent-uid"
DEPTH_ANNOTATION: Final = "marianne.dev/chain-depth"
DEEPEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Chain:
    """`depth`: how many jobs came before it."""

    root: str
    parent: str
    parent_uid: str
    depth: int

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> Self | None:
        """From a job's metadata; a depth that is none counts as the deepest, so that nothing follows."""
        labels = meta.get("labels") or {}
        parent, parent_uid = labels.get(PARENT_LABEL), labels.get(PARENT_UID_LABEL)
        if not parent or not parent_uid:
            return None
        told = (meta.get("annotations") or {}).get(DEPTH_ANNOTATION, "")
        depth = min(int(told), DEEPEST) if told.isdecimal() and len(told) < len(str(DEEPEST)) + 1 else DEEPEST
        return cls(labels.get(ROOT_LABEL) or parent_uid, parent, parent_uid, depth)

    def labels(self) -> dict[str, str]:
        """As they stand on the job."""
        return {ROOT_LABEL: self.root, PARENT_LABEL: self.parent, PARENT_UID_LABEL: self.parent_uid}

    def annotations(self) -> dict[str, str]:
        """As they stand on the job."""
        return {DEPTH_ANNOTATION: str(self.depth)}
