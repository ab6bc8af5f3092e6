"""The conductor's status, read from its Lease: each renewal carries it, so nothing else has to be asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

Lease = Mapping[str, Any]
PREFIX: Final = "marianne.dev/"
NOT_RUNNING: Final = "Daemon not running"
TOO_OLD: Final = 2
"""Durations without a renewal after which nobody conducts. Clocks of two machines may differ by less than one."""


@dataclass(frozen=True, slots=True)
class ConductorStatus:
    """The seed's fields; the process id is of the operator's container."""

    pid: int | None
    uptime_seconds: float | None
    running_jobs: int
    total_jobs_active: int
    memory_usage_mb: float | None
    version: str | None
    holder: str


def conducting(lease: Lease | None, now: float) -> bool:
    """Somebody holds the Lease and renews it; `now` in seconds since the epoch."""
    spec = (lease or {}).get("spec") or {}
    if not spec.get("holderIdentity") or not spec.get("renewTime"):
        return False
    duration = float(spec.get("leaseDurationSeconds") or 15)
    return now - _seconds(spec["renewTime"]) <= TOO_OLD * duration


def conductor_status(lease: Lease | None, now: float) -> ConductorStatus | None:
    """None where nobody conducts."""
    if lease is None or not conducting(lease, now):
        return None
    told = lease["metadata"].get("annotations") or {}
    started = _moment(told.get(f"{PREFIX}started"))
    memory = _number(told.get(f"{PREFIX}rss-bytes"))
    return ConductorStatus(
        pid=_whole(told.get(f"{PREFIX}pid")),
        uptime_seconds=None if started is None else max(0.0, round(now - started, 1)),
        running_jobs=_whole(told.get(f"{PREFIX}running-jobs")) or 0,
        total_jobs_active=_whole(told.get(f"{PREFIX}active-jobs")) or 0,
        memory_usage_mb=None if memory is None else round(memory / 1e6, 1),
        version=told.get(f"{PREFIX}version"),
        holder=str(lease["spec"]["holderIdentity"]),
    )


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _moment(text: str | None) -> float | None:
    try:
        return None if text is None else _seconds(text)
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        number = None if text is None else float(text)
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _whole(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None else int(number)
