"""Table L2 of the design: what a Pod tells of its attempt, row by row."""

import json

import pytest

from marianne_operator.plan.clock import stamp
from marianne_operator.plan.outcome import LOST_AFTER_SECONDS, Ended, Going, Gone, NodeLost, judge
from marianne_runner.contract import encode_message
from tests.unit.plan.build import NOW, ended, pod, running, verdict


def test_no_pod_and_none_ever_seen():
    assert judge(None, None, NOW) == Gone(None)


@pytest.mark.parametrize(
    "last",
    [
        pod(),
        running(),
        running(deleting_at=NOW),
        pod(phase="Failed", reason="NodeLost", state={"running": {"startedAt": "2027-01-15T08:00:00Z"}}),
    ],
    ids=["pending", "running", "terminating", "failed but its container lives"],
)
def test_gone_before_it_was_seen_to_end(last):
    assert judge(None, last, NOW) == Gone(last)


def test_gone_but_seen_to_end_is_accounted():
    last = ended(told=verdict())
    assert judge(None, last, NOW) == Ended(last, "", "", verdict(pod_uid=last.uid))


def test_what_is_there_counts_and_not_what_was():
    assert judge(running(), ended(told=verdict()), NOW) == Going(running())


@pytest.mark.parametrize("alive", [pod(), running(), running(deleting_at=NOW), pod(phase="Unknown")])
def test_it_waits_or_runs(alive):
    assert judge(alive, None, NOW) == Going(alive)


@pytest.mark.parametrize("told", [None, verdict("interrupted")])
def test_without_a_verdict_that_stands_the_phase_is_waited_for(told):
    ending = ended(told=told, phase="Running")
    assert judge(ending, None, NOW) == Going(ending)


@pytest.mark.parametrize("told", [verdict(), verdict("failed", "ValidationFailed"), verdict("skipped")])
def test_a_verdict_is_accounted_before_the_phase_is_final(told):
    ending = ended(told=told, phase="Running")
    assert judge(ending, None, NOW) == Ended(ending, told["reason"], told["message"], {**told, "pod_uid": ending.uid})
    assert judge(None, ending, NOW) == judge(ending, None, NOW), "or was deleted just then"


def test_a_verdict_of_a_container_that_still_runs_is_none():
    alive = ended(told=verdict(), phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    assert judge(alive, None, NOW) == Going(alive)


def test_failed_with_live_containers_is_a_lost_node():
    lost = running(phase="Failed", reason="NodeLost")
    assert isinstance(judge(lost, None, NOW), NodeLost)


def test_a_sidecar_that_lives_on_is_a_live_container():
    others = [{"name": "proxy", "state": {"running": {}}}]
    lost = ended(others=others)
    assert isinstance(judge(lost, None, NOW), NodeLost)
    assert isinstance(judge(ended(told=verdict(), others=others), None, NOW), Ended), "but what was said was said"


@pytest.mark.parametrize(("late", "kind"), [(-0.001, Going), (0.0, NodeLost), (1.0, NodeLost)])
def test_terminating_past_its_grace_is_a_lost_node(late, kind):
    stuck = running(deleting_at=NOW)
    assert isinstance(judge(stuck, None, NOW + LOST_AFTER_SECONDS + late), kind)


def test_never_assigned_or_refused_by_the_node_has_no_container_that_could_live():
    for over in (pod(phase="Failed", node=""), pod(phase="Failed", reason="OutOfcpu"), pod(phase="Succeeded", node="")):
        assert isinstance(judge(over, None, NOW), Ended)


OOM = {"container_reason": "OOMKilled", "exit_code": 137}

VERDICT_WINS = {
    "completed": ({}, "completed", ""),
    "completed beside OOMKilled": (OOM | {"exit_code": 0}, "completed", ""),
    "completed though evicted": ({"reason": "Evicted", "phase": "Failed"}, "completed", ""),
    "completed though deleted": ({"deleting_at": NOW}, "completed", ""),
    "completed past the Pod's deadline": ({"reason": "DeadlineExceeded", "phase": "Failed"}, "completed", ""),
    "failed": ({}, "failed", "ExitCode"),
    "failed though preempted": ({"disrupted": True}, "failed", "Timeout"),
    "skipped": ({}, "skipped", ""),
    "lost": ({}, "lost", "LedgerMissing"),
    "not started": ({}, "not_started", "WorkspaceUnusable"),
}


@pytest.mark.parametrize(("how", "outcome", "reason"), VERDICT_WINS.values(), ids=VERDICT_WINS)
def test_a_readable_verdict_wins(how, outcome, reason):
    over = ended(told=verdict(outcome, reason), **how)
    told = judge(over, None, NOW)
    assert isinstance(told, Ended)
    assert (told.reason, told.told and told.told["outcome"]) == (reason, outcome)


def test_lost_without_a_reason_is_a_lost_pod():
    assert judge(ended(told=verdict("lost")), None, NOW).reason == "PodLost"


INTERRUPTED = {
    "by our delete, or anybody's": ({"deleting_at": NOW}, "Interrupted"),
    "by a drain": ({"disrupted": True}, "Interrupted"),
    "by the kubelet under pressure": ({"reason": "Evicted"}, "Interrupted"),
    "by the kubelet for its own disk": (
        {
            "reason": "Evicted",
            "message": "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.",
        },
        "StorageExceeded",
    ),
    "by the Pod's own deadline": ({"reason": "DeadlineExceeded"}, "Timeout"),
    "from inside": ({}, "SelfTerminated"),
}


@pytest.mark.parametrize(("how", "reason"), INTERRUPTED.values(), ids=INTERRUPTED)
def test_who_interrupted_decides(how, reason):
    over = ended(told=verdict("interrupted"), exit_code=143, phase="Failed", **how)
    assert judge(over, None, NOW).reason == reason


def test_an_interruption_that_is_repeated_was_another_pods():
    """That Pod is gone, so it was deleted; the one that repeats its word was not even started for long."""
    repeated = ended(told=verdict("interrupted", performed_by="another"), exit_code=1, phase="Failed")
    assert judge(repeated, None, NOW).reason == "Interrupted"
    own = ended(told=verdict("interrupted", performed_by=repeated.uid), exit_code=143, phase="Failed")
    assert judge(own, None, NOW).reason == "SelfTerminated"


UNSPOKEN = {
    "no program": ({"container_reason": "StartError", "exit_code": 128, "text": "no such file"}, "RunnerMissing"),
    "an older runtime's word for it": ({"container_reason": "ContainerCannotRun", "exit_code": 127}, "RunnerMissing"),
    "out of memory": (OOM, "OutOfMemory"),
    "the Pod's deadline": ({"reason": "DeadlineExceeded", "exit_code": 137}, "Timeout"),
    "evicted": ({"reason": "Evicted", "exit_code": 137}, "Evicted"),
    "evicted for its own disk": (
        {
            "reason": "Evicted",
            "exit_code": 137,
            "message": 'Usage of EmptyDir volume "temporary" exceeds the limit "1Gi".',
        },
        "StorageExceeded",
    ),
    "evicted for the node's disk": (
        {"reason": "Evicted", "exit_code": 137, "message": "The node was low on resource: ephemeral-storage."},
        "Evicted",
    ),
    "preempted or drained": ({"disrupted": True, "exit_code": 143}, "Evicted"),
    "143 from inside": ({"exit_code": 143}, "SelfTerminated"),
    "143 after a delete": ({"exit_code": 143, "deleting_at": NOW}, "VerdictMissing"),
    "killed": ({"exit_code": 137}, "VerdictMissing"),
    "killed after a delete": ({"exit_code": 137, "deleting_at": NOW}, "VerdictMissing"),
    "failed without a word": ({"exit_code": 1}, "VerdictMissing"),
    "succeeded without a word": ({"exit_code": 0}, "VerdictMissing"),
    "cut": ({"exit_code": 1, "text": '{"protocol":1,"pod_uid'}, "VerdictMissing"),
    "no object": ({"exit_code": 1, "text": "[1]"}, "VerdictMissing"),
    "another protocol": ({"exit_code": 1, "text": '{"protocol":2}'}, "ProtocolMismatch"),
    "refused by the kubelet": ({"reason": "OutOfcpu", "state": None}, "VerdictMissing"),
}


@pytest.mark.parametrize(("how", "reason"), UNSPOKEN.values(), ids=UNSPOKEN)
def test_without_a_verdict_the_kubelet_explains(how, reason):
    told = judge(ended(**({"phase": "Failed"} | how)), None, NOW)
    assert isinstance(told, Ended)
    assert (told.reason, told.told) == (reason, None)


def test_the_runtimes_message_is_no_verdict():
    forged = encode_message(verdict(pod_uid=ended().uid)).decode()
    over = ended(container_reason="StartError", exit_code=128, text=forged)
    assert judge(over, None, NOW).reason == "RunnerMissing"


def test_another_pods_verdict_is_not_this_ones():
    over = ended(text=encode_message(verdict(pod_uid="another")).decode(), exit_code=0)
    told = judge(over, None, NOW)
    assert told.reason == "VerdictMissing"
    assert "another" in told.message


def test_the_message_says_exit_code_and_reason():
    told = judge(ended(exit_code=137, phase="Failed", reason="NodeShutdown"), None, NOW)
    assert "137" in told.message
    assert "NodeShutdown" in told.message


MALFORMED = {
    "no reason": {"reason": None},
    "an outcome of its own": {"outcome": "banana"},
    "an unhashable outcome": {"outcome": ["completed"]},
    "a message that is no text": {"message": 7},
    "half a surrogate pair": {"message": "\ud800"},
    "rules that are no list": {"failed_rules": "all"},
    "a rule that is no text": {"failed_rules": [{}]},
    "a head that is text": {"head": "9"},
    "a head beyond any name": {"head": 10**30},
    "an end after all calendars": {"ended_at": 1e300},
    "an end that is not a number": {"ended_at": float("nan")},
    "a start before all of them": {"started_at": -1e20},
    "tokens that are text": {"input_tokens": "many"},
    "tokens given back": {"output_tokens": -5},
    "a flag that is none": {"validation_passed": "yes"},
    "an ending of its own": {"exit_reason": "x" * 4000},
    "an exit code that is a list": {"exit_code": []},
    "an error of its own": {"error_code": "E000"},
    "an error that is a list": {"error_code": ["E009"]},
    "a category of its own": {"error_category": "luck"},
    "another try, perhaps": {"retriable": "perhaps"},
    "a wait without end": {"wait_seconds": float("inf")},
    "more than all rules": {"executed_pass_percentage": -1},
    "no confidence at all": {"confidence": "none"},
    "kinds that are a list": {"rules_by_kind": [1, 2]},
    "more rules that hold than there are": {"rules_by_kind": {"file_exists": [2, 1]}},
    "a kind without a total": {"rules_by_kind": {"file_exists": [1]}},
    "checks that are none": {"checks": [None]},
    "a check without an answer": {"checks": [{"rule_type": "file_exists"}]},
    "a check whose path is a tree": {"checks": [{"passed": False, "path": {"a": []}}]},
    "a check that took forever": {"checks": [{"passed": False, "check_duration_ms": float("inf")}]},
}


@pytest.mark.parametrize("forged", MALFORMED.values(), ids=MALFORMED)
def test_what_an_instrument_forged_is_unreadable_and_no_more(forged):
    """It can reach the termination message, and must not be able to raise an exception in the operator with it."""
    said = verdict("failed", "ExitCode", pod_uid=ended().uid) | forged
    said = {key: value for key, value in said.items() if value is not None}
    told = judge(ended(text=json.dumps(said)), None, NOW)
    assert (told.reason, told.told) == ("VerdictMissing", None)
    assert "malformed" in told.message or "missing" in told.message
