"""A server of a namespace hears what became of a job, from a Pod beside its sheets; the URL is in a Secret."""

import base64
import json
from typing import Any

import pytest

from tests.cluster import webhook_server
from tests.cluster.lane import Lane, bash_score, wait_for
from tests.cluster.served import PORT, serve

pytestmark = pytest.mark.usefixtures("installed")
EVENTS = ["job_start", "job_complete", "job_failed"]
TOLD = [
    {"type": "webhook", "on_events": EVENTS, "config": {"url_env": "HOOK"}},
    {"type": "slack", "on_events": ["job_complete"], "config": {"webhook_url": f"http://hooks:{PORT}/refused"}},
    {"type": "webhook", "on_events": ["job_complete"], "config": {"url": "https://kubernetes.default.svc"}},
]
"""The last one's certificate is the cluster's own, which nothing in the image vouches for."""


def heard(lane: Lane) -> list[dict[str, Any]]:
    lines = lane.kubectl("logs", "hooks").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_a_webhook_is_told_and_one_that_refuses_fails_nothing(lane: Lane) -> None:
    serve(lane, "hooks", webhook_server)
    url = base64.b64encode(f"http://hooks:{PORT}/hooks/T0PSECRET".encode()).decode()
    lane.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hook"}, "data": {"HOOK": url}})
    score = bash_score("true", notifications=TOLD)
    lane.job("told", score, sheetTemplate={"envFrom": [{"secretRef": {"name": "hook"}}]})
    lane.await_phase("told", "Completed")

    def settled(status: dict[str, Any]) -> bool:
        states = [each["state"] for each in status.get("notifications", ())]
        return len(states) == 4 and "dispatched" not in states

    status = lane.await_status("told", settled)
    told = {(each["index"], each["event"]): (each["state"], each.get("message")) for each in status["notifications"]}
    untrusted = told.pop((2, "job_complete"))
    assert told == {
        (0, "job_start"): ("sent", None),
        (0, "job_complete"): ("sent", None),
        (1, "job_complete"): ("failed", "hooks: HTTP 404: Not Found"),
    }
    assert untrusted[0] == "failed"
    assert untrusted[1].startswith("kubernetes.default.svc: the server's certificate is not trusted: ")
    wait_for(lambda: len(heard(lane)), lambda count: count == 3)
    hooked = [each["body"] for each in heard(lane) if each["path"] == "/hooks/T0PSECRET"]
    assert sorted((each["event"], each["progress"]) for each in hooked) == [
        ("job_complete", "1/1"),
        ("job_start", "0/1"),
    ]
    uid = lane.get("mariannejob", "told")["metadata"]["uid"]
    assert {(each["job"], each["namespace"], each["uid"]) for each in hooked} == {("told", lane.namespace, uid)}
    slack = next(each["body"] for each in heard(lane) if each["path"] == "/refused")
    assert slack == {"text": f"Job {lane.namespace}/told is complete, 1/1 sheets: 1 sheets"}
    events = wait_for(lambda: lane.events("told"), lambda found: len(found) == 2)
    assert {(each["type"], each["reason"]) for each in events} == {("Warning", "NoticeFailed")}
    assert "T0PSECRET" not in json.dumps([status, events])
