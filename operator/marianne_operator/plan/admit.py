"""Before the first sheet: refuse, wait for what is missing, or begin the run."""

from marianne_operator.model.job import JobView
from marianne_operator.model.names import claim_name, score_config_map_name
from marianne_operator.model.status import JobStatus, Phase, ScoreStatus, SheetStatus, Waiting
from marianne_operator.plan import conditions
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.observation import Observation, ScoreReady, ScoreRefusal, Settings
from marianne_operator.plan.plan import Ensure, Note, Plan
from marianne_operator.plan.pod_manifest import owner_reference

LOOK_AGAIN_SECONDS = 10.0
"""For what no watch tells of: ConfigMaps and claims."""


def refusal(seen: Observation) -> ScoreRefusal | None:
    """Why this job cannot go on, if it cannot; the job's own claim is made, a user's must be there."""
    if isinstance(seen.score, ScoreRefusal):
        return seen.score
    if (ceiling := _above_ceiling(seen.job, seen.settings)) is not None:
        return ScoreRefusal("FieldUnsupported", ceiling, stalled=True)
    total = seen.score.compiled["total_sheets"]
    if seen.job.status.run is None and seen.job.spec.start_sheet > total:
        message = f"spec.startSheet: {seen.job.spec.start_sheet}, but the score has {total} sheets"
        return ScoreRefusal("ScoreInvalid", message, stalled=True)
    return _blocked(seen) or _claim_missing(seen)


def _blocked(seen: Observation) -> ScoreRefusal | None:
    """The API server refuses this job's Pods for good; not while others of them live, nor against a cancel or pause."""
    spec, uid = seen.job.spec, seen.job.uid
    if spec.cancel or spec.paused or any(pod.owner_uid == uid and not pod.over for pod in seen.pods.values()):
        return None
    blocked = [each for each in seen.refusals.values() if each.reason != "QuotaExceeded"]
    return ScoreRefusal(blocked[0].reason, blocked[0].message, stalled=True) if blocked else None


def _claim_missing(seen: Observation) -> ScoreRefusal | None:
    given = seen.job.spec.workspace.persistent_volume_claim
    if given is not None and seen.claim is None:
        fix = "create it, or name another in spec.workspace.persistentVolumeClaim.claimName"
        return ScoreRefusal("VolumeUnavailable", f"claim {given.claim_name!r} does not exist: {fix}", stalled=False)
    return None


def refuse(seen: Observation, why: ScoreRefusal) -> Plan:
    """Say it where the user looks: conditions, a column, one event; and write nothing the second time."""
    old, job = seen.job.status, seen.job
    phase: Phase = "Refused" if why.stalled else "Waiting"
    told = conditions.refused(why.reason, why.message) if why.stalled else conditions.not_yet(why.reason, why.message)
    waiting = None
    if not why.stalled:
        same = old.waiting is not None and old.waiting.reason == why.reason
        since = old.waiting.since if same and old.waiting is not None else stamp(seen.now)
        waiting = Waiting(reason=why.reason, message=why.message[:1024], since=since)
    status = old.model_copy(
        update={
            "observed_generation": job.generation,
            "phase": phase,
            "waiting": waiting,
            "conditions": conditions.merge(old.conditions, told, job.generation, seen.now),
        }
    )
    again = None if why.stalled else seen.now + LOOK_AGAIN_SECONDS
    if status == old:
        return Plan(look_again_at=again)
    return Plan(status=status, notes=(Note("Warning", why.reason, why.message),), look_again_at=again)


def missing(seen: Observation, score: ScoreReady) -> tuple[Ensure, ...]:
    """The objects that must stand before any Pod: the compiled score, and the claim if it is ours to make."""
    made = []
    if not score.stored:
        made.append(_score_config_map(seen.job, score))
    if seen.claim is None:
        made.append(_claim(seen.job, seen.settings))
    return tuple(made)


def begin(seen: Observation, score: ScoreReady) -> JobStatus:
    """The status with which the first run starts. A restart token present from the beginning is no restart."""
    job, compiled = seen.job, score.compiled
    start = job.spec.start_sheet
    sheets = [
        SheetStatus(num=sheet["num"], state="completed" if sheet["num"] < start else "pending")
        for sheet in compiled["sheets"]
    ]
    return job.status.model_copy(
        update={
            "run": 1,
            "start_time": stamp(seen.now),
            "restart_token": job.spec.restart.token if job.spec.restart else None,
            "sheets": sheets,
            "waiting": None,
            "score": ScoreStatus(
                name=compiled["name"][:253],
                digest=compiled["digest"],
                total_sheets=compiled["total_sheets"],
                config_map=score_config_map_name(job.name, job.uid, compiled["digest"]),
                source=score.source,
            ),
        }
    )


def _above_ceiling(job: JobView, settings: Settings) -> str | None:
    """A `sheetTemplate` field beyond what the chart's values allow."""
    template = job.spec.sheet_template
    for field, value, allowed in (
        ("serviceAccountName", template.service_account_name, settings.allowed_service_accounts),
        ("priorityClassName", template.priority_class_name, settings.allowed_priority_classes),
        ("runtimeClassName", template.runtime_class_name, settings.allowed_runtime_classes),
    ):
        if value is not None and allowed is not None and value not in allowed:
            known = ", ".join(allowed) or "none"
            return f"spec.sheetTemplate.{field}: {value!r} is not allowed here; allowed: {known}"
    return None


def _score_config_map(job: JobView, score: ScoreReady) -> Ensure:
    return Ensure(
        "ConfigMap",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": score_config_map_name(job.name, job.uid, score.compiled["digest"]),
                "namespace": job.namespace,
                "ownerReferences": [owner_reference(job)],
            },
            "immutable": True,
            "data": {"score.json": score.text},
        },
    )


def _claim(job: JobView, settings: Settings) -> Ensure:
    workspace = job.spec.workspace
    template = workspace.volume_claim_template or settings.workspace
    metadata = {"name": claim_name(job.name), "namespace": job.namespace}
    owners = {"ownerReferences": [owner_reference(job)]} if workspace.retention_policy == "Delete" else {}
    storage_class = {"storageClassName": template.storage_class_name} if template.storage_class_name else {}
    return Ensure(
        "PersistentVolumeClaim",
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata | owners,
            "spec": storage_class
            | {
                "accessModes": template.access_modes,
                "resources": {"requests": {"storage": template.storage}},
            },
        },
    )
