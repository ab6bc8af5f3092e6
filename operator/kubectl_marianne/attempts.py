"""Attempts of sheets, as their Pods tell them: only those Pods that are still there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubectl_marianne.times import duration, parsed

Pod = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """`exit_code` is None while it runs, and where the Pod ended without telling."""

    sheet: int
    number: int
    pod: str
    phase: str
    reason: str
    exit_code: int | None
    started: str | None
    finished: str | None


def attempts_by_sheet(pods: Iterable[Pod], job_uid: str) -> dict[int, list[Attempt]]:
    """Of this very job, in order; Pods of an earlier namesake are left out."""
    found: dict[int, list[Attempt]] = {}
    for pod in pods:
        attempt = _attempt(pod, job_uid)
        if attempt is not None:
            found.setdefault(attempt.sheet, []).append(attempt)
    return {sheet: sorted(several, key=lambda each: each.number) for sheet, several in found.items()}


def outcome(attempt: Attempt, now: datetime) -> str:
    """In a few words."""
    began, over = parsed(attempt.started), parsed(attempt.finished)
    took = duration(((over or now) - began).total_seconds()) if began else ""
    code = None if attempt.exit_code is None else f"exit {attempt.exit_code}"
    reason = attempt.reason if attempt.reason not in ("Completed", "Error", "") else None
    return " ".join(filter(None, (code or attempt.phase, reason, took)))


def _attempt(pod: Pod, job_uid: str) -> Attempt | None:
    labels, status = pod["metadata"].get("labels") or {}, pod.get("status") or {}
    sheet, number = labels.get("marianne.dev/sheet", ""), labels.get("marianne.dev/attempt", "")
    if labels.get("marianne.dev/job-uid") != job_uid or not (sheet.isdecimal() and number.isdecimal()):
        return None
    state = next((each.get("state") or {} for each in status.get("containerStatuses") or ()), {})
    ended, running, waiting = (state.get(key) or {} for key in ("terminated", "running", "waiting"))
    return Attempt(
        sheet=int(sheet),
        number=int(number),
        pod=pod["metadata"]["name"],
        phase=status.get("phase") or "Pending",
        reason=ended.get("reason") or waiting.get("reason") or status.get("reason") or "",
        exit_code=ended.get("exitCode"),
        started=ended.get("startedAt") or running.get("startedAt"),
        finished=ended.get("finishedAt"),
    )
