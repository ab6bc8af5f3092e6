"""Table L2, the rows of whose a Pod is: without an intent, of a foreign owner, of an earlier job of the name."""

import pytest

from marianne_operator.model.names import pod_name
from tests.simulation.kubelet_model import NAMESPACE
from tests.simulation.test_table_l2 import PLAIN, begin, end, see, start, starts
from tests.simulation.world import JOB


@pytest.fixture
def world():
    made = begin()
    yield made
    made.close()


# ---- a Pod without an intent


def test_a_pod_whose_intent_was_wiped_is_adopted(world):
    """Somebody replaced the status, or etcd was restored."""
    container = start(world)
    world.cluster.store.update(
        "mariannejobs", NAMESPACE, JOB, lambda job: job.update(status={"observedGeneration": -1})
    )
    world.promises.last.clear()
    world.promises.checked = len(world.cluster.changes)
    world.deliver()
    world.work()
    assert world.states == ["in_progress", "pending"]
    world.kubelet.finish(container, "completed")
    end(world)
    assert starts(world) == PLAIN


# ---- a Pod of that name with a foreign owner


def foreign(world, name):
    meta = {"namespace": NAMESPACE, "name": name, "ownerReferences": [{"uid": "another", "controller": True}]}
    world.cluster.store.create("pods", {"metadata": meta, "spec": {}, "status": {"phase": "Running"}})


def test_a_name_that_is_taken(world):
    world.kubelet.finish(start(world), "completed")
    name = pod_name(JOB, world.job.uid, 2, 1)
    foreign(world, name)
    world.deliver()
    world.work()
    stalled = world.job.status.condition("Stalled")
    assert (stalled.status, stalled.reason) == ("True", "NameConflict")
    assert name in stalled.message
    assert world.cluster.store.get("pods", NAMESPACE, name)["metadata"]["ownerReferences"][0]["uid"] == "another"
    world.cluster.remove_pod(NAMESPACE, name)
    world.pass_time(601)
    world.resync()
    world.promises.checked = len(world.cluster.changes)
    world.work()
    end(world)


# ---- work belongs to the job's UID


def test_a_job_made_again_under_the_same_name_waits_for_its_predecessor(world):
    first, old = start(world), world.job.uid
    world.cluster.remove_job(NAMESPACE, JOB)
    world.submit()
    see(world)
    assert world.job.uid != old
    assert (world.job.status.phase, world.job.status.waiting.reason) == ("Waiting", "PredecessorTerminating")
    assert starts(world) == [(1, 1)]
    assert first.uid in world.kubelet.containers
    end(world)
    assert [uid for uid, _, _ in world.ledger.starts] == [old, world.job.uid, world.job.uid]


def test_what_a_deleted_job_owned_is_gone(world):
    world.kubelet.finish(start(world), "completed")
    see(world)
    world.cluster.remove_job(NAMESPACE, JOB)
    see(world)
    for body in world.kubelet.pods():
        world.kubelet.terminate(body)
    see(world)
    left = {kind for kind, _, _ in world.cluster.store.objects}
    assert left == {"clusterinstruments", "persistentvolumeclaims"}
    before = world.writes
    world.pass_time(600)
    world.resync()
    world.work()
    assert world.writes == before
