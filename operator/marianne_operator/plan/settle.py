"""An attempt has ended: what becomes of its sheet."""

from typing import Final

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan import retry
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.details import details
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.failures import FAILURES, INFRASTRUCTURE_CAP, UNKNOWN, Failure
from marianne_operator.plan.outcome import Ended
from marianne_runner.contract import Retry, Verdict

UNCHARGED_DELAYS: Final = Retry(
    max_retries=0, base_delay_seconds=15.0, max_delay_seconds=300.0, exponential_base=2.0, jitter=False
)
"""Between tries that cost nobody anything: a workspace that cannot be written, an image without a runner."""


def settle(draft: Draft, sheet: SheetStatus, ended: Ended) -> None:
    """Finished, failed, to be tried again, or put back as if it had never been started."""
    told, failure = ended.told, FAILURES.get(ended.reason, UNKNOWN)
    sheet = sheet.to(waiting=None, next_retry_at=None, pod_uid=ended.pod.uid, previous_pod_uid=None)
    if told is not None:
        sheet = _count_tokens(draft, sheet, told)
    if told is not None and told["outcome"] in ("completed", "skipped"):
        draft.put(_finished(draft, sheet, told))
    elif failure.payer == "infrastructure" and _own_doing(draft, ended):
        draft.put(sheet.to(state="pending"))
    elif ended.reason == "LedgerOther" and told is not None and told.get("head", 0) >= sheet.attempt:
        last = ended.pod.uid if told["head"] == sheet.attempt else None
        draft.put(sheet.to(state="pending", attempt=told["head"], pod_uid=last))
    elif ended.reason in ("WorkspaceUnusable", "RunnerMissing"):
        draft.put(_uncharged(draft, sheet, ended))
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
    sheet = sheet.to(**done, error_message=None, error_category=None, error_code=None)
    if verdict["outcome"] == "skipped":
        return sheet.to(state="skipped", exit_code=None, error_message=verdict["message"][:1024])
    first = sheet.attempt_count <= 1
    return sheet.to(
        state="completed",
        confidence_score=round(verdict.get("pass_percentage", 100.0) / 100, 3),
        success_without_retry=first,
        outcome_category="success_first_try" if first else "success_retry",
    )


def _uncharged(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus:
    reason = ended.reason
    message = ended.message
    if reason == "RunnerMissing":
        message = f"the image has no runner at /opt/marianne: build it FROM the runner image ({message})"
    again = draft.now + retry.delay_seconds(UNCHARGED_DELAYS, max(1, sheet.attempt_count), "")
    return sheet.to(
        state="waiting",
        waiting=draft.waiting(sheet.waiting, reason, message, until=again),
        next_retry_at=stamp(again),
        error_message=message[:1024],
    )


def _failed(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure) -> SheetStatus:
    if ended.told is not None and failure.payer == "sheet":
        sheet = sheet.to(**details(ended.told, len(draft.sheets), failed=True))
    sheet = sheet.to(error_message=ended.message[:1024], error_category=failure.category, error_code=failure.code)
    if failure.payer == "infrastructure":
        return _infrastructure(draft, sheet, ended)
    tries = sheet.normal_attempts + 1
    sheet = sheet.to(normal_attempts=tries)
    if failure.final or not retry.may_try_again(draft.score["retry"], tries):
        return _given_up(draft, sheet, f"sheet {sheet.num} failed after {tries} tries: {ended.message}")
    seed = f"{draft.seen.job.uid}/{sheet.num}/{sheet.attempt}"
    again = draft.now + retry.delay_seconds(draft.score["retry"], tries, seed)
    draft.set(total_retries=draft.status.total_retries + 1)
    draft.warn("SheetRetry", f"sheet {sheet.num} attempt {sheet.attempt} failed: {ended.message}")
    return sheet.to(state="retry_scheduled", next_retry_at=stamp(again), completed_at=None)


def _infrastructure(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus:
    ends = sheet.infrastructure_ends + 1
    sheet = sheet.to(infrastructure_ends=ends)
    if ends > INFRASTRUCTURE_CAP:
        return _given_up(draft, sheet, f"sheet {sheet.num} was ended by the cluster {ends} times: {ended.message}")
    draft.warn("SheetDisrupted", f"sheet {sheet.num} attempt {sheet.attempt}: {ended.message}")
    return sheet.to(state="pending", completed_at=None)


def _given_up(draft: Draft, sheet: SheetStatus, message: str) -> SheetStatus:
    draft.warn("SheetFailed", message)
    return sheet.to(state="failed", completed_at=sheet.completed_at or stamp(draft.now))


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
