"""What is read now and then instead of watched: claims, and the events of slow Pods."""

import pytest

from marianne_operator.control.claims import Claims
from marianne_operator.control.cluster import Body, UnknownOutcomeError
from marianne_operator.control.pod_events import PodEvents, newest_warning
from marianne_operator.model.pod import PodView, seconds
from tests.simulation.fake_cluster import Call, FakeCluster
from tests.unit.control.given import NOW, STAMP, HandClock, pod

KEY = ("default", "song")
CREATED = seconds(STAMP)
CREATING = {"waiting": {"reason": "ContainerCreating"}}


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(lambda: NOW)


def claim() -> Body:
    spec = {"accessModes": ["ReadWriteOnce"]}
    return {"metadata": {"namespace": "default", "name": "song-workspace"}, "spec": spec}


async def test_a_claim_is_read_once_a_minute(cluster: FakeCluster) -> None:
    clock = HandClock()
    claims = Claims(cluster, clock)
    assert await claims.get("default", "song-workspace") is None
    cluster.store.create("persistentvolumeclaims", claim())
    found = await claims.get("default", "song-workspace")
    assert found is not None and found.access_modes == ("ReadWriteOnce",)
    reads = len(cluster.calls)
    clock.advance(59)
    assert await claims.get("default", "song-workspace") == found == claims.known("default", "song-workspace")
    assert len(cluster.calls) == reads
    cluster.store.delete("persistentvolumeclaims", "default", "song-workspace")
    clock.advance(2)
    assert claims.known("default", "song-workspace") is None
    assert await claims.get("default", "song-workspace") is None


def view(state: Body | None = None, **status: object) -> PodView:
    statuses = [] if state is None else [{"name": "sheet", "state": state}]
    return PodView.of(pod(1, containerStatuses=statuses, **status))


SLOW = {
    "creating": (view(CREATING), 10, True),
    "no container told of yet": (view(), 10, True),
    "quick": (view(CREATING), 9.9, False),
    "running": (view({"running": {"startedAt": STAMP}}, phase="Running"), 60, False),
    "pulling tells its own reason": (view({"waiting": {"reason": "ImagePullBackOff"}}), 60, False),
}


@pytest.mark.parametrize("case", SLOW)
def test_events_are_listed_for_slow_pods_only(cluster: FakeCluster, case: str) -> None:
    seen, age, slow = SLOW[case]
    assert bool(PodEvents(cluster).due(KEY, [seen], CREATED + age)) == slow


def test_a_pod_without_a_node_has_the_schedulers_word(cluster: FakeCluster) -> None:
    body = pod(1)
    body["spec"] = {}
    assert not PodEvents(cluster).due(KEY, [PodView.of(body)], CREATED + 60)


async def test_events_are_listed_once_a_minute(cluster: FakeCluster) -> None:
    events, slow = PodEvents(cluster), view(CREATING)
    about = {"namespace": "default", "name": slow.name, "uid": slow.uid}
    event = {"type": "Warning", "reason": "FailedMount", "message": "no volume", "lastTimestamp": STAMP}
    meta = {"namespace": "default", "name": "e"}
    cluster.store.create("events", {"metadata": meta, "involvedObject": about, **event})
    assert events.of(KEY) == {}
    now = CREATED + 10
    assert events.due(KEY, [slow], now) == [slow]
    await events.look(KEY, [slow], now)
    assert events.of(KEY) == {slow.uid: "FailedMount: no volume"}
    assert events.due(KEY, [slow], now + 59) == []
    assert events.due(KEY, [slow], now + 60) == [slow]
    assert events.due(KEY, [], now + 60) == []
    assert events.of(KEY) == {}, "forgotten once it is no longer slow"


async def test_a_failed_look_keeps_what_was_known(cluster: FakeCluster) -> None:
    events, slow = PodEvents(cluster), view(CREATING)

    def fail(call: Call) -> None:
        raise UnknownOutcomeError(call.verb)

    cluster.before = fail
    await events.look(KEY, [slow], CREATED + 10)
    assert events.of(KEY) == {} and events.due(KEY, [slow], CREATED + 11) == []


def test_the_newest_warning_by_any_of_the_apis_times() -> None:
    old = {"type": "Warning", "reason": "A", "message": "old", "lastTimestamp": "2027-01-01T00:00:00Z"}
    series = {
        "type": "Warning",
        "reason": "B",
        "message": "new",
        "series": {"lastObservedTime": "2027-01-03T00:00:00Z"},
    }
    normal = {"type": "Normal", "reason": "C", "message": "fine", "lastTimestamp": "2027-01-04T00:00:00Z"}
    assert newest_warning([old, series, normal]) == "B: new"
    assert newest_warning([normal]) == "" and newest_warning([]) == ""
