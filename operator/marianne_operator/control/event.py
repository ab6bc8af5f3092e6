"""Kubernetes events about jobs: few, and each told once."""

from marianne_operator.control.cluster import JOBS_API, Body
from marianne_operator.model.names import event_name
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.plan import Note

COMPONENT = "marianne-operator"
MESSAGE_LIMIT = 1024
"""The API server's own."""


def event_body(namespace: str, job: str, uid: str, note: Note, now: float) -> Body:
    """The same note about the same job has the same name, so that saying it twice is refused."""
    message = note.message if len(note.message) <= MESSAGE_LIMIT else note.message[: MESSAGE_LIMIT - 1] + "…"
    seconds = stamp(now)[:19] + "Z"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": namespace, "name": event_name(job, uid, note.reason, note.message)},
        "involvedObject": {
            "apiVersion": JOBS_API,
            "kind": "MarianneJob",
            "namespace": namespace,
            "name": job,
            "uid": uid,
        },
        "type": note.type,
        "reason": note.reason,
        "message": message,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": seconds,
        "lastTimestamp": seconds,
        "count": 1,
    }
