"""The brief of one attempt: what the runner cannot know from the score.

It is made from the status and the Pod as last seen, so that a Pod created twice is told the same.
"""

import hashlib
from typing import cast

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.pod import PodView
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan import approval, fallback
from marianne_operator.plan.budget import left_usd
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.healing import heal
from marianne_runner.contract import (
    DEFAULT_TIMEOUT_SECONDS,
    PROTOCOL,
    SIGNED_PROTOCOL,
    Brief,
    Mode,
    Predecessor,
)


def brief_for(draft: Draft, sheet: SheetStatus, instrument: InstrumentView, last: PodView | None) -> Brief:
    """`last`: this very attempt's Pod that is gone, as last seen."""
    job = draft.seen.job
    outputs, digests, skipped = _handed_down(draft, sheet.num)
    brief = Brief(
        protocol=PROTOCOL if draft.status.nonce is None else SIGNED_PROTOCOL,
        job=job.name,
        job_uid=job.uid,
        namespace=job.namespace,
        run=draft.status.run or 1,
        sheet=sheet.num,
        attempt=sheet.attempt,
        digest=_input_digest(draft.score["digest"], sheet),
        ran=sheet.state == "in_progress" or (last is not None and last.ran),
        mode=_mode(draft, sheet),
        instrument=sheet.instrument or "",
        timeout_seconds=_timeout(draft, sheet, instrument),
        profile=instrument.spec.profile,
        outputs=outputs,
        skipped=skipped,
    )
    if digests:
        brief["output_digests"] = digests
    if sheet.model is not None:
        brief["model"] = sheet.model
    if sheet.fallback:
        brief["performer"] = fallback.playing(draft, sheet)
    if asks := approval.asks(draft, sheet):
        brief["asks"] = asks
    if instrument.spec.credentials:
        brief["credentials"] = [each.name for each in instrument.spec.credentials]
    if last is not None and last.ran and last.containers_ended:
        brief["ended"] = [last.uid]
    if sheet.attempt > 1:
        brief["predecessor"] = _predecessor(sheet)
    if sheet.execution_mode == "completion":
        brief["completion"] = (sheet.completion_attempts, draft.score["retry"]["max_completion_attempts"])
    if draft.status.fresh:
        brief["fresh"] = True
    if (left := left_usd(draft, sheet)) is not None:
        brief["budget_usd"] = left
    if sheet.failed_validations:
        brief["failed_rules"] = sheet.failed_validations
    if (asked := heal(draft, sheet)) is not None:
        brief["heal"] = asked
    return brief


def _mode(draft: Draft, sheet: SheetStatus) -> Mode:
    return "validate" if draft.validates_only else cast(Mode, sheet.execution_mode or "normal")


def _predecessor(sheet: SheetStatus) -> Predecessor:
    before = Predecessor(attempt=sheet.attempt - 1, ran=sheet.previous_pod_uid is not None)
    if sheet.previous_pod_uid is not None:
        before["ended"] = sheet.previous_pod_uid
    return before


def _timeout(draft: Draft, sheet: SheetStatus, instrument: InstrumentView) -> float:
    """The score's word, then the instrument's, then its profile's (design §6)."""
    live = draft.score["sheets"][sheet.num - 1].get("timeouts")
    written = (
        live[min(sheet.fallback, len(live) - 1)] if live else fallback.performer(draft, sheet).get("timeout_seconds")
    )
    given = written or instrument.spec.timeout_seconds or instrument.spec.profile.get("default_timeout_seconds")
    return float(given or DEFAULT_TIMEOUT_SECONDS)


def _handed_down(draft: Draft, number: int) -> tuple[dict[str, int], dict[str, str], list[int]]:
    """Whose output this sheet may read, in its window: (completed sheet to attempt, to its digest, skipped sheets)."""
    cross = draft.score.get("cross_sheet")
    if cross is None:
        return {}, {}, []
    lookback = cross["lookback_sheets"]
    window = draft.sheets[max(0, number - 1 - lookback) if lookback else 0 : number - 1]
    completed = [each for each in window if _has_output(each)]
    digests = {str(each.num): each.output_digest for each in completed if each.output_digest is not None}
    return (
        {str(each.num): each.attempt for each in completed},
        digests,
        [each.num for each in window if each.state == "skipped"],
    )


def _has_output(sheet: SheetStatus) -> bool:
    """One that was accepted although it failed has some only if its last attempt could tell of itself."""
    if any(each.decision == "accept" for each in sheet.approvals) and sheet.exit_reason is None:
        return False
    return sheet.state == "completed" and sheet.attempt_count > 0


def _input_digest(score: str, sheet: SheetStatus) -> str:
    asked = f"{score}/{sheet.num}/{sheet.instrument}/{sheet.model}"
    asked += f"/{sheet.fallback}" if sheet.fallback else ""
    return hashlib.sha256(asked.encode()).hexdigest()[:16]
