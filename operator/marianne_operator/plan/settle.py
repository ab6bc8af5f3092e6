"""An attempt has ended: what becomes of its sheet."""

from typing import Final

from marianne_operator.model.status import SheetError, SheetStatus
from marianne_operator.plan import approval, breaker, cost, fallback, limits, retry, uncharged
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.completion import worth_completing
from marianne_operator.plan.details import began, details, since
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.exhausted import exhausted
from marianne_operator.plan.failures import Failure, failure_of
from marianne_operator.plan.outcome import Ended
from marianne_runner.contract import Verdict

TAMPERED: Final = "LedgerTampered"


def settle(draft: Draft, sheet: SheetStatus, ended: Ended) -> None:
    """Finished, failed, to be tried again, or put back as if it had never been started."""
    told, failure = ended.told, failure_of(ended.reason, ended.told)
    limits.let_in(draft, sheet, ended, failure)
    breaker.took_in(draft, sheet, ended, failure)
    sheet = sheet.to(probe_since=None, waiting=None, next_retry_at=None, pod_uid=ended.pod.uid, previous_pod_uid=None)
    if told is None:
        sheet = sheet.to(started_at=sheet.started_at or began(ended.pod))
    else:
        sheet = _count_tokens(draft, sheet, told)
    sheet = cost.count(draft, sheet, ended)
    if ended.reason == TAMPERED:
        draft.warn(TAMPERED, f"sheet {sheet.num} attempt {sheet.attempt}: {ended.message}")
    if told is not None and told["outcome"] in ("completed", "skipped"):
        draft.put(_finished(draft, sheet, told))
    elif failure.payer == "infrastructure" and _own_doing(draft, ended):
        draft.put(sheet.to(state="pending"))
    elif ended.reason == "LedgerOther" and told is not None and told.get("head", 0) >= sheet.attempt:
        last = ended.pod.uid if told["head"] == sheet.attempt else None
        draft.put(sheet.to(state="pending", attempt=told["head"], pod_uid=last))
    elif ended.reason == "ApprovalNeeded" and (held := approval.stopped(draft, sheet, ended)) is not None:
        draft.put(held)
    elif ended.reason in ("WorkspaceUnusable", "RunnerMissing"):
        draft.put(uncharged.unusable(draft, sheet, ended))
    else:
        draft.put(_failed(draft, sheet, ended, failure))


def _own_doing(draft: Draft, ended: Ended) -> bool:
    """We deleted it, so nobody pays; the runner has a verdict to give only once it has started the instrument."""
    spec = draft.seen.job.spec
    stopping = draft.status.ending is not None or (spec.paused and spec.pause_policy == "Interrupt")
    return stopping and ended.pod.deleting_at is not None


def _finished(draft: Draft, sheet: SheetStatus, verdict: Verdict) -> SheetStatus:
    done = details(verdict, len(draft.sheets), failed=False)
    done["completed_at"] = done["completed_at"] or stamp(draft.now)
    if sheet.first_started_at is not None:
        done["execution_duration_seconds"] = since(sheet.first_started_at, done["completed_at"])
    sheet = sheet.to(
        **done, first_started_at=None, error_message=None, error_category=None, error_code=None, recent_errors=[]
    )
    if verdict["outcome"] == "skipped":
        never = max(0, sheet.attempt_count - 1)
        sheet = sheet.to(attempt_count=never, exit_code=None, execution_mode=sheet.execution_mode if never else None)
        return sheet.to(state="skipped", error_message=verdict["message"][:1024])
    first = sheet.attempt_count <= 1 and sheet.completion_attempts == 0
    completed = "success_completion" if sheet.completion_attempts else "success_retry"
    return sheet.to(
        state="completed",
        confidence_score=round(verdict.get("pass_percentage", 100.0) / 100, 3),
        success_without_retry=first,
        output_digest=verdict.get("output_digest"),
        outcome_category="success_first_try" if first else completed,
    )


def _failed(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure) -> SheetStatus:
    if ended.told is not None and failure.payer != "infrastructure":
        sheet = sheet.to(**details(ended.told, len(draft.sheets), failed=True))
    sheet = sheet.to(error_message=ended.message[:1024], error_category=failure.category, error_code=failure.code)
    match failure.payer:
        case "infrastructure":
            return uncharged.disrupted(draft, sheet, ended)
        case "limit":
            until = uncharged.limit_ends(draft, failure)
            limits.met(draft, sheet, until)
            moved = fallback.advance(draft, sheet, "rate_limit", ended.message)
            return moved or uncharged.limited(draft, sheet, ended, failure, until)
        case "credentials":
            moved = fallback.advance(draft, sheet, "auth_failure", ended.message)
            return moved or uncharged.refused(draft, sheet, ended)
    if draft.validates_only:
        return uncharged.given_up(draft, sheet, f"sheet {sheet.num} does not pass: {ended.message}")
    return (
        _incomplete(draft, sheet, ended, failure)
        if failure.category == "validation"
        else _charged(draft, sheet, ended, failure)
    )


def _incomplete(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure) -> SheetStatus:
    """Its rules do not hold: what is missing is finished, or all of it is done again."""
    policy = draft.score["retry"]
    if ended.told is not None and worth_completing(policy, sheet, ended.told):
        sheet = sheet.to(completion_attempts=sheet.completion_attempts + 1, execution_mode="completion")
        return _again(draft, sheet, ended, policy["completion_delay_seconds"])
    tries = sheet.normal_attempts + 1
    sheet = sheet.to(normal_attempts=tries, execution_mode="retry")
    if approval.unsure(draft, ended) and (held := approval.escalated(draft, sheet)) is not None:
        return held
    if retry.may_try_again(policy, tries):
        return _again(draft, sheet, ended, retry.delay_seconds(policy, tries, _seed(draft, sheet)))
    failing = len(ended.told["failed_rules"]) if ended.told is not None else 0
    tried = f"{tries} retries and {sheet.completion_attempts} completion attempts"
    message = f"Validation failed after {tried} ({failing} validations still failing): {ended.message}"
    return exhausted(draft, sheet.to(error_message=message[:1024]), ended, failure, f"sheet {sheet.num}: {message}")


def _charged(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure) -> SheetStatus:
    """Its instrument failed."""
    policy, tries = draft.score["retry"], sheet.normal_attempts + 1
    known = [*sheet.recent_errors, SheetError(code=failure.code, time=stamp(draft.now))][-retry.REMEMBERED :]
    sheet = sheet.to(normal_attempts=tries, recent_errors=known)
    if failure.final or not retry.may_try_again(policy, tries):
        return exhausted(draft, sheet, ended, failure, f"sheet {sheet.num} failed after {tries} tries: {ended.message}")
    errors = [(each.code, seconds(each.time)) for each in known]
    delay = retry.adaptive_delay(policy, tries, errors, failure.wait, _seed(draft, sheet))
    if isinstance(delay, retry.Abort):
        message = f"Adaptive retry aborted: {delay.why}: {ended.message}"
        return exhausted(draft, sheet.to(error_message=message[:1024]), ended, failure, f"sheet {sheet.num}: {message}")
    return _again(draft, sheet, ended, delay)


def _again(draft: Draft, sheet: SheetStatus, ended: Ended, delay: float) -> SheetStatus:
    draft.set(total_retries=draft.status.total_retries + 1)
    if ended.reason != TAMPERED:  # that has been told
        draft.warn("SheetRetry", f"sheet {sheet.num} attempt {sheet.attempt} failed: {ended.message}")
    return sheet.to(state="retry_scheduled", next_retry_at=stamp(draft.now + delay), completed_at=None)


def _seed(draft: Draft, sheet: SheetStatus) -> str:
    return f"{draft.seen.job.uid}/{sheet.num}/{sheet.attempt}"


def _count_tokens(draft: Draft, sheet: SheetStatus, verdict: Verdict) -> SheetStatus:
    """For the job, and for the sheet over all its attempts of this run; a sheet that none were told of keeps none."""
    told, spent = verdict.get("input_tokens"), verdict.get("output_tokens")
    draft.set(
        total_input_tokens=draft.status.total_input_tokens + (told or 0),
        total_output_tokens=draft.status.total_output_tokens + (spent or 0),
    )
    return sheet.to(
        input_tokens=sheet.input_tokens if told is None else (sheet.input_tokens or 0) + told,
        output_tokens=sheet.output_tokens if spent is None else (sheet.output_tokens or 0) + spent,
    )
