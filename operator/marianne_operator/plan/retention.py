"""What is cleared away: Pods that were accounted for, and the job itself once its time to live is over."""

from collections.abc import Collection, Mapping
from typing import Final

from marianne_operator.model.pod import PodView
from marianne_operator.model.status import JobStatus, SheetStatus
from marianne_operator.plan.clock import seconds
from marianne_operator.plan.observation import Observation
from marianne_operator.plan.plan import PodDeletion

LAST_WORDS_SECONDS: Final = 600.0
"""For whoever is to be told of the job's end, beside the time to start: that comes before the job is deleted."""
HEARD_SECONDS: Final = 60.0
"""For a job that may wait for the end of this one: once it is deleted, nobody can tell how it ended."""


def pods_to_clear(seen: Observation) -> list[PodDeletion]:
    """By `spec.podRetention`; only Pods whose end already stands in the status as it was read."""
    policy = seen.job.spec.pod_retention
    if policy == "All":
        return []
    accounted = {sheet.num: sheet for sheet in seen.job.status.sheets if not sheet.active}
    open_errands = seen.job.status.active_errands
    return [
        PodDeletion(pod.name, pod.uid)
        for pod in seen.pods.values()
        if pod.owner_uid == seen.job.uid
        and pod.over
        and pod.deleting_at is None
        and _is_accounted(pod, accounted, open_errands)
        and (policy == "None" or pod.phase == "Succeeded")
    ]


def _is_accounted(pod: PodView, accounted: Mapping[int, SheetStatus], open_errands: Collection[str]) -> bool:
    if pod.errand:
        return pod.name not in open_errands
    sheet = accounted.get(pod.sheet)
    return sheet is not None and pod.attempt <= sheet.attempt


def time_to_live_ends(seen: Observation, status: JobStatus) -> float | None:
    """When the finished job is to be deleted, in seconds since the epoch."""
    ttl = seen.job.spec.ttl_seconds_after_finished
    if ttl is None or status.completion_time is None:
        return None
    words = seen.settings.start_deadline_seconds + LAST_WORDS_SECONDS if status.active_errands else 0.0
    heard = HEARD_SECONDS if seen.job.chain is not None else 0.0
    return seconds(status.completion_time) + max(ttl, words, heard)
