"""Which verb is possible in which state, and what it writes (semantics §1.3)."""

import pytest

from marianne_client import verbs
from marianne_client.submission import WorkspaceError, job_body, slug, workspace_of
from marianne_client.verbs import Refusal, Wish

PHASES = [
    None,
    "Pending",
    "Waiting",
    "Running",
    "Paused",
    "PausedAtChain",
    "Completed",
    "Failed",
    "Refused",
    "Cancelled",
]
ALLOWED = {
    "pause": {None, "Pending", "Waiting", "Running"},
    "resume": {"Paused", "PausedAtChain", "Failed"},
    "restart": {"Pending", "Waiting", "Running", "Paused", "PausedAtChain", "Completed", "Failed", "Cancelled"},
    "cancel": {None, "Pending", "Waiting", "Running", "Paused", "PausedAtChain", "Refused"},
    "delete": {"Completed", "Failed", "Refused", "Cancelled"},
}


def _job(phase, **spec):
    status = {} if phase is None else {"phase": phase, "startTime": "2026-01-01T00:00:00Z"}
    status |= {"run": 1, "score": {"totalSheets": 4}} if phase not in (None, "Refused") else {}
    spec |= {"paused": True} if phase == "Paused" else {}
    spec |= {"cancel": True} if phase == "Cancelled" else {}
    return {"metadata": {"uid": "u", "generation": 3}, "spec": {"scoreText": "x", **spec}, "status": status}


ACT = {
    "pause": verbs.pause,
    "resume": lambda job: verbs.resume(job, "t"),
    "restart": lambda job: verbs.restart(job, {"token": "t"}),
    "cancel": verbs.cancel,
    "delete": lambda job: verbs.deletable(job) or Wish([], ""),
}


@pytest.mark.parametrize("verb", ACT)
@pytest.mark.parametrize("phase", PHASES)
def test_the_matrix(verb, phase):
    answer = ACT[verb](_job(phase))
    assert isinstance(answer, Wish if phase in ALLOWED[verb] else Refusal), answer


def _changes(wish):
    assert isinstance(wish, Wish)
    assert wish.operations[0] == {"op": "test", "path": "/metadata/uid", "value": "u"}
    return {each["path"]: each["value"] for each in wish.operations if each["op"] != "test"}


def test_a_pause_and_its_policy():
    assert _changes(verbs.pause(_job("Running"))) == {"/spec/paused": True}
    assert _changes(verbs.pause(_job("Running"), interrupt=True)) == {
        "/spec/paused": True,
        "/spec/pausePolicy": "Interrupt",
    }
    assert _changes(verbs.pause(_job("Running", pausePolicy="Interrupt"), interrupt=False)) == {
        "/spec/paused": True,
        "/spec/pausePolicy": "Drain",
    }


def test_a_restart_takes_a_cancel_and_a_pause_back():
    asked = {"token": "t", "scope": "FromSheet", "fromSheet": 4}
    assert _changes(verbs.restart(_job("Cancelled", paused=True), asked)) == {
        "/spec/restart": asked,
        "/spec/cancel": False,
        "/spec/paused": False,
    }
    assert verbs.restart(_job("Failed"), {**asked, "fromSheet": 5}) == Refusal("Job has 4 sheets, not 5")
    assert "mended first" in verbs.restart(_job("Refused"), asked).message


def test_a_wish_that_was_wished_before_writes_nothing():
    assert _changes(verbs.pause(_job("Running", paused=True))) == {}
    assert _changes(verbs.cancel(_job("Running", cancel=True))) == {}


def test_resume_undoes_a_pause_that_is_not_reached_yet():
    assert _changes(verbs.resume(_job("Running", paused=True), "t")) == {"/spec/paused": False}


def test_resume_lets_a_chain_go_on():
    assert _changes(verbs.resume(_job("PausedAtChain"), "t")) == {"/spec/resume": {"token": "t"}}


def test_resume_of_a_failed_job_restarts_what_failed():
    assert _changes(verbs.resume(_job("Failed", paused=True), "t")) == {
        "/spec/restart": {"token": "t", "scope": "Failed"},
        "/spec/paused": False,
    }


def test_a_restart_is_wished_once():
    """Two clients, or one that asks again, must not make two runs."""
    failed = _job("Failed", restart={"token": "old"})
    failed["status"]["restartToken"] = "old"
    wish = verbs.resume(failed, "new")
    assert _changes(wish)["/spec/restart"]["token"] == "new"
    assert {"op": "test", "path": "/metadata/generation", "value": 3} in wish.operations
    failed["spec"]["restart"] = {"token": "new"}
    assert _changes(verbs.resume(failed, "newer")) == {}


def test_refusals_say_what_is_possible():
    assert verbs.pause(_job("Paused")) == Refusal("Job is not running (status: paused)")
    assert verbs.cancel(_job("Completed")) == Refusal("Job already finished (status: completed)")
    cancelled = verbs.resume(_job("Cancelled"), "t")
    assert isinstance(cancelled, Refusal)
    assert "restart" in cancelled.message
    refused = _job("Refused")
    refused["status"]["conditions"] = [{"type": "Accepted", "message": "sheet.size: is missing"}]
    told = verbs.resume(refused, "t")
    assert isinstance(told, Refusal)
    assert "sheet.size: is missing" in told.message
    assert verbs.deletable(_job("Running")) == Refusal("it is running: cancel it first")


def test_a_cancel_without_patience():
    assert _changes(verbs.cancel(_job("Paused"), now=True)) == {"/spec/cancel": True, "/spec/cancelPolicy": "Now"}


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Weekly Review!", "weekly-review"),
        ("---", "score"),
        ("é", "score"),
        ("a" * 60, "a" * 40),
        ("x" * 39 + "-y", "x" * 39),
    ],
)
def test_a_score_s_name_as_a_job_s(name, made):
    assert slug(name) == made


@pytest.mark.parametrize("text", ["", "/a", "Up", "a/../b", "a/.hidden", "a//b", "a/b c"])
def test_a_workspace_that_is_none(text):
    with pytest.raises(WorkspaceError):
        workspace_of(text)


def test_a_workspace_is_a_claim_and_a_folder():
    assert workspace_of("work") == {"persistentVolumeClaim": {"claimName": "work"}}
    assert workspace_of("work/a/b") == {"persistentVolumeClaim": {"claimName": "work", "subPath": "a/b"}}


def test_the_body_of_a_job_holds_what_was_asked_and_nothing_else():
    plain = job_body("name: x\n", namespace="team", generate_name="x-")
    assert plain["metadata"] == {"generateName": "x-", "namespace": "team"}
    assert plain["spec"] == {"scoreText": "name: x\n"}
    full = job_body(None, namespace="team", name="x", score_from={"name": "m", "key": "k"}, workspace="w",
                    start_sheet=2, self_healing=True, annotations={"a": "b"})  # fmt: skip
    assert full["spec"] == {
        "scoreFrom": {"configMapKeyRef": {"name": "m", "key": "k"}},
        "workspace": {"persistentVolumeClaim": {"claimName": "w"}},
        "startSheet": 2,
        "selfHealing": True,
    }
    assert full["metadata"] == {"name": "x", "namespace": "team", "annotations": {"a": "b"}}
