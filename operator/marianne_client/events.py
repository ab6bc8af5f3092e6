"""core/v1 Events of a job and of its Pods. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Body = Mapping[str, Any]
ABOUT: Final = {"kind": "kind", "name": "name", "uid": "uid"}


def event(told: Body) -> dict[str, Any]:
    """Those of the old kind count and have two times, those of the new kind have one."""
    series = told.get("series") or {}
    once = told.get("eventTime") or told["metadata"].get("creationTimestamp")
    involved = told.get("involvedObject") or {}
    return {
        "type": told.get("type") or "Normal",
        "reason": told.get("reason") or "",
        "message": told.get("message") or "",
        "count": series.get("count") or told.get("count") or 1,
        "first_seen": told.get("firstTimestamp") or once,
        "last_seen": series.get("lastObservedTime") or told.get("lastTimestamp") or once,
        "source": told.get("reportingComponent") or (told.get("source") or {}).get("component"),
        "object": {name: involved.get(field) for name, field in ABOUT.items()},
    }


def newest(events: Iterable[Body], uids: frozenset[str], limit: int) -> list[Body]:
    """Of these objects, the newest last; an earlier object of the same name has another UID."""
    found = [each for each in events if (each.get("involvedObject") or {}).get("uid") in uids]
    found.sort(key=lambda each: event(each)["last_seen"] or "")
    return found[-limit:]
