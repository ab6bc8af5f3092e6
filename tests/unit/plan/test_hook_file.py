"""A hook whose score lies in the workspace: who may start it, what its Pod is told, and when it is over."""

import json
from dataclasses import replace
from typing import Any

import pytest

from marianne_operator.model.hook import HookStatus
from marianne_operator.model.status import Ending, JobStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.plan import Plan
from tests.unit.plan.build import NAMESPACE, NOW, UID, after, job, observe
from tests.unit.plan.test_hooks import CHILD, STEM, chain, child, during, entry, last_sheet, names, pod, scored

POD = f"{STEM}-hook1"
OPENED = {"hookServiceAccountName": "starter"}
LISTED = [{"path": "out/next.yaml", "configMapKeyRef": {"name": "m", "key": "k"}}]


def hook(path: str = "out/next.yaml", **target: Any) -> dict[str, Any]:
    told = {"path": path, "detached": False, "pause": False, **target}
    return {"type": "run_job", "abort": False, "job": told}


def starting(state: str = "dispatched", **changes: Any) -> HookStatus:
    return entry(0, state, "run_job", **{"pod_name": POD, "job": CHILD, "number": 1, **changes})


def decided(seen: Any) -> tuple[Plan, JobStatus]:
    plan = decide(seen)
    assert decide(seen) == plan
    return plan, plan.status or seen.job.status


def test_an_errand_with_the_token_starts_it_and_the_operator_does_not() -> None:
    template = {"serviceAccountName": "tenant", "env": [{"name": "PYTHONPATH", "value": "/workspace"}]}
    from_secret = [{"secretRef": {"name": "keys"}}]
    spec = {**OPENED, "sheetTemplate": {**template, "envFrom": from_secret}, "selfHealing": True}
    plan, status = decided(last_sheet(scored(hook()), **spec))
    assert (plan.children, names(plan), status.hooks) == ((), [POD], [starting()])
    (body,) = plan.create
    assert body["spec"]["serviceAccountName"] == "starter"
    assert body["spec"]["automountServiceAccountToken"] is True
    (container,) = body["spec"]["containers"]
    assert container["command"][1:] == ["errand"]
    assert "PYTHONPATH" not in [each["name"] for each in container["env"]], "nothing steers the program with the token"
    assert "envFrom" not in container
    brief = json.loads(body["metadata"]["annotations"]["marianne.dev/brief"])
    assert (brief["once"], brief["errand"], "command" in brief) == (True, "hook-1", False)
    start = brief["start"]
    assert (start["file"], start["account"]) == ("out/next.yaml", "starter")
    assert (start["body"]["metadata"]["name"], start["body"]["metadata"]["namespace"]) == (CHILD, NAMESPACE)
    assert start["body"]["metadata"]["labels"]["marianne.dev/chain-parent-uid"] == UID
    assert start["body"]["metadata"]["annotations"] == {"marianne.dev/chain-depth": "1"}
    assert start["body"]["spec"] == {
        "sheetTemplate": {**template, "envFrom": from_secret},
        "workspace": {"persistentVolumeClaim": {"claimName": "tune-workspace", "subPath": "workspace"}},
    }, "no score yet, and what agents wrote starts nothing of what agents wrote"


def test_no_other_pod_has_a_token() -> None:
    plan, _ = decided(observe(job(**OPENED), scored(hook())))
    (body,) = plan.create
    assert body["spec"]["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in body["spec"]
    command = {"type": "run_command", "command": "make", "timeout_seconds": 60.0, "abort": False}
    plan, _ = decided(last_sheet(scored(command), **OPENED))
    assert plan.create[0]["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("asked", "spec", "by"),
    [
        (hook(), {**OPENED, "files": LISTED}, "operator"),
        (hook("{workspace}/out/next.yaml", file="out/next.yaml"), {**OPENED, "files": LISTED}, "errand"),
        (hook(), OPENED, "errand"),
        (chain(), OPENED, "operator"),
        (hook(), {"files": LISTED}, "operator"),
        (hook(), {}, "nobody"),
        (hook("{workspace}/out/next.yaml", file="out/next.yaml"), {"files": LISTED}, "nobody"),
        (hook(), {**OPENED, "files": [{"path": "out/next.yaml", "secretKeyRef": {"name": "m", "key": "k"}}]}, "nobody"),
    ],
)
def test_who_starts_it(asked: dict[str, Any], spec: dict[str, Any], by: str) -> None:
    _, first = decided(observe(job(**spec), scored(asked)))
    assert (first.phase == "Refused") == (by == "nobody")
    if by != "nobody":
        plan, _ = decided(last_sheet(scored(asked), **spec))
        assert (names(plan), len(plan.children)) == (([POD], 0) if by == "errand" else ([], 1))


def test_a_child_from_a_config_map_may_do_it_too() -> None:
    plan, _ = decided(last_sheet(scored(chain()), **OPENED))
    assert plan.children[0]["spec"]["hookServiceAccountName"] == "starter"


def test_from_its_answer_on_it_is_a_child_like_any_other() -> None:
    compiled = scored(hook())
    said = pod(outcome="succeeded", message=f"job {CHILD} is there")
    plan, status = decided(during(compiled, starting(), pods=(said,), **OPENED))
    assert (plan.create, status.hooks[0].state, status.hooks[0].not_before) == ((), "dispatched", stamp(NOW + 60))
    assert plan.look_again_at == NOW + 60
    seen = after(during(compiled, starting(), pods=(said,), **OPENED), plan, seconds=5)
    _, status = decided(replace(seen, children={CHILD: child()}))
    (told,) = status.hooks
    assert (told.state, told.job_uid, told.pod_name, told.not_before) == ("running", "child-uid", None, None)
    _, status = decided(during(compiled, told, children={CHILD: child("Completed")}, **OPENED))
    assert (status.phase, status.hooks[0].message) == ("Completed", f"job {CHILD} is completed")


def test_a_child_that_is_seen_counts_whatever_was_said() -> None:
    lost = pod(outcome="lost", message="its first Pod was lost", code=1)
    _, status = decided(during(scored(hook()), starting(), pods=(lost,), children={CHILD: child()}, **OPENED))
    assert status.hooks[0].state == "running"
    _, status = decided(
        during(scored(hook()), starting(), pods=(lost,), children={CHILD: child(parent_uid="x")}, **OPENED)
    )
    assert status.hooks[0].state == "failed"
    assert "is not of this chain" in (status.hooks[0].message or "")


@pytest.mark.parametrize("outcome", ["failed", "lost"])
def test_what_it_says_where_it_made_none(outcome: str) -> None:
    said = pod(outcome=outcome, message="HTTP 403: no", code=1)
    plan, status = decided(during(scored(hook()), starting(), pods=(said,), **OPENED))
    assert (status.phase, status.hooks[0].state, plan.create) == ("Failed", outcome, ())
    assert status.hooks[0].message == "HTTP 403: no"


def test_a_child_that_never_appears_is_not_waited_for() -> None:
    said = pod(outcome="succeeded")
    waiting = starting(not_before=stamp(NOW))
    _, status = decided(during(scored(hook()), waiting, pods=(said,), **OPENED))
    assert (status.hooks[0].state, status.hooks[0].message) == ("failed", f"job {CHILD} was deleted before it was seen")


def test_its_pod_is_made_again_and_its_time_is_shown() -> None:
    plan, status = decided(during(scored(hook()), starting(), **OPENED))
    assert (names(plan), plan.recovered, status.hooks) == ([POD], True, [starting()])
    running = pod(state={"running": {"startedAt": stamp(NOW - 4)}}, phase="Running")
    plan, status = decided(during(scored(hook()), starting(), pods=(running,), **OPENED))
    assert (plan.create, status.hooks[0].state) == ((), "running")


def test_a_job_that_may_no_longer_do_it() -> None:
    plan, status = decided(during(scored(hook()), starting()))
    assert (plan.create, status.phase) == ((), "Refused")
    assert "spec.hookServiceAccountName" in status.condition("Accepted").message


def test_more_than_a_brief_holds_is_refused() -> None:
    template = {"env": [{"name": "X", "value": "v" * 33000}]}
    plan, status = decided(last_sheet(scored(hook()), **OPENED, sheetTemplate=template))
    assert (plan.create, status.hooks[0].state) == ((), "failed")
    assert "shorten spec.sheetTemplate" in (status.hooks[0].message or "")


@pytest.mark.parametrize(("made", "told"), [(False, "HTTP 500"), (True, f"the run was ended: Cancelled; job {CHILD}")])
def test_a_cancel(made: bool, told: str) -> None:
    runs = pod(phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    plan, _ = decided(during(scored(hook()), starting(), pods=(runs,), cancel=True, **OPENED))
    assert [each.name for each in plan.delete] == [POD]
    changes = {"ending": Ending(reason="Cancelled", since=stamp(NOW))}
    over = pod(outcome="succeeded") if made else pod(outcome="failed", message="HTTP 500", code=143)
    children = {CHILD: child()} if made else {}
    seen = during(scored(hook()), starting(), pods=(over,), children=children, changes=changes, cancel=True, **OPENED)
    _, status = decided(seen)
    assert (status.phase, status.hooks[0].state) == ("Cancelled", "cancelled")
    assert (status.hooks[0].message or "").startswith(told)


def test_a_cancel_before_its_pod_is_there_tells_of_no_child() -> None:
    _, status = decided(during(scored(hook()), starting(), cancel=True, **OPENED))
    assert (status.phase, status.hooks[0].message) == ("Cancelled", "the run was ended: Cancelled")
