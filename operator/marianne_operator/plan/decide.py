"""One look at a job, one plan: the order of the policies, and nothing else."""

from dataclasses import replace

from marianne_operator.model.status import JobStatus
from marianne_operator.plan import admit, budget, control, hooks
from marianne_operator.plan.account import account
from marianne_operator.plan.approval import answer
from marianne_operator.plan.conclude import conclude
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.launch import launch
from marianne_operator.plan.notices import notify
from marianne_operator.plan.observation import Observation, ScoreRefusal
from marianne_operator.plan.plan import Plan
from marianne_operator.plan.propagate import propagate
from marianne_operator.plan.refuse import refuse, waiting_for
from marianne_operator.plan.rerun import rerun
from marianne_operator.plan.restart import restart
from marianne_operator.plan.retention import pods_to_clear, time_to_live_ends

PREDECESSOR_SECONDS = 5.0


def decide(seen: Observation) -> Plan:
    """What to do about this job now. Deciding twice on the same observation gives the same plan."""
    if seen.job.deleting:
        return Plan()  # what the job owns goes with it, by owner references
    why = admit.refusal(seen)
    if isinstance(seen.score, ScoreRefusal) or not admit.has_begun_or_may(seen):
        return _cleared(seen, refuse(seen, why))
    if why is not None and not admit.in_flight(seen):
        return _cleared(seen, refuse(seen, why))
    if why is None and (objects := admit.missing(seen, seen.score)):
        return Plan(ensure=objects, look_again_at=seen.now)
    begun = seen.job.status if seen.job.status.run is not None else admit.begin(seen, seen.score)
    draft = Draft(seen, seen.score.compiled, begun, list(begun.sheets))
    _proceed(draft, why)
    return _cleared(seen, _planned(draft, notify(draft, conclude(draft))))


def _proceed(draft: Draft, why: ScoreRefusal | None) -> None:
    """Latch the verbs, take in what happened, let it act, then start what may: nothing, if there is a why."""
    control.latch(draft)
    account(draft)
    heard = hooks.hear(draft)
    rerun(draft)
    restart(draft)
    answer(draft)
    if not draft.validates_only:
        propagate(draft)
    control.stop(draft)
    _wait_for_predecessor(draft)
    budget.keep(draft)
    if why is None:
        launch(draft)
    else:
        draft.hold = waiting_for(draft.seen, why)
    hooks.follow(draft, heard)


def _wait_for_predecessor(draft: Draft) -> None:
    """A job of the same name came before and its Pods still live: two jobs must not work in one workspace."""
    uid = draft.seen.job.uid
    live = [pod for pod in draft.seen.pods.values() if uid not in (pod.owner_uid, pod.job_uid) and not pod.over]
    if live and draft.hold is None:
        message = f"Pod {live[0].name} of an earlier job of this name still runs"
        draft.hold = draft.waiting(draft.status.waiting, "PredecessorTerminating", message)
        draft.wake_at(draft.now + PREDECESSOR_SECONDS)


def _planned(draft: Draft, status: JobStatus) -> Plan:
    return Plan(
        status=status if status != draft.seen.job.status else None,
        delete=tuple(draft.deletions),
        create=tuple(draft.creations),
        children=tuple(draft.children),
        recovered=draft.recovered,
        notes=tuple(draft.notes),
        look_again_at=draft.wake,
    )


def _cleared(seen: Observation, plan: Plan) -> Plan:
    """Also clear away what was accounted for, and the job itself once its time is over and its end is written."""
    plan = replace(plan, delete=(*plan.delete, *pods_to_clear(seen)))
    ends = time_to_live_ends(seen, plan.status or seen.job.status)
    if ends is None:
        return plan
    if seen.now >= ends and plan.status is None:
        return replace(plan, delete_job=True)
    return replace(plan, look_again_at=ends if plan.look_again_at is None else min(ends, plan.look_again_at))
