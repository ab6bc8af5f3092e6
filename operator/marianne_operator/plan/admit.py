"""Before the first sheet: refuse, wait for what is missing, or begin the run."""

from marianne_operator.model.job import JobView
from marianne_operator.model.names import claim_name, score_config_map_name
from marianne_operator.model.status import JobStatus, SheetStatus
from marianne_operator.plan.chain import CHILD, nowhere
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.control import deadline_of
from marianne_operator.plan.fresh import begins_afresh
from marianne_operator.plan.live import Successor
from marianne_operator.plan.observation import Observation, ScoreReady, ScoreRefusal, Settings
from marianne_operator.plan.plan import Ensure
from marianne_operator.plan.pod_manifest import owner_reference
from marianne_operator.plan.rerun import pinned, successor_of
from marianne_operator.plan.restart import restart_wanted


def refusal(seen: Observation) -> ScoreRefusal | None:
    """Why nothing of this job can start, if nothing can; the job's own claim is made, a user's must be there."""
    if isinstance(seen.score, ScoreRefusal):
        return seen.score
    if not starts_something(seen):
        return None
    if (ceiling := _above_ceiling(seen.job, seen.settings)) is not None:
        return ScoreRefusal("FieldUnsupported", ceiling, stalled=True)
    successor = successor_of(seen.score)
    to_run = seen.score.compiled if successor is None else successor.compiled
    total, begins = to_run["total_sheets"], seen.job.status.run is None or successor is not None
    if begins and seen.job.spec.start_sheet > total:
        message = f"spec.startSheet: {seen.job.spec.start_sheet}, but the score has {total} sheets"
        return ScoreRefusal("ScoreInvalid", message, stalled=True)
    return nowhere(seen.job.spec, to_run) or _blocked(seen) or _claim_missing(seen) or _over_quota(seen, seen.score)


def starts_something(seen: Observation) -> bool:
    """Something may start, now or later; else what a start would need is nobody's concern any more."""
    spec, status = seen.job.spec, seen.job.status
    deadline = deadline_of(spec, status)
    over = status.finished or status.ending is not None or (deadline is not None and seen.now >= deadline)
    again = restart_wanted(spec, status) or successor_of(seen.score) is not None
    return not spec.cancel and (not over or again)


def has_begun_or_may(seen: Observation) -> bool:
    """Not so if it was cancelled before it began."""
    return seen.job.status.run is not None or not seen.job.status.finished or starts_something(seen)


def in_flight(seen: Observation) -> bool:
    """A Pod of ours is not accounted for yet: that comes before any refusal, and so does its end."""
    names = {sheet.pod_name for sheet in seen.job.status.sheets if sheet.active}
    names |= seen.job.status.active_errands
    known = [*seen.pods.values(), *(ghost for ghost in seen.ghosts.values() if ghost.over)]
    return any(pod.name in names and pod.owner_uid == seen.job.uid for pod in known)


def _blocked(seen: Observation) -> ScoreRefusal | None:
    """The API server refuses this job's Pods for good; a paused job makes none."""
    beside = {each.pod_name for each in seen.job.status.notifications}  # a notice fails nothing but itself
    pods = {name: each for name, each in seen.refusals.items() if not name.startswith(CHILD) and name not in beside}
    blocked = [each for each in pods.values() if each.reason != "QuotaExceeded"]
    if seen.job.spec.paused or not blocked:
        return None
    return ScoreRefusal(blocked[0].reason, blocked[0].message, stalled=True)


def _claim_missing(seen: Observation) -> ScoreRefusal | None:
    given = seen.job.spec.workspace.persistent_volume_claim
    if given is not None and seen.claim is None:
        fix = "create it, or name another in spec.workspace.persistentVolumeClaim.claimName"
        return ScoreRefusal("VolumeUnavailable", f"claim {given.claim_name!r} does not exist: {fix}", stalled=False)
    return None


def _over_quota(seen: Observation, score: ScoreReady) -> ScoreRefusal | None:
    """What must stand before any Pod was refused for now. A Pod's own refusal is its sheet's to tell."""
    held = {
        name: each for name, each in seen.refusals.items() if each.reason == "QuotaExceeded" and seen.now < each.until
    }
    wanted = [each.body["metadata"]["name"] for each in missing(seen, score)] if held else []
    over = next((held[name] for name in wanted if name in held), None)
    return None if over is None else ScoreRefusal("QuotaExceeded", over.message, stalled=False)


def missing(seen: Observation, score: ScoreReady) -> tuple[Ensure, ...]:
    """The objects that must stand before any Pod: the compiled score, and the claim if it is ours to make."""
    made: list[Ensure] = []
    if not starts_something(seen):
        return ()
    if not score.stored:
        made.append(_score_config_map(seen.job, score))
    if (successor := successor_of(score)) is not None and not successor.stored:
        made.append(_score_config_map(seen.job, successor))
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
            "nonce": seen.nonce,
            "start_time": stamp(seen.now),
            "completion_time": None,
            "fresh": begins_afresh(compiled, job.spec, None),
            "restart_token": job.spec.restart.token if job.spec.restart else None,
            "sheets": sheets,
            "waiting": None,
            "score": pinned(job, compiled, score.source),
        }
    )


def _above_ceiling(job: JobView, settings: Settings) -> str | None:
    """A field beyond what the chart's values allow."""
    template = job.spec.sheet_template
    for field, value, allowed in (
        ("hookServiceAccountName", job.spec.hook_service_account_name, settings.allowed_service_accounts),
        ("sheetTemplate.serviceAccountName", template.service_account_name, settings.allowed_service_accounts),
        ("sheetTemplate.priorityClassName", template.priority_class_name, settings.allowed_priority_classes),
        ("sheetTemplate.runtimeClassName", template.runtime_class_name, settings.allowed_runtime_classes),
    ):
        if value is not None and allowed is not None and value not in allowed:
            known = ", ".join(allowed) or "none"
            return f"spec.{field}: {value!r} is not allowed here; allowed: {known}"
    return None


def _score_config_map(job: JobView, score: ScoreReady | Successor) -> Ensure:
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
