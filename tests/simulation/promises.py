"""What must hold in every history: the invariants of the reliability notes, checked from outside the operator.

The oracle is the cluster's own list of changes, which cannot miss an object that came and went.
"""

import json
from typing import Any

from marianne_operator.control.cluster import Body
from marianne_operator.model.status import JobStatus
from marianne_operator.plan.failures import INFRASTRUCTURE_CAP
from marianne_operator.plan.observation import Observation
from marianne_operator.plan.plan import Plan
from marianne_runner.contract import ATTEMPT_LABEL, SHEET_LABEL, CompiledScore
from tests.simulation.fake_cluster import Call, FakeCluster
from tests.simulation.ledger_model import Ledger

ABSORBING = ("completed", "failed", "skipped", "cancelled")


class Promises:
    """I1 and "finished work is never done again" are checked by the ledger's model, at each start."""

    def __init__(self, cluster: FakeCluster, ledger: Ledger) -> None:
        self.cluster = cluster
        self.ledger = ledger
        self.checked = 0
        self.last: dict[str, Body] = {}

    def before(self, call: Call) -> None:
        """I7: once a cancel or pause is observed, no new Pod."""
        if (call.verb, call.resource) != ("create", "pods"):
            return
        for (resource, _, _), body in self.cluster.store.objects.items():
            if resource == "mariannejobs" and _observed(body):
                assert not body["spec"].get("cancel"), "a Pod is created after the cancel was observed"
                assert not body["spec"].get("paused"), "a Pod is created after the pause was observed"
                assert "ending" not in body["status"], "a Pod is created while the run ends"

    def intended(self, plan: Plan, seen: Observation) -> None:
        """Every Pod that is asked for has its intent, in this plan or before."""
        names = {sheet.pod_name for sheet in (plan.status or seen.job.status).sheets if sheet.active}
        assert all(each["metadata"]["name"] in names for each in plan.create), "a Pod without an intent"

    def check(self) -> None:
        """Every version of a job since the last check (I4, I8, I10), and the Pods as they are (I1)."""
        for change in self.cluster.changes[self.checked :]:
            if change.resource == "mariannejobs":
                self._job(change.body)
        self.checked = len(self.cluster.changes)
        self._pods()

    def check_account(self, status: JobStatus, uid: str) -> None:
        """I2 at the end: every attempt that was made is within the count, and finished work is in the status."""
        made: dict[int, int] = {}
        for change in self.cluster.changes:
            if change.resource == "pods" and change.body["metadata"]["ownerReferences"][0]["uid"] == uid:
                number, attempt = _labels(change.body)
                made[number] = max(made.get(number, 0), attempt)
        for sheet in status.sheets:
            assert sheet.attempt >= made.get(sheet.num, 0), f"an attempt of sheet {sheet.num} is not counted"
            last = self.ledger.marks.get((uid, sheet.num, sheet.attempt))
            if last is not None and last.verdict is not None and last.verdict["outcome"] in ("completed", "skipped"):
                lost = sheet.state != last.verdict["outcome"] and (uid, sheet.num) not in self.ledger.excused
                assert not lost, f"sheet {sheet.num} is {sheet.state}, its ledger says {last.verdict['outcome']}"

    def check_end(self, status: JobStatus, score: CompiledScore) -> None:
        """I12: the conditions agree with the sheets."""
        states = [sheet.state for sheet in status.sheets]
        assert all(state in ABSORBING for state in states)
        succeeded, stalled = status.condition("Succeeded"), status.condition("Stalled")
        assert succeeded is not None
        assert stalled is not None
        good = all(sheet.satisfied for sheet in status.sheets)
        assert (succeeded.status == "True") is good, f"{succeeded} with {states}"
        assert (status.phase == "Completed") is good
        assert (stalled.status == "True") is (status.phase == "Failed")
        assert status.waiting is None
        tries = max(1, score["retry"]["max_retries"])
        assert all(sheet.normal_attempts <= tries for sheet in status.sheets), "more tries than the score allows"
        most = score["retry"]["max_completion_attempts"]
        assert all(sheet.completion_attempts <= most for sheet in status.sheets), "more completions than allowed"

    def _job(self, body: Body) -> None:
        uid, status = body["metadata"]["uid"], body.get("status") or {}
        before = (self.last.get(uid) or {}).get("status") or {}
        self.last[uid] = body
        assert len(json.dumps(status)) < 60_000
        assert status.get("observedGeneration", -1) >= before.get("observedGeneration", -1)
        assert status.get("run", 0) - before.get("run", 0) in (0, 1), "a run was skipped or undone"
        for then, now in zip(before.get("sheets", ()), status.get("sheets", ()), strict=False):
            assert now["attempt"] >= then["attempt"], "an attempt number went down"
            if status.get("run") == before.get("run") and then["state"] in ABSORBING:
                assert now == then, "a finished sheet changed"
        for sheet in status.get("sheets", ()):
            assert sheet.get("infrastructureEnds", 0) <= INFRASTRUCTURE_CAP + 1
            if status["run"] != before.get("run") and sheet["state"] != "completed":
                self.ledger.excused.add((uid, sheet["num"]))
        if before.get("completionTime") and status.get("run") == before.get("run"):
            assert status["completionTime"] == before["completionTime"], "a finished job changed its mind"
            assert status["phase"] == before["phase"], "a finished job changed its phase"

    def _pods(self) -> None:
        alive: dict[Any, str] = {}
        for (resource, _, name), body in self.cluster.store.objects.items():
            ends = "deletionTimestamp" in body["metadata"] or body.get("status", {}).get("phase") in (
                "Succeeded",
                "Failed",
            )
            if resource != "pods" or ends:
                continue
            which = body["metadata"]["ownerReferences"][0]["uid"], _labels(body)
            assert which not in alive, f"two Pods of one attempt: {name} and {alive[which]}"
            alive[which] = name


def _observed(body: Body) -> bool:
    return bool(body["status"].get("observedGeneration") == body["metadata"]["generation"])


def _labels(body: Body) -> tuple[int, int]:
    labels = body["metadata"]["labels"]
    return int(labels[SHEET_LABEL]), int(labels[ATTEMPT_LABEL])
