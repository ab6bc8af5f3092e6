"""What the Pod of an errand tells: answers, silence, and Pods that vanish."""

import json
from dataclasses import replace
from typing import Any

import pytest

from marianne_operator.model.pod import PodView
from marianne_operator.plan import errand
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.plan import PodDeletion
from marianne_runner.contract import ErrandResult, encode_errand
from tests.unit.plan import build
from tests.unit.plan.build import NAME, NOW, UID

NAME_OF_POD = "tune-" + build.pod().name.split("-")[1] + "-hook1"


def draft(*pods: PodView, ghosts: tuple[PodView, ...] = (), now: float = NOW, **spec: Any) -> Draft:
    status = build.running_status(build.sheet(1, "completed", 1), errands=1)
    seen = build.observe(build.job(status=status, **spec), build.score(1), pods=pods, ghosts=ghosts, now=now)
    return Draft(seen, build.score(1), status, list(status.sheets))


def pod(**changes: Any) -> PodView:
    made = build.pod(name=NAME_OF_POD, **changes)
    return replace(made, sheet=0, attempt=0, errand="hook-1")


def ended(text: str | None = None, code: int = 0, started: bool = True, **changes: Any) -> PodView:
    """Its container has terminated; with `text` as its message, else with a good answer."""
    result = ErrandResult(
        protocol=1, pod_uid=f"uid-of-{NAME_OF_POD}", errand="hook-1", outcome="succeeded", message="", exit_code=0
    )
    said = encode_errand(result).decode() if text is None else text
    terminated = {"exitCode": code, "reason": "Completed" if not code else "Error", "message": said}
    if started:
        terminated |= {"startedAt": "2027-01-15T08:00:00Z", "finishedAt": "2027-01-15T08:00:01Z"}
    return pod(**{"phase": "Failed" if code else "Succeeded", "state": {"terminated": terminated}, **changes})


def answer(**changes: Any) -> str:
    told = {"protocol": 1, "pod_uid": f"uid-of-{NAME_OF_POD}", "errand": "hook-1", "outcome": "failed", "message": "m"}
    return json.dumps({**told, **changes})


RUNS = {"running": {"startedAt": "2027-01-15T08:00:00Z"}}


def test_its_pod_is_the_tenants_confined_and_no_sheets() -> None:
    made = draft(sheetTemplate={"labels": {"team": "a"}, "env": [{"name": "X", "value": "1"}]})
    told = errand.brief(made, "hook", errand.next_number(made), 60, once=True)
    errand.create(made, errand.name_of(made, "hook", 2), told)
    (body,) = made.creations
    labels = body["metadata"]["labels"]
    assert labels == {
        "team": "a",
        "marianne.dev/job": NAME,
        "marianne.dev/job-uid": UID,
        "marianne.dev/errand": "hook-2",
        "marianne.dev/claim": "claim-uid",
    }
    assert made.status.errands == 2
    (container,) = body["spec"]["containers"]
    assert container["command"][1:] == ["errand"]
    assert container["image"] == "runner:1"
    assert {"name": "X", "value": "1"} in container["env"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert body["spec"]["securityContext"]["runAsNonRoot"] is True
    assert body["spec"]["automountServiceAccountToken"] is False
    assert body["spec"]["activeDeadlineSeconds"] == 360
    assert body["metadata"]["ownerReferences"][0]["uid"] == UID
    assert "/marianne/ledger" in [each["mountPath"] for each in container["volumeMounts"]]
    assert PodView.of({**body, "metadata": {**body["metadata"], **_of_server()}}).errand == "hook-2"


def _of_server() -> dict[str, str]:
    return {"uid": "u", "resourceVersion": "1", "creationTimestamp": "2027-01-15T08:00:00Z"}


def test_without_the_ledger_it_touches_no_claim() -> None:
    made = draft()
    errand.create(made, "x", errand.brief(made, "notice", 1, 30, once=False), [{"name": "URL", "value": "u"}])
    (body,) = made.creations
    assert [each["name"] for each in body["spec"]["volumes"]] == ["brief", "temporary"]
    assert {each["name"] for each in body["spec"]["containers"][0]["volumeMounts"]} == {"brief", "temporary"}
    assert "marianne.dev/claim" not in body["metadata"]["labels"]
    assert {"name": "URL", "value": "u"} in body["spec"]["containers"][0]["env"]


@pytest.mark.parametrize(
    ("seen", "outcome", "message"),
    [
        (ended(), "succeeded", ""),
        (ended(answer(message="exit code 3"), 1), "failed", "exit code 3"),
        (ended(answer(outcome="lost"), 1), "lost", "m"),
        (ended(answer(), 1, phase="Running"), "failed", "m"),
        (ended(answer(message="\ud800"), 1), "failed", "?"),
        (ended("", 1), "lost", f"Pod {NAME_OF_POD} ended as Error, exit code 1 without an answer"),
        (ended("{", 1, reason="DeadlineExceeded"), "lost", "ended as DeadlineExceeded"),
        (ended(answer(pod_uid="another"), 0), "lost", "without an answer"),
        (ended(answer(errand="hook-2"), 0), "lost", "without an answer"),
        (ended(answer(outcome="fine"), 0), "lost", "without an answer"),
        (ended(answer(protocol=9), 0), "lost", "without an answer"),
        (ended(answer(output_tail=7), 0), "lost", "without an answer"),
        (ended("no such file", 128, started=False), "failed", "no such file"),
        (pod(phase="Failed", reason="Evicted", message="disk", node=""), "failed", "ended as Evicted"),
    ],
)
def test_what_an_ended_pod_says(seen: PodView, outcome: str, message: str) -> None:
    found = errand.look_at(draft(seen), NAME_OF_POD, once=True)
    assert isinstance(found, errand.Answered)
    assert found.outcome == outcome
    assert message in found.message


@pytest.mark.parametrize("code", [True, 2**40, "3", None])
def test_an_exit_code_that_is_none_is_not_kept(code: object) -> None:
    found = errand.look_at(draft(ended(answer(exit_code=code), 1)), NAME_OF_POD, once=True)
    assert isinstance(found, errand.Answered)
    assert found.exit_code is None


@pytest.mark.parametrize(
    ("ghost", "once", "expected"),
    [
        (None, True, errand.Gone),
        (None, False, errand.Gone),
        (pod(), True, errand.Gone),
        (pod(), False, errand.Gone),
        (pod(phase="Running", state=RUNS), True, errand.Gone),
        (pod(phase="Running", state=RUNS), False, errand.Answered),
        (ended(), True, errand.Answered),
        (ended(), False, errand.Answered),
        (ended("", 1), True, errand.Gone),
    ],
)
def test_a_pod_that_is_gone(ghost: PodView | None, once: bool, expected: type) -> None:
    """With the ledger it can be made again whatever happened; without, never once it ran."""
    found = errand.look_at(draft(ghosts=(ghost,) if ghost else ()), NAME_OF_POD, once=once)
    assert isinstance(found, expected)


def test_a_pod_of_another_owner_is_not_heard() -> None:
    assert isinstance(errand.look_at(draft(ended(owner="other")), NAME_OF_POD, once=True), errand.Gone)


def test_one_that_does_not_start_is_explained_then_deleted() -> None:
    waits = pod(state={"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})
    early = draft(waits, now=NOW + 20)
    found = errand.look_at(early, NAME_OF_POD, once=True)
    assert found == errand.Going(waits, ("ImagePull", "ImagePullBackOff: no such image"))
    assert early.wake is not None
    assert early.deletions == []
    late = draft(waits, now=NOW + 901)
    errand.look_at(late, NAME_OF_POD, once=True)
    assert late.deletions == [PodDeletion(waits.name, waits.uid)]
    assert late.notes[0].reason == "NotStarted"


def test_a_lost_node_is_waited_for_unless_it_may_be_replaced() -> None:
    stuck = pod(phase="Running", state=RUNS, deleting_at=NOW - 61)
    found = errand.look_at(draft(stuck), NAME_OF_POD, once=True)
    assert isinstance(found, errand.Going)
    assert found.why is not None
    assert found.why[0] == "NodeLost"
    replaced = draft(stuck, nodeLostPolicy="Replace")
    errand.look_at(replaced, NAME_OF_POD, once=True)
    assert replaced.deletions == [PodDeletion(stuck.name, stuck.uid, grace_seconds=0)]


def test_stopping_deletes_what_lives_once() -> None:
    alive = draft(pod(phase="Running", state=RUNS))
    assert errand.stop(alive, NAME_OF_POD)
    assert [each.name for each in alive.deletions] == [NAME_OF_POD]
    leaving = draft(pod(phase="Running", state=RUNS, deleting_at=NOW + 30))
    assert errand.stop(leaving, NAME_OF_POD)
    assert leaving.deletions == []
    assert not errand.stop(draft(ended()), NAME_OF_POD)
    assert not errand.stop(draft(), NAME_OF_POD)
