"""A Pod as the API tells it, in every shape that a kubelet, a node and an admission webhook give it."""

import pytest

from marianne_operator.model.pod import PodView, seconds

START = "2027-01-15T08:00:00Z"


def body(**status):
    meta = {"namespace": "n", "name": "p", "uid": "u", "resourceVersion": "5", "creationTimestamp": START}
    return {"metadata": meta, "spec": {"nodeName": "node"}, "status": status}


def main(**state):
    return {"name": "sheet", "state": state}


def test_the_barest_pod():
    meta = {"namespace": "n", "name": "p", "uid": "u", "resourceVersion": "5", "creationTimestamp": START}
    view = PodView.of({"metadata": meta})
    assert (view.phase, view.node, view.container, view.deleting_at) == ("Pending", "", None, None)
    assert (view.job, view.job_uid, view.owner_uid, view.sheet, view.attempt) == ("", "", "", 0, 0)
    assert view.created_at == seconds(START) == 1_800_000_000.0
    assert not view.over and not view.ran and not view.disrupted


@pytest.mark.parametrize(("label", "number"), [("7", 7), ("", 0), ("-1", 0), ("1.5", 0), ("x", 0), ("007", 7)])
def test_labels_that_are_no_numbers_are_nobodys_attempt(label, number):
    told = body()
    told["metadata"]["labels"] = {"marianne.dev/sheet": label, "marianne.dev/attempt": label}
    assert (PodView.of(told).sheet, PodView.of(told).attempt) == (number, number)


def test_only_the_controller_owns():
    told = body()
    told["metadata"]["ownerReferences"] = [
        {"uid": "a"},
        {"uid": "b", "controller": False},
        {"uid": "c", "controller": True},
    ]
    assert PodView.of(told).owner_uid == "c"


OVER = {
    "succeeded": ("Succeeded", [main(terminated={"exitCode": 0})], "node", True),
    "failed": ("Failed", [main(terminated={"exitCode": 1})], "node", True),
    "failed with a live container": ("Failed", [main(running={"startedAt": START})], "node", False),
    "failed with a waiting container": ("Failed", [main(waiting={"reason": "ContainerCreating"})], "node", False),
    "failed with a live sidecar": (
        "Failed",
        [main(terminated={"exitCode": 1}), {"name": "proxy", "state": {"running": {"startedAt": START}}}],
        "node",
        False,
    ),
    "failed and refused by the node": ("Failed", [], "node", True),
    "failed and never assigned": ("Failed", [main(waiting={})], "", True),
    "ended, but its phase is not final": ("Running", [main(terminated={"exitCode": 0})], "node", False),
    "unknown": ("Unknown", [main(running={"startedAt": START})], "node", False),
}


@pytest.mark.parametrize(("phase", "statuses", "node", "over"), OVER.values(), ids=OVER)
def test_when_nothing_of_it_runs_any_more(phase, statuses, node, over):
    told = body(phase=phase, containerStatuses=statuses)
    told["spec"]["nodeName"] = node
    assert PodView.of(told).over is over


RAN = {
    "running": (main(running={"startedAt": START}), True),
    "ended": (main(terminated={"exitCode": 0, "startedAt": START}), True),
    "waiting": (main(waiting={"reason": "ImagePullBackOff"}), False),
    "without a state": ({"name": "sheet"}, False),
    "its program could not start": (
        main(terminated={"exitCode": 128, "reason": "StartError", "startedAt": START}),
        False,
    ),
    "lost by the kubelet": (
        main(terminated={"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None}),
        False,
    ),
    "a sidecar runs": ({"name": "proxy", "state": {"running": {"startedAt": START}}}, False),
}


@pytest.mark.parametrize(("status", "ran"), RAN.values(), ids=RAN)
def test_whether_an_instrument_may_have_started(status, ran):
    assert PodView.of(body(containerStatuses=[status])).ran is ran


def test_an_ended_container():
    state = main(terminated={"exitCode": 137, "reason": "OOMKilled", "message": "m", "startedAt": START})
    container = PodView.of(body(phase="Failed", containerStatuses=[state])).container
    assert container is not None
    assert (container.state, container.exit_code, container.reason, container.message) == (
        "terminated",
        137,
        "OOMKilled",
        "m",
    )


@pytest.mark.parametrize(("status", "disrupted"), [("True", True), ("False", False)])
def test_disruption(status, disrupted):
    assert PodView.of(body(conditions=[{"type": "DisruptionTarget", "status": status}])).disrupted is disrupted


def test_the_schedulers_message():
    waiting = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
    assert PodView.of(body(conditions=[waiting])).unschedulable == "no room"
    assert PodView.of(body(conditions=[waiting | {"reason": "SchedulingGated"}])).unschedulable == ""


def test_deletion():
    told = body()
    told["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:30Z"
    assert PodView.of(told).deleting_at == 1_800_000_030.0


def bringing(main_state, **state):
    told = {"exitCode": 0} if "terminated" in state else {}
    inner = {kind: told | value for kind, value in state.items()}
    return body(
        phase="Failed",
        containerStatuses=[main(**main_state)],
        initContainerStatuses=[{"name": "runner", "state": inner}],
    )


WAITS = {"waiting": {"reason": "PodInitializing"}}
BROUGHT = {
    "not begun": (WAITS, {"waiting": {"reason": "PodInitializing"}}, ("waiting", "PodInitializing", False)),
    "no image": (WAITS, {"waiting": {"reason": "ErrImagePull"}}, ("waiting", "ErrImagePull", False)),
    "at it": (WAITS, {"running": {"startedAt": START}}, ("waiting", "PodInitializing", False)),
    "done": (WAITS, {"terminated": {"reason": "Completed"}}, ("waiting", "PodInitializing", False)),
    "failed": (WAITS, {"terminated": {"reason": "Error", "exitCode": 1}}, ("terminated", "StartError", True)),
    "killed": (
        WAITS,
        {"terminated": {"reason": "Error", "exitCode": 137, "startedAt": START}},
        ("terminated", "Error", True),
    ),
    "a sidecar that failed later": (
        {"running": {"startedAt": START}},
        {"terminated": {"reason": "Error", "exitCode": 1}},
        ("running", "", False),
    ),
}


@pytest.mark.parametrize(("sheet", "init", "seen"), BROUGHT.values(), ids=BROUGHT)
def test_what_keeps_the_runner_out_keeps_the_sheet_from_starting(sheet, init, seen):
    view = PodView.of(bringing(sheet, **init))
    assert (view.container.state, view.container.reason, view.over) == seen
    assert view.ran == ("running" in sheet)


def test_an_init_container_that_failed_says_why():
    said = {"exitCode": 1, "message": "cp: error writing: No space left on device\n"}
    view = PodView.of(bringing(WAITS, terminated=said))
    told = "the runner could not be brought in: cp: error writing: No space left on device"
    assert (view.container.message, view.container.exit_code) == (told, 1)
