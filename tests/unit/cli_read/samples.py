"""Jobs, scores and rows as the cluster would hold them."""

import json
from datetime import UTC, datetime
from typing import Any

from kubectl_marianne.palette import ASCII, FANCY
from kubectl_marianne.reading import Look, Score
from marianne_client.table import JobRow

NOW = datetime(2026, 11, 24, 13, 59, 0, tzinfo=UTC)


def look(width: int | None = 80, height: int | None = None, *, fancy: bool = False, wide: bool = False) -> Look:
    return Look(FANCY if fancy else ASCII, width, height, NOW, wide)


def row(name: str, phase: str = "Running", **fields: Any) -> JobRow:
    told = {
        "namespace": "default",
        "uid": name,
        "completed": 7,
        "total": 12,
        "waiting_reason": "",
        "waiting_until": "",
        "score": "song",
        "run": 1,
        "retries": 0,
        "created": "2026-11-24T13:47:00Z",
        "started": "",
        "finished": "",
        "message": "",
    }
    return JobRow(name=name, phase=phase, **{**told, **fields})


def sheet(num: int, state: str = "pending", **fields: Any) -> dict[str, Any]:
    return {"num": num, "state": state, "attempt": 0, **fields}


def job(phase: str | None, *sheets: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "review-k2", "namespace": "default", "uid": "u1", "generation": 1},
        "spec": {},
        "status": {
            "observedGeneration": 1,
            "startTime": "2026-11-24T12:57:00Z",
            **({"phase": phase} if phase else {}),
            **({"sheets": list(sheets)} if sheets else {}),
            **status,
        },
    }


def place(num: int, stage: int, instance: int = 1, fan_count: int = 1, needs: tuple[int, ...] = ()) -> dict[str, Any]:
    return {
        "num": num,
        "stage": stage,
        "instance": instance,
        "fan_count": fan_count,
        "needs": list(needs),
        "rules": [0, 1],
        "performer": 0,
    }


SCORE = Score(
    {
        "sheets": [place(1, 1), place(2, 2, 1, 2, (1,)), place(3, 2, 2, 2, (1,)), place(4, 3, needs=(2, 3))],
        "stage_names": {"2": "draft"},
        "descriptions": {"4": "merge them"},
        "performers": [{"instrument": "claude-code"}],
    }
)


JOB: dict[str, Any] = {"metadata": {"name": "review-k2", "namespace": "default", "uid": "u1"}}
"""As far as its Pods matter."""


def pod(number: int, *, sheet: int = 3, uid: str = "u1", brief: object = None, **status: Any) -> dict[str, Any]:
    """A Pod of an attempt, as the API server tells it; `state` is its container's."""
    state = status.pop("state", None)
    labels = {"marianne.dev/job-uid": uid, "marianne.dev/sheet": str(sheet), "marianne.dev/attempt": str(number)}
    meta = {"name": f"p{number}", "namespace": "default", "uid": f"uid-{number}", "labels": labels}
    annotations = {"marianne.dev/brief": brief if isinstance(brief, str) else json.dumps(brief or {})}
    containers = [{"name": "proxy", "state": {"running": {}}}, {"name": "sheet", "state": state}] if state else []
    return {
        "metadata": {
            **meta,
            "annotations": annotations,
            "resourceVersion": "1",
            "creationTimestamp": "2026-11-24T12:59:00Z",
        },
        "status": {"phase": "Pending", **status, **({"containerStatuses": containers} if containers else {})},
    }


def ended(number: int, exit_code: int, verdict: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The `state` of a container that is over; of a verdict, what is not said is nothing."""
    told: dict[str, Any] = {"exitCode": exit_code, "reason": "Completed" if exit_code == 0 else "Error"}
    told |= {"startedAt": "2026-11-24T13:00:00Z", "finishedAt": "2026-11-24T13:00:09Z", **fields}
    if verdict is not None:
        plain = {"protocol": 1, "pod_uid": f"uid-{number}", "run": 1, "sheet": 3, "attempt": number}
        plain |= {"outcome": "failed", "reason": "", "message": "", "passed_rules": [], "failed_rules": []}
        told["message"] = json.dumps(plain | verdict)
    return {"terminated": told}


def condition(kind: str, value: str, reason: str, message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": value, "reason": reason, "message": message}
