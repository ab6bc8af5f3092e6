"""The end of every decision: what the sheets' states mean for the job."""

from marianne_operator.model.status import JobStatus, Phase, SheetStatus, Waiting
from marianne_operator.plan import budget, conditions, live
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.control import lives
from marianne_operator.plan.draft import Draft, Following
from marianne_operator.plan.hook_record import failure, stopped
from marianne_operator.plan.observation import ScoreReady
from marianne_operator.plan.uncharged import refuses

SHOW_RUNNING_AFTER_SECONDS = 3.0
"""A sheet that has been running so long gets a write of its own; a shorter one costs none (design §4)."""


def conclude(draft: Draft) -> JobStatus:
    """The status to be written, if it differs from the one that was seen."""
    draft.set(observed_generation=draft.seen.job.generation, progress=_progress(draft.sheets))
    if draft.following is not None:
        _follow(draft, draft.following)
    elif all(sheet.terminal for sheet in draft.sheets):
        _finish(draft)
    else:
        _go_on(draft)
    status = _assembled(draft)
    if status == draft.seen.job.status and not _running_for_long(draft):
        return status
    for number, since in draft.running.items():
        _show_running(draft, number, since)
    return _assembled(draft)


def _assembled(draft: Draft) -> JobStatus:
    return draft.status.model_copy(update={"sheets": draft.sheets})


def _running_for_long(draft: Draft) -> bool:
    """Some running sheet is due to be shown; else remember when one is."""
    unshown = [since for number, since in draft.running.items() if draft.sheets[number - 1].state == "dispatched"]
    if unshown and draft.now < min(unshown) + SHOW_RUNNING_AFTER_SECONDS:
        draft.wake_at(min(unshown) + SHOW_RUNNING_AFTER_SECONDS)
        return False
    return bool(unshown)


def _show_running(draft: Draft, number: int, since: float) -> None:
    sheet = draft.sheets[number - 1]
    if sheet.state != "dispatched":
        return
    pod = draft.seen.pods[sheet.pod_name or ""]
    draft.put(sheet.to(state="in_progress", started_at=stamp(since), pod_uid=pod.uid))


def _progress(sheets: list[SheetStatus]) -> str:
    return f"{sum(sheet.satisfied for sheet in sheets)}/{len(sheets)}"


def _follow(draft: Draft, following: Following) -> None:
    """Its sheets are done, and the job is not."""
    if following.phase == "Paused" and draft.status.phase != "Paused":
        draft.tell("Paused", following.message)
    draft.set(waiting=following.waiting)
    reason = "Paused" if following.phase == "PausedAtChain" else following.phase
    _set(draft, following.phase, conditions.under_way(reason, following.message))


def _finish(draft: Draft) -> None:
    if not draft.status.finished:
        draft.set(completion_time=stamp(draft.now))
    draft.set(waiting=None)
    unmet = [sheet for sheet in draft.sheets if not sheet.satisfied]
    bad = [sheet for sheet in unmet if sheet.state == "failed"] or unmet
    cancelled = [sheet for sheet in draft.sheets if sheet.state == "cancelled"]
    ending, cut = draft.status.ending, "; hooks were cut short" if stopped(draft.status) else ""
    if ending is not None and ending.reason == "DeadlineExceeded" and (cancelled or cut):
        why = f"{len(cancelled)} sheets had not ended in time{cut}"
        _set(draft, "Failed", conditions.failed("DeadlineExceeded", why))
    elif ending is not None and (cancelled or cut):
        _set(draft, "Cancelled", conditions.cancelled(f"{len(cancelled)} sheets were cancelled{cut}"))
    elif bad:
        behind = any(sheet.error_code == "E401" for sheet in bad)
        _set(draft, "Failed", conditions.failed("WorkspaceBehind" if behind else "SheetFailed", _why(draft, bad)))
    elif (hook := failure(draft.status)) is not None:
        _set(draft, "Failed", conditions.failed("HookFailed", hook))
    else:
        _set(draft, "Completed", conditions.completed(f"{len(draft.sheets)} sheets"))


def _why(draft: Draft, bad: list[SheetStatus]) -> str:
    skipped = [str(each.num) for each in draft.sheets if each.state == "skipped" and each.error_code]
    told = "; ".join(f"sheet {each.num}: {each.error_message}" for each in bad[:3])
    return (told + (f"; not run: {', '.join(skipped[:20])}" if skipped else ""))[:1024]


def _go_on(draft: Draft) -> None:
    if draft.seen.job.spec.paused and draft.status.ending is None:
        _pause(draft)
        return
    waiting = draft.hold or _waiting(draft)
    draft.set(waiting=waiting)
    active = [sheet for sheet in draft.sheets if sheet.active]
    moving = draft.running or (active and not any(sheet.waiting for sheet in active))
    if waiting is not None and not moving:
        _set(draft, "Waiting", conditions.under_way("Waiting", f"{waiting.reason}: {waiting.message}"))
    else:
        _set(draft, "Running", conditions.under_way("Running", ""))


def _pause(draft: Draft) -> None:
    """An intent without a Pod does not go on: it is made again when the pause is over."""
    if any(lives(draft, sheet) for sheet in draft.sheets):
        interrupt = draft.seen.job.spec.pause_policy == "Interrupt"
        message = "spec.paused: running sheets are " + ("interrupted" if interrupt else "let end")
        draft.set(waiting=draft.waiting(draft.status.waiting, "Draining", message))
        _set(draft, "Running", conditions.under_way("Running", message))
        return
    draft.set(waiting=None)
    if draft.status.phase != "Paused":
        draft.tell("Paused", "spec.paused: no sheet runs, none starts")
    _set(draft, "Paused", conditions.under_way("Paused", "spec.paused"))


def _waiting(draft: Draft) -> Waiting | None:
    """The wait of the lowest sheet that waits, of one that keeps all others back first; a retry's backoff is one."""
    for sheet in sorted(draft.sheets, key=refuses, reverse=True):
        if sheet.waiting is not None:
            told = sheet.waiting
            if not (draft.status.waiting and draft.status.waiting.reason == told.reason):
                draft.warn(told.reason, f"sheet {sheet.num}: {told.message}")
            return told.model_copy(update={"message": f"sheet {sheet.num}: {told.message}"[:1024]})
    for sheet in draft.sheets:
        if sheet.state == "retry_scheduled" and sheet.next_retry_at is not None:
            until = seconds(sheet.next_retry_at)
            message = f"sheet {sheet.num} tries again"
            return draft.waiting(draft.status.waiting, "Backoff", message, until=until)
    return None


def _set(draft: Draft, phase: Phase, told: list[conditions.Told]) -> None:
    job = draft.seen.job
    if draft.status.phase == "Paused" and phase == "Running":
        draft.tell("Resumed", "spec.paused is unset: sheets start again")
    every = [_accepted(draft), *_score_change(draft), *told]
    merged = conditions.merge(draft.status.conditions, every, job.generation, draft.now)
    draft.set(phase=phase, conditions=merged)


def _accepted(draft: Draft) -> conditions.Told:
    """What the score writes in vain, and what it may have got wrong; of a job that is over, what was known then."""
    before = draft.status.condition("Accepted")
    if draft.seen.job.status.finished and draft.status.finished and before is not None and before.status == "True":
        return before.type, before.status, before.reason, before.message
    vain = draft.score["without_effect"]
    told = [*(["no effect yet: " + ", ".join(vain)] if vain else []), *draft.score["warnings"]]
    told += budget.assumptions(draft)
    return "Accepted", "True", "FieldsWithoutEffect" if vain else "Accepted", "; ".join(told)


def _score_change(draft: Draft) -> list[conditions.Told]:
    score = draft.seen.score
    if isinstance(score, ScoreReady) and score.edit is not None and draft.status.run == draft.seen.job.status.run:
        return [("ScoreChangeIgnored", *live.told(score.edit))]
    if draft.status.condition("ScoreChangeIgnored") is not None:
        return [("ScoreChangeIgnored", "False", "Unchanged", "")]
    return []
