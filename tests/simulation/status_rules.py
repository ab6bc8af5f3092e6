"""The CRD's rules on status, said again in Python: the fake refuses what the API server would refuse.

The contract tests run the same cases against both, so that the two cannot drift apart.
"""

from collections.abc import Mapping
from typing import Any

ABSORBING = frozenset({"completed", "failed", "skipped", "cancelled"})


def broken_rule(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """The message of the first rule that a status `new` over `old` breaks."""
    if "run" in old and not old["run"] <= new.get("run", -1) <= old["run"] + 1:
        return "status.run grows by one, never down"
    if "attemptFloor" in old and new.get("attemptFloor", -1) < old["attemptFloor"]:
        return "status.attemptFloor never goes down"
    if "sheets" in old and not _sheets_grow(old, new):
        return "within a run finished sheets stay as they are; attempts only grow, over all runs"
    return None


def _sheets_grow(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if "sheets" not in new or "run" not in new:
        return False
    before, after = old["sheets"], new["sheets"]
    if old.get("run") == new["run"]:
        return len(before) == len(after) and all(
            then["num"] == now["num"]
            and now["attempt"] >= then["attempt"]
            and (then["state"] not in ABSORBING or then == now)
            for then, now in zip(before, after, strict=True)
        )
    return all(
        after[index]["attempt"] >= then["attempt"]
        if index < len(after)
        else new.get("attemptFloor", -1) >= then["attempt"]
        for index, then in enumerate(before)
    )
