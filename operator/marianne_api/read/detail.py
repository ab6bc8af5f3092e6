"""One job's object as the seed's API tells it. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from marianne_client.verbs import word
from marianne_operator.model.money import MICRO

Body = Mapping[str, Any]
ACTIVE: Final = frozenset({"dispatched", "in_progress"})
TIMES: Final = ("startTime", "lastLaunchTime", "completionTime")
SHEET_TIMES: Final = ("startedAt", "completedAt")
CONDITION: Final = {
    "type": "type",
    "status": "status",
    "reason": "reason",
    "message": "message",
    "lastTransitionTime": "last_transition_time",
}
LIMIT_WAITS: Final = ("rateLimitWaits", "quotaWaits")
HOOK: Final = {
    **{name: name for name in ("index", "type", "state", "job", "message")},
    "exitCode": "exit_code",
    "startedAt": "started_at",
    "completedAt": "completed_at",
}
NOTICE: Final = {name: name for name in ("index", "event", "run", "state", "time", "message")}
SHEET: Final = {
    "sheet_num": ("num", None),
    "status": ("state", "pending"),
    "attempt_count": ("attemptCount", 0),
    "validation_passed": ("validationPassed", None),
    "attempt": ("attempt", 0),
    "instrument": ("instrument", None),
    "pod_name": ("podName", None),
    "started_at": ("startedAt", None),
    "completed_at": ("completedAt", None),
    "execution_duration_seconds": ("executionDurationSeconds", None),
    "error_message": ("errorMessage", None),
    "next_retry_at": ("nextRetryAt", None),
}


def percent(completed: int, total: int) -> float:
    """0 as long as nobody knows how many sheets there are."""
    return round(100 * completed / total, 1) if total else 0.0


def job_state(job: Body, job_id: str) -> dict[str, Any]:
    """What `/status` answers, and what a stream tells; `job_id` is what this server calls it."""
    status = job.get("status") or {}
    completed, total = _progress(status)
    return {
        "job_id": job_id,
        "status": word(job),
        "progress_percent": percent(completed, total),
        "completed_sheets": completed,
        "total_sheets": total,
        "current_sheet": _current(status),
        "error_message": _error(status),
        "updated_at": max(_times(job["metadata"], status), key=datetime.fromisoformat),
        "waiting": waiting_of(status),
    }


def job_detail(job: Body, job_id: str) -> dict[str, Any]:
    """What a page about one job needs."""
    meta, spec, status = job["metadata"], job.get("spec") or {}, job.get("status") or {}
    sheets = [sheet_summary(item) for item in status.get("sheets") or ()]
    return {
        **job_state(job, job_id),
        "job_name": (status.get("score") or {}).get("name") or meta["name"],
        "namespace": meta["namespace"],
        "uid": meta["uid"],
        "labels": meta.get("labels") or {},
        "phase": status.get("phase"),
        "run": status.get("run"),
        "created_at": meta["creationTimestamp"],
        "started_at": status.get("startTime"),
        "completed_at": status.get("completionTime"),
        "last_completed_sheet": max((each["sheet_num"] for each in sheets if each["status"] == "completed"), default=0),
        "total_retry_count": status.get("totalRetries", 0),
        "rate_limit_waits": sum(item.get(kind, 0) for item in status.get("sheets") or () for kind in LIMIT_WAITS),
        "total_input_tokens": status.get("totalInputTokens", 0),
        "total_output_tokens": status.get("totalOutputTokens", 0),
        "total_estimated_cost": status.get("totalCostMicroUsd", 0) / MICRO,
        "pause_requested": bool(spec.get("paused")),
        "cancel_requested": bool(spec.get("cancel")),
        "conditions": [_condition(each) for each in status.get("conditions") or ()],
        "sheets": sheets,
        "hooks": [_picked(each, HOOK) for each in status.get("hooks") or ()],
        "notifications": [_picked(each, NOTICE) for each in status.get("notifications") or ()],
    }


def sheet_summary(item: Body) -> dict[str, Any]:
    """The line of a table of sheets; all details have a route of their own."""
    told = {name: item.get(field, default) for name, (field, default) in SHEET.items()}
    return {**told, "waiting": waiting_of(item)}


def waiting_of(status: Body) -> dict[str, Any] | None:
    """Why nothing happens, in a job's status or a sheet's."""
    waiting = status.get("waiting")
    if not waiting:
        return None
    return {
        "reason": waiting["reason"],
        "message": waiting.get("message", ""),
        "since": waiting.get("since"),
        "until": waiting.get("until"),
    }


def _times(meta: Body, status: Body) -> Iterator[str]:
    yield meta["creationTimestamp"]
    yield from (status[time] for time in TIMES if time in status)
    yield from (item[time] for item in status.get("sheets") or () for time in SHEET_TIMES if time in item)


def _progress(status: Body) -> tuple[int, int]:
    completed, _, total = (status.get("progress") or "").partition("/")
    return (int(completed), int(total)) if completed.isdecimal() and total.isdecimal() else (0, 0)


def _current(status: Body) -> int | None:
    return min((item["num"] for item in status.get("sheets") or () if item["state"] in ACTIVE), default=None)


def _error(status: Body) -> str | None:
    """Of a job that failed, was refused or cancelled."""
    for condition in status.get("conditions") or ():
        if condition["type"] == "Succeeded" and condition["status"] == "False":
            return str(condition.get("message") or condition["reason"])
    return None


def _picked(item: Body, names: Mapping[str, str]) -> dict[str, Any]:
    return {name: item.get(field) for field, name in names.items()}


def _condition(condition: Body) -> dict[str, Any]:
    return {name: condition.get(field, "") for field, name in CONDITION.items()}
