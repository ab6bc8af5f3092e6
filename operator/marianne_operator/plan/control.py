"""The verbs, in their precedence: delete > cancel > deadline > restart > pause > run.

Cancel and the deadline are latched as `status.ending`, so that un-setting the verb undoes nothing; only a restart
begins again (`plan.restart`).
"""

from marianne_operator.model.pod import PodView
from marianne_operator.model.spec import JobSpec
from marianne_operator.model.status import Ending, JobStatus, SheetStatus
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.plan import PodDeletion
from marianne_operator.plan.uncharged import refuses

CANCEL_NOW_GRACE_SECONDS = 1
CLOCKS_DIFFER_SECONDS = 2
"""How far the API server's clock may be ahead before a deletion is repeated for nothing."""


def deadline_of(spec: JobSpec, status: JobStatus) -> float | None:
    """When this run has taken too long, in seconds since the epoch; None: never, or it has not begun."""
    if spec.active_deadline_seconds is None or status.start_time is None:
        return None
    return seconds(status.start_time) + spec.active_deadline_seconds


def latch(draft: Draft) -> None:
    """Take note of cancel and of the deadline; before accounting, because they decide who pays for an interruption."""
    if draft.status.finished or draft.status.ending is not None:
        return
    job = draft.seen.job
    if job.spec.cancel:
        draft.set(ending=Ending(reason="Cancelled", since=stamp(draft.now)))
        draft.tell("Cancelling", "spec.cancel is set: no sheet starts, running sheets are stopped")
    elif (deadline := deadline_of(job.spec, draft.status)) is not None:
        if draft.now < deadline:
            draft.wake_at(deadline)
            return
        draft.set(ending=Ending(reason="DeadlineExceeded", since=stamp(draft.now)))
        limit = job.spec.active_deadline_seconds
        draft.warn("DeadlineExceeded", f"the run took longer than spec.activeDeadlineSeconds: {limit}")


def stop(draft: Draft) -> None:
    """Stop what an ending run, or a pause that interrupts, does not let go on.

    A pause also says that somebody looks after what waits for a person: after it, it is tried again.
    """
    spec = draft.seen.job.spec
    if spec.paused:
        for sheet in filter(refuses, draft.sheets):
            draft.put(sheet.to(state="pending", waiting=None, rate_limit_waits=0, quota_waits=0))
    if draft.status.ending is not None:
        for sheet in [each for each in draft.sheets if not each.terminal and not lives(draft, each)]:
            draft.put(_cancelled(draft, sheet))
        now = draft.status.ending.reason == "Cancelled" and spec.cancel_policy == "Now"
        _delete_live(draft, CANCEL_NOW_GRACE_SECONDS if now else None)
    elif spec.paused and spec.pause_policy == "Interrupt":
        _delete_live(draft, None)


def lives(draft: Draft, sheet: SheetStatus) -> bool:
    """It has a Pod that has not ended."""
    return sheet.active and sheet.num not in draft.gone


def _delete_live(draft: Draft, grace: int | None) -> None:
    for sheet in draft.sheets:
        pod = draft.seen.pods.get(sheet.pod_name or "") if lives(draft, sheet) else None
        if pod is not None and not _ends_by(pod, draft.now, grace):
            draft.deletions.append(PodDeletion(pod.name, pod.uid, grace))


def _ends_by(pod: PodView, now: float, grace: int | None) -> bool:
    """It was deleted before, and with no more grace than is given now: a cancel may lose its patience."""
    return pod.deleting_at is not None and (grace is None or pod.deleting_at <= now + grace + CLOCKS_DIFFER_SECONDS)


def _cancelled(draft: Draft, sheet: SheetStatus) -> SheetStatus:
    reason = draft.status.ending.reason if draft.status.ending else "Cancelled"
    message = sheet.error_message or f"the run was ended: {reason}"
    return sheet.to(
        state="cancelled",
        pod_uid=None if sheet.active else sheet.pod_uid,  # gone unseen, so not known to have ended
        previous_pod_uid=None,
        first_started_at=None,
        error_message=message,
        completed_at=stamp(draft.now),
        waiting=None,
        next_retry_at=None,
    )
