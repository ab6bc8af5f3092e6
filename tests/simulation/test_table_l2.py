"""Every row of table L2 of the design, by name, on the operator's own code over the fake cluster."""

import pytest

from marianne_operator.model.names import pod_name
from tests.simulation.kubelet_model import NAMESPACE, NODE
from tests.simulation.ledger_model import Ledger
from tests.simulation.world import JOB, World
from tests.unit.plan.build import score

TWO = score(2, tries=2, delay_seconds=5)


@pytest.fixture
def world():
    made = begin()
    yield made
    made.close()


def begin(enabled=True, **variant):
    """A job of two sheets whose first Pod was just created."""
    made = World(TWO, ledger=Ledger(enabled=enabled), **variant)
    made.submit()
    made.deliver()
    made.work()
    return made


def play(scene, **variant):
    """One of the tests below, with something broken: the negative controls."""
    made = begin(**variant)
    try:
        scene(made)
    finally:
        made.close()


def only_pod(world):
    (body,) = world.kubelet.pods()
    return body


def start(world):
    """The kubelet starts the newest Pod; its container."""
    (body,) = world.kubelet.startable()
    world.kubelet.start(body)
    see(world)
    return world.kubelet.containers.get(body["metadata"]["uid"])


def see(world):
    world.deliver()
    world.work()
    world.promises.check()


def end(world, phase="Completed"):
    world.calm()
    world.promises.check()
    world.stay_silent()
    world.promises.check_account(world.job.status, world.job.uid)
    world.promises.check_end(world.job.status, TWO)
    assert world.job.status.phase == phase


def starts(world):
    return [(sheet, attempt) for _, sheet, attempt in world.ledger.starts]


PLAIN = [(1, 1), (2, 1)]
AGAIN = [(1, 1), (1, 2), (2, 1)]


# ---- intent; GET 404, or DELETED whose last object lacked a terminal phase with terminated containers


@pytest.mark.parametrize("told", ["the watch tells", "the operator was dead", "a resync tells"])
def test_deleted_before_it_ran(world, told):
    if told == "the operator was dead":
        world.kill_operator()
    world.cluster.remove_pod(NAMESPACE, only_pod(world)["metadata"]["name"])
    if told == "the operator was dead":
        world.start_operator()
    elif told == "a resync tells":
        world.lose_changes()
        world.resync()
    see(world)
    assert only_pod(world)["metadata"]["name"] == pod_name(JOB, world.job.uid, 1, 1)
    end(world)
    assert starts(world) == PLAIN


@pytest.mark.parametrize("told", ["the watch tells", "the operator was dead"])
def test_force_deleted_while_it_works(world, told):
    """The same attempt again: it finds the mark, waits until the first one is still, and says that it was lost."""
    start(world)
    if told == "the operator was dead":
        world.kill_operator()
    world.cluster.remove_pod(NAMESPACE, only_pod(world)["metadata"]["name"])
    world.kubelet.reap()
    if told == "the operator was dead":
        world.start_operator()
    see(world)
    assert only_pod(world)["metadata"]["name"] == pod_name(JOB, world.job.uid, 1, 1)
    end(world)
    assert starts(world) == AGAIN
    assert world.job.status.sheets[0].normal_attempts == 0


def test_force_deleted_finished_but_before_it_was_accounted(world):
    """Its verdict is in the ledger: the second Pod of the attempt repeats it, and nothing is paid twice."""
    container = start(world)
    world.kill_operator()
    world.kubelet.finish(container, "completed")
    world.cluster.remove_pod(NAMESPACE, container.name)
    world.start_operator()
    world.work()
    end(world)
    assert starts(world) == PLAIN
    assert world.job.status.sheets[0].attempt == 1


# ---- terminal phase, all containers terminated, readable verdict: account it


def test_a_verdict_is_accounted(world):
    world.kubelet.finish(start(world), "completed")
    see(world)
    assert world.states == ["completed", "dispatched"]
    end(world)


def test_a_verdict_is_accounted_though_the_pod_was_deleted_meanwhile(world):
    """The watch has only the last object, and that tells enough."""
    container = start(world)
    world.kubelet.finish(container, "completed")
    world.cluster.remove_pod(NAMESPACE, container.name)
    see(world)
    assert world.states == ["completed", "dispatched"]
    end(world)
    assert starts(world) == PLAIN


@pytest.mark.parametrize("how", [{"reason": "Evicted"}, {"reason": "DeadlineExceeded"}])
def test_a_verdict_wins_over_the_pods_own_reason(world, how):
    world.kubelet.finish(start(world), "completed", pod=how)
    see(world)
    assert world.states[0] == "completed"


def test_a_verdict_beside_an_oom_kill(world):
    world.kubelet.finish(start(world), "completed", said="OOMKilled")
    see(world)
    assert world.states[0] == "completed"


# ---- the same, unreadable: an infrastructure end, capped


def test_killed_without_a_verdict_is_the_clusters(world):
    world.kubelet.kill(start(world))
    see(world)
    sheet = world.job.status.sheets[0]
    assert (sheet.attempt, sheet.infrastructure_ends, sheet.normal_attempts) == (2, 1, 0)
    end(world)
    assert starts(world) == AGAIN


def test_evicted(world):
    container = start(world)
    world.kubelet.kill(container, pod={"reason": "Evicted", "message": "The node was low on resource: memory."})
    see(world)
    sheet = world.job.status.sheets[0]
    assert (sheet.attempt, sheet.infrastructure_ends, sheet.normal_attempts) == (2, 1, 0)
    end(world)


def test_the_cluster_ends_it_too_often(world):
    for _ in range(4):
        world.kubelet.kill(start(world))
        see(world)
    assert world.states == ["failed", "skipped"]
    end(world, "Failed")
    assert starts(world) == [(1, 1), (1, 2), (1, 3), (1, 4)]


def test_an_oom_kill_is_not_tried_again(world):
    world.kubelet.kill(start(world), said="OOMKilled")
    see(world)
    assert world.states == ["failed", "skipped"]
    assert world.job.status.sheets[0].error_code == "E005"
    end(world, "Failed")


def test_an_image_without_a_runner_waits(world):
    body = only_pod(world)
    name = body["metadata"]["name"]
    world.cluster.bind_pod(NAMESPACE, name, NODE)
    world.kubelet.begun.add(body["metadata"]["uid"])
    state = {"terminated": {"exitCode": 128, "reason": "StartError", "message": "no such file or directory"}}
    status = {"phase": "Failed", "containerStatuses": [{"name": "sheet", "state": state}]}
    world.cluster.set_pod_status(NAMESPACE, name, status)
    see(world)
    assert (world.job.status.phase, world.job.status.waiting.reason) == ("Waiting", "RunnerMissing")
    end(world)
    assert starts(world) == [(1, 2), (2, 1)]


# ---- exit 143


def test_143_from_inside_burns_an_attempt(world):
    world.kubelet.interrupt(start(world))
    see(world)
    sheet = world.job.status.sheets[0]
    assert (sheet.state, sheet.normal_attempts, sheet.infrastructure_ends) == ("retry_scheduled", 1, 0)
    end(world)
    assert starts(world) == AGAIN


def test_143_after_a_delete_is_the_clusters(world):
    container = start(world)
    world.cluster.store.delete("pods", NAMESPACE, container.name)
    see(world)
    world.kubelet.terminate(only_pod(world))
    see(world)
    sheet = world.job.status.sheets[0]
    assert (sheet.attempt, sheet.normal_attempts, sheet.infrastructure_ends) == (2, 0, 1)
    end(world)


# ---- Failed with live containers; Terminating past grace + 60 s


def lose_node(world):
    container = start(world)
    container.lost = True
    world.cluster.store.delete("pods", NAMESPACE, container.name)
    see(world)
    world.pass_time(91)
    return container


def test_terminating_too_long_is_a_lost_node(world):
    lose_node(world)
    assert (world.job.status.phase, world.job.status.waiting.reason) == ("Waiting", "NodeLost")
    assert len(world.kubelet.pods()) == 1
    end(world)
    assert starts(world) == AGAIN


@pytest.mark.parametrize("alive", [True, False], ids=["its container lives", "its container is dead"])
def test_replace_goes_on_without_the_node_and_the_ledger_waits(world, alive):
    container = lose_node(world)
    world.cluster.edit_job(NAMESPACE, JOB, nodeLostPolicy="Replace")
    see(world)
    see(world)
    again = only_pod(world)
    assert again["metadata"]["name"] == container.name
    assert again["metadata"]["uid"] != container.uid
    world.kubelet.start(again)
    assert starts(world) == [(1, 1)], "the first container beats: the second one waits"
    if alive:
        world.kubelet.finish(container, "completed")
    else:
        world.kubelet.kill(container)
    end(world)
    assert starts(world) == (PLAIN if alive else AGAIN)


def test_failed_with_live_containers_is_a_lost_node(world):
    container = start(world)
    world.cluster.store.update("pods", NAMESPACE, container.name, lambda pod: pod["status"].update(phase="Failed"))
    see(world)
    assert world.job.status.waiting.reason == "NodeLost"
    world.kubelet.finish(container, "completed")
    see(world)
    assert world.states[0] == "completed"
