"""The next run of a job: which of its sheets begin again, and what is done with them.

A restart acts once per new token, and only when every Pod of the run before has ended. Attempt numbers go on, because
they name Pods and ledgers. `ValidateOnly` performs nothing: what was tried before is held against its rules again, on
the workspace as it is now, and costs nothing.
"""

from collections.abc import Iterable
from typing import Final

from marianne_operator.model.spec import JobSpec, Restart
from marianne_operator.model.status import JobStatus, SheetStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.fresh import begins_afresh
from marianne_operator.plan.hook_record import hook_runs, hooks_afresh, hooks_under_way
from marianne_operator.plan.ready import needs

HOOKS_FIRST: Final = "spec.restart waits: ValidateOnly begins when the hooks of this run are through"
"""It carries none out, so those that it found under way would be left as they are."""
TOLD: Final = {
    "Failed": "every sheet that was not completed",
    "FromSheet": "sheet {sheet}, what depends on it and what was not completed",
    "All": "every sheet",
}


def restart(draft: Draft) -> None:
    """Begin the next run, when a new token asks for it and nothing is in its way."""
    asked = draft.seen.job.spec.restart
    if asked is None or not restart_wanted(draft.seen.job.spec, draft.status):
        _tell_of_cancel(draft)
    elif (why := _impossible(draft, asked)) is not None:
        _tell_once(draft, why)
    elif asked.mode == "ValidateOnly" and hooks_under_way(draft.status):
        _tell_once(draft, HOOKS_FIRST)
    elif not draining(draft, "spec.restart"):
        _begin(draft, asked)


def draining(draft: Draft, why: str) -> bool:
    """The next run begins when nothing of this one runs; until then nothing starts."""
    runs = any(sheet.active for sheet in draft.sheets) or hook_runs(draft.status)
    if runs:
        message = f"{why}: waiting for running sheets to end before the next run begins"
        draft.hold = draft.waiting(draft.status.waiting, "Draining", message)
    return runs


def begin_next(draft: Draft, token: str | None) -> int:
    """The next run's number, with nothing left of how the last one ended."""
    run = (draft.status.run or 0) + 1
    draft.set(
        run=run, restart_token=token, ending=None, completion_time=None, start_time=stamp(draft.now), worked=False
    )
    return run


def restart_wanted(spec: JobSpec, status: JobStatus) -> bool:
    """A token that was not yet obeyed, and no cancel in its way."""
    return spec.restart is not None and spec.restart.token != status.restart_token and not spec.cancel


def _begin(draft: Draft, asked: Restart) -> None:
    chosen = set(_chosen(draft, asked))
    run = begin_next(draft, asked.token)
    draft.set(run_mode=asked.mode, fresh=begins_afresh(draft.score, draft.seen.job.spec, asked))
    if asked.mode == "ValidateOnly":
        draft.sheets = [
            _unjudged(each) if _was_tried(draft, each, chosen) else _left_out(draft, each) for each in draft.sheets
        ]
    else:
        draft.set(hooks=hooks_afresh(draft.status, works=bool(chosen)))
        draft.sheets = [_afresh(each) if each.num in chosen else each for each in draft.sheets]
    what = TOLD[asked.scope].format(sheet=asked.from_sheet)
    done = "is held against its rules again" if asked.mode == "ValidateOnly" else "starts again"
    draft.tell("Restarted", f"run {run}: {what} {done}")


def _chosen(draft: Draft, asked: Restart) -> Iterable[int]:
    if asked.scope == "All":
        return range(draft.seen.job.spec.start_sheet, len(draft.sheets) + 1)
    unmet = {sheet.num for sheet in draft.sheets if not sheet.satisfied}
    return unmet if asked.from_sheet is None else unmet | _following(draft, asked.from_sheet)


def _following(draft: Draft, first: int) -> set[int]:
    """That sheet and its descendants."""
    found, grew = {first}, True
    while grew:
        more = {sheet.num for sheet in draft.sheets if not found.isdisjoint(needs(draft, sheet.num))}
        grew = not more <= found
        found |= more
    return found


def _was_tried(draft: Draft, sheet: SheetStatus, chosen: set[int]) -> bool:
    """A sheet that was never begun has nothing to be judged; one without rules nothing to judge it by."""
    return sheet.num in chosen and sheet.attempt > 0 and bool(draft.score["sheets"][sheet.num - 1]["rules"])


def _impossible(draft: Draft, asked: Restart) -> str | None:
    last = len(draft.sheets)
    if asked.from_sheet is not None and asked.from_sheet > last:
        return f"spec.restart.fromSheet: {asked.from_sheet}, but the score has {last} sheets"
    if asked.scope == "All" and draft.seen.job.spec.start_sheet > last:
        return f"spec.startSheet: {draft.seen.job.spec.start_sheet}, but the score has {last} sheets"
    return None


def _tell_of_cancel(draft: Draft) -> None:
    spec = draft.seen.job.spec
    if spec.cancel and restart_wanted(spec.model_copy(update={"cancel": False}), draft.status):
        _tell_once(draft, "spec.restart waits: unset spec.cancel first")


def _tell_once(draft: Draft, why: str) -> None:
    """For each change of the spec."""
    if draft.seen.job.generation != draft.status.observed_generation:
        draft.warn("RestartIgnored", why)


def _afresh(sheet: SheetStatus) -> SheetStatus:
    """Pending, as never run."""
    return SheetStatus(num=sheet.num, state="pending", attempt=sheet.attempt, pod_uid=sheet.pod_uid)


def _left_out(draft: Draft, sheet: SheetStatus) -> SheetStatus:
    """As it was; but a run that performs nothing has no end for a sheet that was still to be performed."""
    if sheet.terminal:
        return sheet
    return sheet.to(
        state="cancelled",
        error_message=sheet.error_message or "the run before was not over, and this one only validates",
        completed_at=stamp(draft.now),
        first_started_at=None,
        checkpoints=[],
        waiting=None,
        next_retry_at=None,
    )


def _unjudged(sheet: SheetStatus) -> SheetStatus:
    """Pending, with all that is known of its tries."""
    return sheet.to(
        state="pending",
        normal_attempts=0,
        infrastructure_ends=0,
        rate_limit_waits=0,
        quota_waits=0,
        recent_errors=[],
        completed_at=None,
        next_retry_at=None,
        waiting=None,
    )
