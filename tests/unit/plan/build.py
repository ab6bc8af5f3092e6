"""The nouns of a decision, made short: jobs, scores, Pods and verdicts as the API tells them, and one look at them.

Everything goes through the same parsers as in production, and `after` writes a plan's status through JSON as the API
server would keep it, so that a field that cannot be read back is found by every test that decides twice.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.job import JobView
from marianne_operator.model.names import pod_name, score_config_map_name
from marianne_operator.model.pod import PodView
from marianne_operator.model.status import JobStatus, SheetStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.live import Edit
from marianne_operator.plan.observation import ClaimView, Observation, ScoreReady, ScoreRefusal, Settings
from marianne_operator.plan.plan import Plan
from marianne_runner.contract import (
    ATTEMPT_LABEL,
    JOB_LABEL,
    JOB_UID_LABEL,
    PROTOCOL,
    SHEET_LABEL,
    CompiledScore,
    Verdict,
    encode_message,
)
from tests.unit.plan.scores import DIGEST, score

__all__ = [
    "DIGEST",
    "after",
    "decided",
    "ended",
    "job",
    "observe",
    "pod",
    "running",
    "running_status",
    "score",
    "sheet",
    "verdict",
]

NOW = 1_800_000_000.0
NAMESPACE, NAME, UID = "default", "tune", "11111111-2222-3333-4444-555555555555"
SETTINGS = Settings(runner_image="runner:1")
CLAIM = ClaimView("tune-workspace", "claim-uid", ("ReadWriteMany",))
CLI = InstrumentView.of(
    {"metadata": {"name": "cli"}, "spec": {"profile": {"cli": {"command": {"executable": "bash"}}}}}
)


def job(
    *, status: JobStatus | None = None, name: str = NAME, generation: int = 1, deleting: bool = False, **spec: Any
) -> JobView:
    """`spec`: the API's own keys."""
    meta: dict[str, Any] = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": UID,
        "generation": generation,
        "resourceVersion": "7",
        "creationTimestamp": stamp(NOW - 60),
    }
    if deleting:
        meta["deletionTimestamp"] = stamp(NOW)
    told = {"observedGeneration": -1} if status is None else json.loads(json.dumps(status.dump()))
    return JobView.of({"metadata": meta, "spec": {"scoreText": "…"} | spec, "status": told})


def running_status(*sheets: SheetStatus, **changes: Any) -> JobStatus:
    """A status in the middle of run 1."""
    begun = {
        "observedGeneration": 1,
        "run": 1,
        "phase": "Running",
        "startTime": stamp(NOW - 60),
        "score": {
            "name": "tune",
            "digest": DIGEST,
            "totalSheets": len(sheets),
            "configMap": score_config_map_name(NAME, UID, DIGEST),
            "source": "spec.scoreText",
        },
    }
    return JobStatus.model_validate(begun).model_copy(update={"sheets": list(sheets)} | changes)


def sheet(number: int = 1, state: str = "pending", attempt: int = 0, **changes: Any) -> SheetStatus:
    """A sheet's status; with an attempt it has what a launch writes."""
    launched: dict[str, Any] = {}
    if attempt:
        launched = {
            "pod_name": pod_name(NAME, UID, number, attempt),
            "instrument": "cli",
            "attempt_count": attempt,
            "execution_mode": "normal",
        }
    return SheetStatus(num=number, state="pending", attempt=attempt).to(state=state, **(launched | changes))


def pod(
    number: int = 1,
    attempt: int = 1,
    *,
    name: str | None = None,
    uid: str | None = None,
    owner: str = UID,
    node: str = "node-1",
    phase: str = "Pending",
    reason: str = "",
    message: str = "",
    state: Mapping[str, Any] | None = None,
    deleting_at: float | None = None,
    disrupted: bool = False,
    unschedulable: str = "",
    created_at: float = NOW,
    others: Iterable[Mapping[str, Any]] = (),
) -> PodView:
    """A Pod, through the parser. `state` is its container's, as the API tells it; None: no status of it yet."""
    conditions = [{"type": "DisruptionTarget", "status": "True"}] if disrupted else []
    if unschedulable:
        conditions.append({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"})
        conditions[-1]["message"] = unschedulable
    statuses = [*others] if state is None else [{"name": "sheet", "state": dict(state)}, *others]
    name = name or pod_name(NAME, UID, number, attempt)
    meta: dict[str, Any] = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": uid or f"uid-of-{name}",
        "resourceVersion": "3",
        "creationTimestamp": stamp(created_at),
        "labels": {JOB_LABEL: NAME, JOB_UID_LABEL: owner, SHEET_LABEL: str(number), ATTEMPT_LABEL: str(attempt)},
        "ownerReferences": [{"uid": owner, "controller": True}],
    }
    if deleting_at is not None:
        meta["deletionTimestamp"] = stamp(deleting_at)
    return PodView.of(
        {
            "metadata": meta,
            "spec": {"nodeName": node} if node else {},
            "status": {
                "phase": phase,
                "reason": reason,
                "message": message,
                "conditions": conditions,
                "containerStatuses": statuses,
            },
        }
    )


def running(number: int = 1, attempt: int = 1, *, since: float = NOW, **changes: Any) -> PodView:
    """Its container runs."""
    return pod(number, attempt, **({"phase": "Running", "state": {"running": {"startedAt": stamp(since)}}} | changes))


def ended(
    number: int = 1,
    attempt: int = 1,
    told: Verdict | None = None,
    *,
    exit_code: int | None = None,
    container_reason: str | None = None,
    text: str | None = None,
    **changes: Any,
) -> PodView:
    """Terminal. `told` is spoken as this Pod's verdict; `text` instead of it."""
    plain = pod(number, attempt, **changes)
    succeeded = exit_code == 0 or (
        exit_code is None and told is not None and told["outcome"] in ("completed", "skipped")
    )
    if told is not None:
        text = encode_message(Verdict(**(told | {"pod_uid": plain.uid}))).decode()  # type: ignore[typeddict-item]
    code = exit_code if exit_code is not None else 0 if succeeded else 1
    terminated = {
        "exitCode": code,
        "reason": container_reason or ("Completed" if code == 0 else "Error"),
        "message": text or "",
        "startedAt": stamp(NOW - 5),
        "finishedAt": stamp(NOW),
    }
    defaults = {"phase": "Succeeded" if succeeded else "Failed", "state": {"terminated": terminated}}
    return pod(number, attempt, **(defaults | changes))


def verdict(outcome: str = "completed", reason: str = "", number: int = 1, attempt: int = 1, **changes: Any) -> Verdict:
    """One attempt's own account."""
    told: dict[str, Any] = {
        "protocol": PROTOCOL,
        "pod_uid": "",
        "run": 1,
        "sheet": number,
        "attempt": attempt,
        "outcome": outcome,
        "reason": reason,
        "message": reason and f"it ended with {reason}",
        "passed_rules": [],
        "failed_rules": [],
        "started_at": NOW - 5,
        "ended_at": NOW - 1,
        "duration_seconds": 4.0,
    }
    return Verdict(**(told | changes))  # type: ignore[typeddict-item]


def observe(
    seen_job: JobView,
    compiled: CompiledScore | ScoreRefusal | None = None,
    *,
    pods: Iterable[PodView] = (),
    ghosts: Iterable[PodView] = (),
    now: float = NOW,
    stored: bool = True,
    changed: bool = False,
    claim: ClaimView | None = CLAIM,
    instruments: Iterable[InstrumentView] = (CLI,),
    settings: Settings = SETTINGS,
    **more: Any,
) -> Observation:
    """One look."""
    if not isinstance(compiled, ScoreRefusal | ScoreReady):
        compiled = compiled or score(max(1, len(seen_job.status.sheets)))
        text = json.dumps(compiled)
        compiled = ScoreReady(compiled, text, "spec.scoreText", stored=stored, edit=Edit() if changed else None)  # type: ignore[assignment]
    return Observation(
        job=seen_job,
        score=compiled,  # type: ignore[arg-type]
        now=now,
        settings=settings,
        pods={each.name: each for each in pods},
        ghosts={each.name: each for each in ghosts},
        instruments={each.name: each for each in instruments},
        claim=claim,
        **more,
    )


def after(seen: Observation, plan: Plan, *, seconds: float = 0.0, **changes: Any) -> Observation:
    """The next look once the plan's status was written, and nothing else happened."""
    status = plan.status if plan.status is not None else seen.job.status
    kept = JobStatus.model_validate(json.loads(json.dumps(status.dump())))
    assert kept == status, "what was written cannot be read back as it was"
    return replace(seen, job=replace(seen.job, status=kept), now=seen.now + seconds, **changes)


def decided(seen: Observation) -> tuple[Plan, JobStatus]:
    """Decide twice, and check what every decision promises; the plan, and the status as it will be.

    The same look gives the same plan; what is written can be read back; and once it is written, the next look writes
    and tells nothing more, and asks to be woken only in the future.
    """
    plan = decide(seen)
    assert decide(seen) == plan, "deciding twice is not the same"
    status = plan.status if plan.status is not None else seen.job.status
    if not plan.ensure:
        made = {each["metadata"]["name"] for each in plan.create}
        born = {**seen.pods, **{name: _born(seen, status, name) for name in made}}
        following = after(seen, plan, pods=born, ghosts={k: v for k, v in seen.ghosts.items() if k not in made})
        again = decide(following)
        assert again.status is None, f"not silent: {_difference(following.job.status, again.status)}"
        assert not again.create and not again.notes, "not silent: creates or tells again"
        assert again.look_again_at is None or again.look_again_at > seen.now or again.delete_job, "wakes at once"
    return plan, status


def _born(seen: Observation, status: JobStatus, name: str) -> PodView:
    number = next(each for each in status.sheets if each.pod_name == name)
    return pod(number.num, number.attempt, node="", created_at=seen.now)


def _difference(old: JobStatus, new: JobStatus | None) -> str:
    one, two = old.dump(), new.dump() if new else {}
    return str({key: (one.get(key), two.get(key)) for key in {*one, *two} if one.get(key) != two.get(key)})
