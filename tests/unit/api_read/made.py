"""Rows and objects of jobs, as the API server would show them."""

from typing import Any

from marianne_client.table import JobRow

NAMESPACE = "team"


def row(name: str = "song", **fields: Any) -> JobRow:
    base = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": f"uid-{name}",
        "phase": "Running",
        "completed": 1,
        "total": 4,
        "waiting_reason": "",
        "waiting_until": "",
        "score": "score",
        "run": 1,
        "retries": 0,
        "created": "2026-11-24T10:00:00Z",
        "started": "2026-11-24T10:00:01Z",
        "finished": "",
        "message": "",
    }
    return JobRow(**{**base, **fields})


def body(version: int = 7, name: str = "song", uid: str = "", **status: Any) -> dict[str, Any]:
    """A job whose spec the conductor has seen."""
    meta = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": uid or f"uid-{name}",
        "generation": 1,
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-24T10:00:00Z",
    }
    return {"metadata": meta, "spec": {}, "status": {"observedGeneration": 1, **status}}


def sheets(*states: str) -> list[dict[str, Any]]:
    return [{"num": num, "state": state, "attempt": int(state != "pending")} for num, state in enumerate(states, 1)]
