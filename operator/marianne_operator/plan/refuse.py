"""A job that cannot go on, and why: it waits and looks again, or stands until its spec changes."""

from marianne_operator.model.status import JobStatus, Phase, SheetStatus, Waiting
from marianne_operator.plan import conditions, live
from marianne_operator.plan.admit import starts_something
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.control import deadline_of
from marianne_operator.plan.observation import Observation, ScoreReady, ScoreRefusal
from marianne_operator.plan.plan import Note, Plan

LOOK_AGAIN_SECONDS = 10.0
"""For what no watch tells of: ConfigMaps and claims."""
CANCELLED_EARLY = "spec.cancel: the job had not begun"


def refuse(seen: Observation, why: ScoreRefusal | None) -> Plan:
    """Say it where the user looks: conditions, a column, one event; and write nothing the second time."""
    job, old = seen.job, seen.job.status
    if why is None or (old.finished and not starts_something(seen)):
        return Plan(status=_seen_again(seen))
    if job.spec.cancel and old.run is None:
        return Plan(status=_cancelled(seen), notes=(Note("Normal", "Cancelled", CANCELLED_EARLY),))
    phase: Phase = "Refused" if why.stalled else "Waiting"
    status = old.model_copy(
        update={
            "observed_generation": job.generation,
            "phase": phase,
            "waiting": None if why.stalled else waiting_for(seen, why),
            "conditions": conditions.merge(old.conditions, _told(seen, why), job.generation, seen.now),
            "sheets": [_tries_no_more(seen, each) for each in old.sheets],
        }
    )
    again = _look_again_at(seen, why)
    if status == old:
        return Plan(look_again_at=again)
    return Plan(status=status, notes=(Note("Warning", why.reason, why.message),), look_again_at=again)


def _look_again_at(seen: Observation, why: ScoreRefusal) -> float | None:
    """Also at the run's deadline, which no refusal keeps from coming."""
    later = [] if why.stalled else [seen.now + LOOK_AGAIN_SECONDS]
    deadline = deadline_of(seen.job.spec, seen.job.status)
    if deadline is not None and seen.now < deadline and not seen.job.status.finished:
        later.append(deadline)
    return min(later, default=None)


def _tries_no_more(seen: Observation, sheet: SheetStatus) -> SheetStatus:
    """Other jobs wait for whoever tries first after a limit: not for a Pod that cannot be made."""
    pod = seen.pods.get(sheet.pod_name or "")
    return sheet.to(probe_since=None) if sheet.active and (pod is None or pod.over) else sheet


def waiting_for(seen: Observation, why: ScoreRefusal) -> Waiting:
    """The wait that this refusal is."""
    old = seen.job.status.waiting
    since = old.since if old is not None and old.reason == why.reason else stamp(seen.now)
    return Waiting(reason=why.reason, message=why.message[:1024], since=since)


def _told(seen: Observation, why: ScoreRefusal) -> list[conditions.Told]:
    if why.stalled:
        told = conditions.refused(why.reason, why.message)
    elif seen.job.status.run is None:
        told = conditions.not_yet(why.reason, why.message)
    else:
        told = conditions.under_way("Waiting", f"{why.reason}: {why.message}")
    return [*told, *_edited(seen)]


def _edited(seen: Observation) -> list[conditions.Told]:
    """With the generation it must be written that the score was edited: an operator that starts anew looks for it."""
    edit = seen.score.edit if isinstance(seen.score, ScoreReady) else None
    return [] if edit is None else [("ScoreChangeIgnored", *live.told(edit))]


def _seen_again(seen: Observation) -> JobStatus | None:
    """A job that is over stays what it is, whatever became of its score; only its generation is noted."""
    job, old = seen.job, seen.job.status
    if job.generation == old.observed_generation:
        return None
    told: list[conditions.Told] = [(each.type, each.status, each.reason, each.message) for each in old.conditions]
    merged = conditions.merge(old.conditions, told, job.generation, seen.now)
    return old.model_copy(update={"observed_generation": job.generation, "conditions": merged})


def _cancelled(seen: Observation) -> JobStatus:
    """Cancel works in every state; a restart without it begins run 1."""
    job, old = seen.job, seen.job.status
    told = conditions.cancelled(CANCELLED_EARLY)
    return old.model_copy(
        update={
            "observed_generation": job.generation,
            "phase": "Cancelled",
            "waiting": None,
            "completion_time": stamp(seen.now),
            "restart_token": job.spec.restart.token if job.spec.restart else None,
            "conditions": conditions.merge(old.conditions, told, job.generation, seen.now),
        }
    )
