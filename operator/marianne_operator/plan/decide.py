"""One look at a job, one plan: the order of the policies, and nothing else."""

from marianne_operator.model.status import JobStatus
from marianne_operator.plan import admit, control
from marianne_operator.plan.account import account
from marianne_operator.plan.conclude import conclude
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.launch import launch
from marianne_operator.plan.observation import Observation, ScoreReady
from marianne_operator.plan.plan import Plan
from marianne_operator.plan.propagate import propagate
from marianne_operator.plan.retention import pods_to_clear, time_to_live_ends

PREDECESSOR_SECONDS = 5.0


def decide(seen: Observation) -> Plan:
    """What to do about this job now. Deciding twice on the same observation gives the same plan."""
    if seen.job.deleting:
        return Plan()  # what the job owns goes with it, by owner references
    if (why := admit.refusal(seen)) is not None:
        return admit.refuse(seen, why)
    assert isinstance(seen.score, ScoreReady)  # noqa: S101  (`refusal` returned the other kind)
    if objects := admit.missing(seen, seen.score):
        return Plan(ensure=objects, look_again_at=seen.now)
    begun = seen.job.status if seen.job.status.run is not None else admit.begin(seen, seen.score)
    draft = Draft(seen, seen.score.compiled, begun, list(begun.sheets))
    _proceed(draft)
    return _planned(draft, conclude(draft))


def _proceed(draft: Draft) -> None:
    """Latch the verbs, take in what happened, then let it act, then start what may start."""
    control.latch(draft)
    account(draft)
    control.restart(draft)
    propagate(draft)
    control.stop(draft)
    _wait_for_predecessor(draft)
    launch(draft)


def _wait_for_predecessor(draft: Draft) -> None:
    """A job of the same name came before and its Pods still live: two jobs must not work in one workspace."""
    uid = draft.seen.job.uid
    live = [pod for pod in draft.seen.pods.values() if uid not in (pod.owner_uid, pod.job_uid) and not pod.over]
    if live and draft.hold is None:
        message = f"Pod {live[0].name} of an earlier job of this name still runs"
        draft.hold = draft.waiting(draft.status.waiting, "PredecessorTerminating", message)
        draft.wake_at(draft.now + PREDECESSOR_SECONDS)


def _planned(draft: Draft, status: JobStatus) -> Plan:
    ends = time_to_live_ends(draft.seen, status)
    if ends is not None:
        draft.wake_at(ends)
    changed = status != draft.seen.job.status
    return Plan(
        status=status if changed else None,
        delete=(*draft.deletions, *pods_to_clear(draft.seen)),
        create=tuple(draft.creations),
        recovered=draft.recovered,
        notes=tuple(draft.notes),
        delete_job=ends is not None and draft.now >= ends and not changed,
        look_again_at=draft.wake,
    )
