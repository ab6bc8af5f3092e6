"""What follows a job that completed: in which order, when not, and what it makes of the job."""

import json
from dataclasses import replace
from typing import Any

import pytest

from marianne_operator.model.hook import HookStatus
from marianne_operator.model.job import JobView
from marianne_operator.model.pod import PodView
from marianne_operator.model.status import Ending, JobStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import Observation, ScoreRefusal, WriteRefusal
from marianne_operator.plan.plan import Plan
from marianne_runner.contract import CompiledScore, Concert
from tests.unit.plan import build
from tests.unit.plan.build import NAME, NAMESPACE, NOW, UID, after, ended, job, observe, running_status, sheet, verdict

STEM = build.pod().name.removesuffix("-s1-a1")
CHILD = f"{STEM}-n1"


def command(text: str = "make", *, abort: bool = False) -> dict[str, Any]:
    return {"type": "run_command", "command": text, "timeout_seconds": 60.0, "abort": abort}


def chain(*, detached: bool = False, pause: bool = False, **more: Any) -> dict[str, Any]:
    target = {"path": "configmap/scores/next", "config_map": "scores", "key": "next"}
    return {"type": "run_job", "abort": False, "job": {**target, "detached": detached, "pause": pause}, **more}


def scored(*hooks: dict[str, Any], depth: int = 5, cooldown: float = 0.0, inherit: bool = True) -> CompiledScore:
    concert = Concert(max_chain_depth=depth, cooldown_seconds=cooldown, inherit_workspace=inherit)
    return build.score(1, hooks=list(hooks), concert=concert)


def pod(number: int = 1, outcome: str | None = None, message: str = "", code: int = 0, **changes: Any) -> PodView:
    """Of a hook; with an outcome it has ended with that answer."""
    name = f"{STEM}-hook{number}"
    if outcome is not None:
        said = {"protocol": 1, "pod_uid": f"uid-of-{name}", "errand": f"hook-{number}", "outcome": outcome}
        text = json.dumps({**said, "message": message, "exit_code": code, "output_tail": "so it went\n"})
        terminated = {"exitCode": code, "reason": "Completed", "message": text, "startedAt": stamp(NOW - 1)}
        changes = {"phase": "Failed" if code else "Succeeded", "state": {"terminated": terminated}, **changes}
    return replace(build.pod(name=name, **changes), sheet=0, attempt=0, errand=f"hook-{number}")


def child(
    phase: str | None = "Running", *, parent_uid: str = UID, uid: str = "child-uid", name: str = CHILD
) -> JobView:
    over = phase in ("Completed", "Failed", "Cancelled")
    told = {"type": "Succeeded", "status": "False", "reason": "X", "message": "why", "lastTransitionTime": stamp(NOW)}
    status = {"observedGeneration": 1, "phase": phase, "conditions": [told]}
    meta = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": uid,
        "generation": 1,
        "resourceVersion": "9",
        "creationTimestamp": stamp(NOW),
        "labels": {"marianne.dev/chain-parent": NAME, "marianne.dev/chain-parent-uid": parent_uid},
        "annotations": {"marianne.dev/chain-depth": "1"},
    }
    return JobView.of({"metadata": meta, "status": status | ({"completionTime": stamp(NOW)} if over else {})})


def last_sheet(
    compiled: CompiledScore, *, now: float = NOW, view: dict[str, Any] | None = None, **spec: Any
) -> Observation:
    """The only sheet has just completed."""
    begun = running_status(sheet(1, "dispatched", 1), worked=True)
    seen = observe(job(status=begun, **spec), compiled, pods=[ended(told=verdict())], now=now)
    return replace(seen, job=replace(seen.job, **view)) if view else seen


def during(compiled: CompiledScore, *hooks: HookStatus, pods: tuple[PodView, ...] = (), **given: Any) -> Observation:
    """The sheets are done and hooks are under way."""
    kinds = ("children", "ghosts", "refusals", "now", "claim", "instruments")
    around = {key: given.pop(key) for key in kinds if key in given}
    changes = {"worked": True, "hooks": list(hooks), "errands": len(hooks), **given.pop("changes", {})}
    status = running_status(sheet(1, "completed", 1), **changes)
    return observe(job(status=status, **given), compiled, pods=pods, **around)


def entry(index: int = 0, state: str = "dispatched", kind: str = "run_command", **changes: Any) -> HookStatus:
    if kind == "run_command" and state in ("dispatched", "running"):
        changes = {"pod_name": f"{STEM}-hook{index + 1}", "number": index + 1, **changes}
    return HookStatus(index=index, type=kind, state=state, **changes)


def next_status(seen: Observation) -> tuple[Plan, JobStatus]:
    plan = decide(seen)
    assert decide(seen) == plan
    status = plan.status or seen.job.status
    assert JobStatus.model_validate(json.loads(json.dumps(status.dump()))) == status
    return plan, status


def names(plan: Plan) -> list[str]:
    return [each["metadata"]["name"] for each in plan.create]


def reasons(plan: Plan) -> list[str]:
    return [each.reason for each in plan.notes]


# ---- commands


def test_the_first_hook_starts_with_the_write_of_the_last_sheet() -> None:
    plan, status = next_status(last_sheet(scored(command())))
    assert names(plan) == [f"{STEM}-hook1"]
    assert (status.phase, status.completion_time, status.progress) == ("Running", None, "1/1")
    assert status.hooks == [entry()]
    assert status.condition("Succeeded").message == "on_success.0 (run_command) runs"
    brief = json.loads(plan.create[0]["metadata"]["annotations"]["marianne.dev/brief"])
    assert brief["command"] == {"text": "make", "shell": True, "values": {"job_id": NAME, "sheet_count": "1"}}
    assert (brief["errand"], brief["once"], brief["timeout_seconds"]) == ("hook-1", True, 60.0)


def test_a_job_without_hooks_costs_nothing_more() -> None:
    begun = running_status(sheet(1, "dispatched", 1))
    plan, status = next_status(observe(job(status=begun), pods=[ended(told=verdict())]))
    assert (status.phase, plan.create, plan.children) == ("Completed", (), ())
    assert not {"hooks", "worked", "errands"} & set(status.dump())


def test_a_hook_that_succeeds_completes_the_job_and_then_it_is_silent() -> None:
    seen = during(scored(command()), entry(), pods=(pod(outcome="succeeded"),))
    plan, status = next_status(seen)
    assert (status.phase, status.condition("Succeeded").reason) == ("Completed", "Completed")
    assert status.completion_time == stamp(NOW)
    (hook,) = status.hooks
    assert (hook.state, hook.exit_code, hook.message) == ("succeeded", 0, "so it went")
    assert (hook.started_at, hook.completed_at) == (stamp(NOW - 1), stamp(NOW))
    assert plan.notes == ()
    again = decide(after(seen, plan))
    assert (again.status, again.create, again.notes) == (None, (), ())


def test_hooks_follow_each_other() -> None:
    plan, status = next_status(during(scored(command("a"), command("b")), entry(), pods=(pod(outcome="succeeded"),)))
    assert names(plan) == [f"{STEM}-hook2"]
    assert [each.state for each in status.hooks] == ["succeeded", "dispatched"]
    assert status.errands == 2


@pytest.mark.parametrize(
    ("outcome", "abort", "phase", "states"),
    [
        ("failed", False, "Running", ["failed", "dispatched"]),
        ("failed", True, "Failed", ["failed", "skipped"]),
        ("lost", True, "Failed", ["lost", "skipped"]),
    ],
)
def test_a_hook_that_fails(outcome: str, abort: bool, phase: str, states: list[str]) -> None:
    compiled = scored(command("a", abort=abort), command("b"))
    plan, status = next_status(during(compiled, entry(), pods=(pod(outcome=outcome, message="exit code 3", code=3),)))
    assert status.phase == phase
    assert [each.state for each in status.hooks] == states
    assert reasons(plan) == ["HookFailed"]
    assert status.hooks[0].message == "exit code 3: so it went"


def test_a_failed_hook_makes_the_job_fail_once_all_are_over() -> None:
    failed = entry(state="failed", message="exit code 3")
    seen = during(scored(command("a"), command("b")), failed, entry(1), pods=(pod(2, outcome="succeeded"),))
    _, status = next_status(seen)
    told = status.condition("Succeeded")
    assert (status.phase, told.status, told.reason) == ("Failed", "False", "HookFailed")
    assert told.message == "Post-success hook failed: on_success.0 (run_command): exit code 3"
    assert status.condition("Stalled").status == "True"
    assert status.completion_time is not None


def test_an_output_is_cut_to_its_end() -> None:
    long = pod(outcome="failed", message="m" * 390, code=1)
    _, status = next_status(during(scored(command()), entry(), pods=(long,)))
    assert status.hooks[0].message == "m" * 390 + ": " + "so it went"[-8:]


@pytest.mark.parametrize(
    "sheets",
    [[sheet(1, "skipped")], [sheet(1, "completed")], [sheet(1, "failed", 1)], [sheet(1, "cancelled", 1)]],
    ids=["skipped", "counted as done", "failed", "cancelled"],
)
def test_a_run_that_did_nothing_or_not_well_has_none(sheets: list[Any]) -> None:
    worked = sheets[0].state in ("failed", "cancelled")
    status = running_status(*sheets, worked=worked)
    plan, told = next_status(observe(job(status=status), scored(command())))
    assert told.completion_time is not None
    assert (plan.create, told.hooks) == ((), [])


def test_that_a_run_works_is_noted_with_the_launch() -> None:
    seen = observe(job(status=running_status(sheet(1))), scored(command()))
    plan, status = next_status(seen)
    assert len(plan.create) == 1
    assert status.worked


# ---- crashes


def test_an_intent_without_a_pod_is_carried_out_again() -> None:
    seen = during(scored(command()), entry())
    plan, status = next_status(seen)
    assert names(plan) == [f"{STEM}-hook1"]
    assert plan.recovered
    assert status.hooks == [entry()]
    first = decide(last_sheet(scored(command()))).create[0]
    assert plan.create[0]["spec"] == first["spec"], "made again, it is the same"
    assert plan.create[0]["metadata"]["annotations"] == first["metadata"]["annotations"]


def test_a_running_hook_is_shown_when_it_takes_long() -> None:
    runs = pod(phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    plan, status = next_status(during(scored(command()), entry(), pods=(runs,)))
    assert status.hooks == [entry()]
    assert plan.look_again_at == NOW + 3
    _, status = next_status(during(scored(command()), entry(), pods=(runs,), now=NOW + 3))
    assert (status.hooks[0].state, status.hooks[0].started_at) == ("running", stamp(NOW))


def test_a_pod_that_cannot_start_makes_the_job_wait() -> None:
    waits = pod(state={"waiting": {"reason": "ErrImagePull", "message": "none"}})
    plan, status = next_status(during(scored(command()), entry(), pods=(waits,), now=NOW + 15))
    assert (status.phase, status.waiting.reason) == ("Waiting", "ImagePull")
    assert reasons(plan) == ["ImagePull"]


def test_a_quota_is_waited_for() -> None:
    refusal = WriteRefusal("QuotaExceeded", "exceeded quota", NOW + 30)
    plan, status = next_status(during(scored(command()), entry(), refusals={f"{STEM}-hook1": refusal}))
    assert (status.phase, status.waiting.reason, status.waiting.until) == ("Waiting", "QuotaExceeded", stamp(NOW + 30))
    assert (plan.create, plan.look_again_at) == ((), NOW + 30)


def test_a_missing_claim_holds_the_next_hook_back() -> None:
    workspace = {"persistentVolumeClaim": {"claimName": "mine"}}
    seen = during(scored(command()), entry(state="pending"), claim=None, workspace=workspace)
    plan, status = next_status(seen)
    assert (status.phase, status.waiting.reason, plan.create) == ("Waiting", "VolumeUnavailable", ())


# ---- verbs


def test_a_pause_lets_end_what_runs_and_starts_nothing() -> None:
    runs = pod(phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    plan, status = next_status(during(scored(command()), entry(), pods=(runs,), paused=True, pausePolicy="Interrupt"))
    assert (status.phase, status.waiting.reason, plan.delete) == ("Running", "Draining", ())
    for hook in (entry(), entry(state="pending")):
        plan, status = next_status(during(scored(command()), hook, paused=True))
        assert (status.phase, plan.create, reasons(plan)) == ("Paused", (), ["Paused"])
        assert status.completion_time is None
    _, status = next_status(last_sheet(scored(command()), paused=True))
    assert status.phase == "Paused"


def test_a_cancel_stops_the_hook_and_ends_the_job() -> None:
    runs = pod(phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    seen = during(scored(command("a"), command("b")), entry(), pods=(runs,), cancel=True, cancelPolicy="Now")
    plan, status = next_status(seen)
    assert [(each.name, each.grace_seconds) for each in plan.delete] == [(f"{STEM}-hook1", 1)]
    assert (status.phase, status.ending.reason) == ("Running", "Cancelled")
    stopped = pod(outcome="failed", message="stopped", code=143, deleting_at=NOW)
    changes = {"ending": Ending(reason="Cancelled", since=stamp(NOW))}
    seen = during(scored(command("a"), command("b")), entry(), pods=(stopped,), cancel=True, changes=changes)
    plan, status = next_status(seen)
    assert (status.phase, status.condition("Succeeded").reason) == ("Cancelled", "Cancelled")
    assert [each.state for each in status.hooks] == ["cancelled"]
    assert "hooks were cut short" in status.condition("Succeeded").message
    assert decide(after(seen, plan)).status is None


def test_a_deadline_ends_hooks_too() -> None:
    seen = during(scored(command()), entry(), activeDeadlineSeconds=30)
    _, status = next_status(seen)
    assert (status.phase, status.condition("Succeeded").reason) == ("Failed", "DeadlineExceeded")
    assert status.hooks[0].state == "cancelled"


def test_a_cancel_with_the_last_sheet_starts_no_hook() -> None:
    plan, status = next_status(last_sheet(scored(command()), cancel=True))
    assert (status.phase, plan.create) == ("Cancelled", ())


def test_a_restart_waits_for_the_running_hook() -> None:
    runs = pod(phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    seen = during(scored(command("a"), command("b")), entry(), pods=(runs,), restart={"token": "t"})
    _, status = next_status(seen)
    assert status.run == 1
    seen = during(scored(command("a"), command("b")), entry(), pods=(pod(outcome="succeeded"),), restart={"token": "t"})
    _, status = next_status(seen)
    assert status.run == 2


def finished(*hooks: HookStatus, sheets: tuple[Any, ...] = (), **spec: Any) -> Observation:
    status = running_status(*(sheets or (sheet(1, "completed", 1),)))
    changes = {"completion_time": stamp(NOW), "hooks": list(hooks), "errands": 2, "worked": True, "phase": "Failed"}
    return observe(job(status=status.model_copy(update=changes), **spec), scored(command("a"), command("b")))


def test_a_restart_waits_for_a_hook_whose_pod_is_gone_by_making_it_again() -> None:
    """Nobody else would: what waits for its end must not keep it from ending."""
    seen = during(scored(command()), entry(), restart={"token": "again"})
    plan, status = next_status(seen)
    assert (names(plan), plan.recovered, status.run) == ([f"{STEM}-hook1"], True, 1)
    _, begun = next_status(after(seen, plan, pods={each.name: each for each in [pod(outcome="succeeded")]}))
    assert (begun.run, begun.phase) == (2, "Completed")


def test_a_restart_owes_the_hooks_that_did_not_succeed() -> None:
    done, failed = entry(state="succeeded"), entry(1, "failed", message="exit code 1")
    plan, status = next_status(finished(done, failed, restart={"token": "t"}))
    assert names(plan) == [f"{STEM}-hook3"], "a number never comes again"
    assert [each.state for each in status.hooks] == ["succeeded", "dispatched"]
    assert (status.run, status.completion_time) == (2, None)


def test_a_restart_of_what_is_all_done_does_nothing_again() -> None:
    plan, status = next_status(finished(entry(state="succeeded"), entry(1, "succeeded"), restart={"token": "t"}))
    assert (plan.create, status.hooks, status.phase, status.run) == ((), [], "Completed", 2)


def test_a_restart_that_works_again_has_all_its_hooks_again() -> None:
    seen = finished(sheets=(sheet(1, "failed", 1),), restart={"token": "t"})
    _, status = next_status(seen)
    assert (status.worked, status.hooks, status.sheets[0].state) == (True, [], "dispatched")


# ---- chains


def chained(state: str = "dispatched", **changes: Any) -> HookStatus:
    named = {"job": CHILD, "number": 1} if state in ("dispatched", "running") else {}
    seen = {"job_uid": "child-uid", "started_at": stamp(NOW)} if state == "running" else {}
    return entry(0, state, "run_job", **{**named, **seen, **changes})


def test_a_child_is_a_job_of_its_own_on_the_same_claim() -> None:
    template = {"serviceAccountName": "tenant", "env": [{"name": "X", "value": "1"}]}
    files = [{"path": "a.j2", "configMapKeyRef": {"name": "m", "key": "k"}}]
    plan, status = next_status(last_sheet(scored(chain()), sheetTemplate=template, files=files, paused=False))
    (body,) = plan.children
    assert body["metadata"] == {
        "name": CHILD,
        "namespace": NAMESPACE,
        "labels": {
            "marianne.dev/chain-root": UID,
            "marianne.dev/chain-parent": NAME,
            "marianne.dev/chain-parent-uid": UID,
        },
        "annotations": {"marianne.dev/chain-depth": "1"},
    }, "no owner: it outlives this job"
    assert body["spec"] == {
        "scoreFrom": {"configMapKeyRef": {"name": "scores", "key": "next"}},
        "sheetTemplate": template,
        "files": files,
        "workspace": {"persistentVolumeClaim": {"claimName": "tune-workspace", "subPath": "workspace"}},
    }
    assert status.hooks == [chained()]
    assert (status.phase, plan.recovered) == ("Running", False)


@pytest.mark.parametrize(
    ("workspace", "folder", "inherit", "expected"),
    [
        ({"persistentVolumeClaim": {"claimName": "c"}}, None, True, {"persistentVolumeClaim": {"claimName": "c"}}),
        (
            {"persistentVolumeClaim": {"claimName": "c", "subPath": "s"}},
            "out",
            False,
            {"persistentVolumeClaim": {"claimName": "c", "subPath": "s/out"}},
        ),
        ({"persistentVolumeClaim": {"claimName": "c", "subPath": "s"}}, None, False, {}),
        (
            {"volumeClaimTemplate": {"storage": "2Gi"}},
            None,
            False,
            {"volumeClaimTemplate": {"storage": "2Gi"}},
        ),
        (
            {"volumeClaimTemplate": {"storage": "2Gi"}},
            "a/b",
            True,
            {"persistentVolumeClaim": {"claimName": "tune-workspace", "subPath": "workspace/a/b"}},
        ),
    ],
)
def test_where_a_child_works(workspace: Any, folder: str | None, inherit: bool, expected: Any) -> None:
    hook = chain()
    if folder is not None:
        hook["job"]["workspace"] = folder
    plan, _ = next_status(last_sheet(scored(hook, inherit=inherit), workspace=workspace))
    assert plan.children[0]["spec"]["workspace"] == expected


def test_a_score_among_the_jobs_files() -> None:
    hook = {"type": "run_job", "abort": False, "job": {"path": "next.yaml", "detached": False, "pause": False}}
    files = [{"path": "next.yaml", "configMapKeyRef": {"name": "m", "key": "k"}}]
    plan, _ = next_status(last_sheet(scored(hook), files=files))
    assert plan.children[0]["spec"]["scoreFrom"] == {"configMapKeyRef": {"name": "m", "key": "k"}}


@pytest.mark.parametrize("files", [[], [{"path": "next.yaml", "secretKeyRef": {"name": "m", "key": "k"}}]])
def test_a_score_that_is_nowhere_is_refused_before_anything_runs(files: list[Any]) -> None:
    hook = {"type": "run_job", "abort": False, "job": {"path": "next.yaml", "detached": False, "pause": False}}
    plan, status = next_status(observe(job(files=files), scored(hook)))
    assert (status.phase, status.condition("Accepted").reason, plan.create) == ("Refused", "ScoreInvalid", ())
    told = status.condition("Accepted").message
    assert "on_success.0.job_path" in told
    assert "spec.files" in told
    assert "spec.hookServiceAccountName" in told


def test_a_child_that_is_not_known_yet_is_made_again() -> None:
    plan, status = next_status(during(scored(chain()), chained()))
    assert [each["metadata"]["name"] for each in plan.children] == [CHILD]
    assert (plan.recovered, status.hooks) == (True, [chained()])


@pytest.mark.parametrize(
    ("phase", "state", "message"),
    [
        ("Completed", "succeeded", f"job {CHILD} is completed"),
        ("Failed", "failed", f"job {CHILD} is failed: why"),
        ("Cancelled", "failed", f"job {CHILD} is cancelled: why"),
        ("Refused", "failed", f"job {CHILD} is refused: why"),
    ],
)
@pytest.mark.parametrize("known", ["dispatched", "running"])
def test_the_end_of_a_child(phase: str, state: str, message: str, known: str) -> None:
    _, status = next_status(during(scored(chain()), chained(known), children={CHILD: child(phase)}))
    assert (status.hooks[0].state, status.hooks[0].message) == (state, message)
    assert status.phase == ("Completed" if state == "succeeded" else "Failed")


@pytest.mark.parametrize("phase", [None, "Pending", "Running", "Waiting", "Paused", "PausedAtChain"])
def test_a_child_is_waited_for(phase: str | None) -> None:
    plan, status = next_status(during(scored(chain()), chained(), children={CHILD: child(phase)}))
    assert status.hooks == [chained("running")]
    assert (status.phase, status.waiting.reason, plan.children) == ("Running", "ChildJob", ())


def test_that_a_child_failed_is_told() -> None:
    waiting = entry(kind="run_job", state="running", job=CHILD, job_uid="child-uid", number=1)
    plan, status = next_status(during(scored(chain()), waiting, children={CHILD: child("Failed")}))
    assert (status.phase, reasons(plan)) == ("Failed", ["HookFailed"])


def test_a_child_that_nobody_waits_for() -> None:
    compiled = scored(chain(detached=True))
    _, status = next_status(during(compiled, chained(), children={CHILD: child("Running")}))
    assert (status.phase, status.hooks[0].state) == ("Completed", "succeeded")


@pytest.mark.parametrize("children", [{}, {CHILD: child("Running", uid="another")}])
def test_a_child_that_was_deleted_is_not_made_again(children: dict[str, JobView]) -> None:
    plan, status = next_status(during(scored(chain()), chained("running"), children=children))
    assert (plan.children, status.phase) == ((), "Failed")
    assert status.hooks[0].message == f"job {CHILD} was deleted before it ended"


def test_a_foreign_job_of_that_name_is_left_alone() -> None:
    stranger = child("Completed", parent_uid="someone")
    _, status = next_status(during(scored(chain()), chained(), children={CHILD: stranger}))
    assert (status.hooks[0].state, "is not of this chain" in status.hooks[0].message) == ("failed", True)


def test_what_the_api_server_says_of_a_child() -> None:
    refused = {f"job/{CHILD}": WriteRefusal("FieldUnsupported", "denied by policy", NOW + 60)}
    _, status = next_status(during(scored(chain()), chained(), refusals=refused))
    assert (status.phase, status.hooks[0].message) == ("Failed", f"job {CHILD} was not made: denied by policy")
    full = {f"job/{CHILD}": WriteRefusal("QuotaExceeded", "exceeded quota", NOW + 60)}
    plan, status = next_status(during(scored(chain()), chained(), refusals=full))
    assert (status.phase, status.waiting.reason, plan.children) == ("Waiting", "QuotaExceeded", ())


def test_a_child_that_takes_too_long_goes_on_alone() -> None:
    seen = during(scored(chain(timeout_seconds=60)), chained("running"), children={CHILD: child()})
    plan, status = next_status(seen)
    assert (status.waiting.until, plan.look_again_at) == (stamp(NOW + 60), NOW + 60)
    seen = during(scored(chain(timeout_seconds=60)), chained("running"), children={CHILD: child()}, now=NOW + 60)
    _, status = next_status(seen)
    assert (status.phase, status.hooks[0].message) == ("Failed", f"job {CHILD} had not ended after 60 s; it goes on")


def test_the_cooldown() -> None:
    seen = last_sheet(scored(chain(), cooldown=5))
    plan, status = next_status(seen)
    assert (plan.children, plan.look_again_at) == ((), NOW + 5)
    assert (status.phase, status.waiting.reason, status.waiting.until) == ("Waiting", "ChainCooldown", stamp(NOW + 5))
    early = after(seen, plan, seconds=4, pods={})
    assert decide(early).status is None
    plan, status = next_status(after(seen, plan, seconds=5, pods={}))
    assert len(plan.children) == 1
    assert status.hooks == [chained()]


@pytest.mark.parametrize(("depth", "started"), [(1, True), (2, False), (1000, False)])
def test_a_chain_ends_at_its_depth(depth: int, started: bool) -> None:
    mine = replace(child().chain, depth=depth)  # type: ignore[type-var]
    plan, status = next_status(last_sheet(scored(chain(), depth=2), view={"chain": mine}))
    if started:
        assert plan.children[0]["metadata"]["annotations"] == {"marianne.dev/chain-depth": "2"}
        assert plan.children[0]["metadata"]["labels"]["marianne.dev/chain-root"] == UID
    else:
        assert (status.phase, status.hooks[0].state, reasons(plan)) == ("Completed", "skipped", ["ChainDepthReached"])


def test_a_depth_that_is_none_is_the_deepest() -> None:
    meta = {"labels": {"marianne.dev/chain-parent": "p", "marianne.dev/chain-parent-uid": "u"}}
    for told in ("", "x", "-1", "99999999999999999999"):
        view = JobView.of(
            {
                "metadata": {
                    **meta,
                    "annotations": {"marianne.dev/chain-depth": told},
                    "namespace": "n",
                    "name": "m",
                    "uid": "i",
                    "generation": 1,
                    "resourceVersion": "1",
                    "creationTimestamp": stamp(NOW),
                }
            }
        )
        assert view.chain is not None
        assert view.chain.depth == 1000


def test_a_pause_before_the_chain_waits_for_a_new_token() -> None:
    compiled = scored(chain(pause=True))
    plan, status = next_status(last_sheet(compiled, resume={"token": "old"}))
    assert (status.phase, status.condition("Succeeded").reason, plan.children) == ("PausedAtChain", "Paused", ())
    assert (status.hooks[0].state, status.resume_token) == ("paused", "old")
    assert reasons(plan) == ["PausedAtChain"]
    again = during(compiled, chained("paused"), changes={"resume_token": "old"}, resume={"token": "old"})
    plan, status = next_status(again)
    assert (status.phase, plan.children, plan.notes) == ("PausedAtChain", (), ())
    resumed = during(compiled, chained("paused"), changes={"resume_token": "old"}, resume={"token": "new"})
    plan, status = next_status(resumed)
    assert (status.phase, len(plan.children), reasons(plan)) == ("Running", 1, ["ChainResumed"])
    assert status.resume_token == "new"


def test_a_paused_chain_can_be_cancelled() -> None:
    _, status = next_status(during(scored(chain(pause=True)), chained("paused"), cancel=True))
    assert (status.phase, status.hooks[0].state) == ("Cancelled", "cancelled")


def test_a_cancel_leaves_the_child_alone_and_says_so() -> None:
    seen = during(scored(chain()), chained("running"), children={CHILD: child()}, cancel=True)
    plan, status = next_status(seen)
    assert (status.phase, plan.delete) == ("Cancelled", ())
    assert status.hooks[0].message == f"the run was ended: Cancelled; job {CHILD} goes on"


def test_a_refused_job_still_hears_its_hook() -> None:
    refusal = {"other": WriteRefusal("NameConflict", "x", NOW + 60)}
    _, status = next_status(during(scored(command()), entry(), pods=(pod(outcome="succeeded"),), refusals=refusal))
    assert status.phase == "Completed"


def test_a_lost_score_keeps_everything_as_it_is() -> None:
    seen = during(scored(command()), entry())
    seen = replace(seen, score=ScoreRefusal("ScoreNotFound", "gone", stalled=False))
    _, status = next_status(seen)
    assert (status.phase, status.hooks) == ("Waiting", [entry()])


def test_a_run_that_only_validates_runs_no_hook() -> None:
    seen = finished(entry(state="failed", message="m"), restart={"token": "t", "mode": "ValidateOnly"})
    plan, status = next_status(seen)
    assert (plan.create, status.run, status.hooks[0].state) == ((), 2, "failed")


def test_a_run_that_only_validates_begins_once_the_hooks_are_through() -> None:
    """It would leave the chain where it is, and call the job completed."""
    waiting = entry(kind="run_job", state="paused")
    asked = {"restart": {"token": "a", "mode": "ValidateOnly"}}
    plan, status = next_status(during(scored(chain(pause=True)), waiting, generation=2, **asked))
    assert (status.run, status.phase, reasons(plan)) == (1, "PausedAtChain", ["RestartIgnored"])
    seen = during(scored(command()), entry(), pods=(pod(outcome="succeeded"),), **asked)
    assert next_status(seen)[1].run == 2
