"""core/v1 Events of both kinds."""

from typing import Any

from marianne_api.read.models import JobEvent
from marianne_client.events import event, newest


def told(reason: str, uid: str = "u", **fields: Any) -> dict[str, Any]:
    meta = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": meta, "reason": reason, "involvedObject": {"kind": "Pod", "name": "p", "uid": uid}, **fields}


def test_an_event_of_the_old_kind_counts() -> None:
    old = told(
        "BackOff", count=3, firstTimestamp="f", lastTimestamp="l", type="Warning", source={"component": "kubelet"}
    )
    found = JobEvent.model_validate(event(old))
    assert (found.count, found.first_seen, found.last_seen, found.source, found.type) == (
        3,
        "f",
        "l",
        "kubelet",
        "Warning",
    )


def test_an_event_of_the_new_kind_has_a_time_and_perhaps_a_series() -> None:
    new = told("Paused", eventTime="t", reportingComponent="marianne", firstTimestamp=None, lastTimestamp=None)
    found = event(new)
    assert (found["count"], found["first_seen"], found["last_seen"], found["source"]) == (1, "t", "t", "marianne")
    again = event({**new, "series": {"count": 4, "lastObservedTime": "z"}})
    assert (again["count"], again["first_seen"], again["last_seen"]) == (4, "t", "z")


def test_the_newest_come_last_and_namesakes_events_do_not_come_at_all() -> None:
    events = [
        told("b", lastTimestamp="2"),
        told("c", lastTimestamp="3"),
        told("x", uid="other"),
        told("a", lastTimestamp="1"),
    ]
    assert [each["reason"] for each in newest(events, frozenset({"u"}), 2)] == ["b", "c"]
    assert [each["reason"] for each in newest(events, frozenset({"u"}), 9)] == ["a", "b", "c"]
