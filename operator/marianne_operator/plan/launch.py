"""Start sheets: the intent into the status, the Pod into the plan (design §4, Launch).

An intent that stands without a Pod is created again under the same name, whatever else holds new starts back only
if the job is paused or ending; the ledger makes that safe.
"""

from collections.abc import Mapping
from typing import Any

from marianne_operator.model.names import instrument_object_name, pod_name
from marianne_operator.model.pod import PodView
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan import approval, budget, fallback
from marianne_operator.plan.briefing import brief_for
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.gates import held_up, image_of, unavailable
from marianne_operator.plan.pod_manifest import Attempt, pod_manifest
from marianne_operator.plan.propagate import propagate
from marianne_operator.plan.ready import fitting, startable
from marianne_operator.plan.skip import skip_by_condition
from marianne_runner.contract import Rule


def launch(draft: Draft) -> None:
    """Create again what was intended, then start what is ready."""
    if draft.status.ending is not None or draft.seen.job.spec.paused:
        return
    for number, last in draft.gone.items():
        _create_again(draft, draft.sheets[number - 1], last)
    if draft.hold is None:
        if not draft.validates_only:
            skip_by_condition(draft)
            while approval.ask(draft):
                propagate(draft)
                skip_by_condition(draft)
        playable = [sheet for sheet in startable(draft) if _playable(draft, sheet)]
        for sheet in fitting(draft, playable):
            _start(draft, sheet)


def intended(draft: Draft, sheet: SheetStatus, attempt: int) -> SheetStatus:
    """The sheet with the intent of this attempt: all that the Pod is made of, so that it can be made again."""
    performer = fallback.performer(draft, sheet)
    follows = not sheet.active and attempt == sheet.attempt + 1
    return sheet.to(
        state="dispatched",
        attempt=attempt,
        attempt_count=sheet.attempt_count + 1,
        pod_name=pod_name(draft.seen.job.name, draft.seen.job.uid, sheet.num, attempt),
        pod_uid=None,
        previous_pod_uid=sheet.pod_uid if follows else None,
        instrument=performer["instrument"],
        model=performer.get("model"),
        execution_mode=sheet.execution_mode or "normal",
        waiting=None,
        next_retry_at=None,
        started_at=None,
        first_started_at=sheet.first_started_at or sheet.started_at,
        completed_at=None,
        exit_code=None,
        exit_signal=None,
        exit_reason=None,
        error_message=None,
        error_category=None,
        error_code=None,
    )


def _playable(draft: Draft, sheet: SheetStatus) -> bool:
    """Nothing holds it up; else the sheet waits, and takes no place that another could have."""
    why = held_up(draft, sheet, fallback.performer(draft, sheet)["instrument"])
    while why is not None and why.reason in fallback.OF_GATE:
        moved = fallback.advance(draft, sheet, fallback.OF_GATE[why.reason], why.message)
        if moved is None:
            break
        draft.put(moved)
        why = held_up(draft, moved, fallback.performer(draft, moved)["instrument"])
        sheet = moved
    if why is not None:
        plays = fallback.performer(draft, sheet)["instrument"]
        draft.put(sheet.to(state="waiting", waiting=why, next_retry_at=None, instrument=plays))
    return why is None


def _start(draft: Draft, sheet: SheetStatus) -> None:
    probe = sheet.num in draft.probes.values()
    approval.tell(draft, sheet)
    sheet = intended(draft, draft.sheets[sheet.num - 1], sheet.attempt + 1)
    sheet = sheet.to(probe_since=stamp(draft.now) if probe else None)
    draft.put(sheet)
    draft.creations.append(_manifest(draft, sheet, None))


def _create_again(draft: Draft, sheet: SheetStatus, last: PodView | None) -> None:
    refusal = draft.seen.refusals.get(sheet.pod_name or "")
    why = unavailable(draft, sheet.instrument or "")
    if budget.holds(draft):
        draft.put(sheet.to(waiting=draft.hold))
    elif refusal is not None and draft.now < refusal.until:
        told = draft.waiting(sheet.waiting, refusal.reason, refusal.message, until=refusal.until)
        draft.wake_at(refusal.until)
        draft.put(sheet.to(waiting=told))
    elif why is not None:
        draft.put(sheet.to(waiting=draft.waiting(sheet.waiting, *why)))
    else:
        if last is not None and last.ran and sheet.state == "dispatched":
            sheet = sheet.to(state="in_progress", pod_uid=last.uid)  # else the next Pod of this name hides that it ran
            draft.put(sheet)
        draft.creations.append(_manifest(draft, sheet, last))
        draft.recovered = True


def _manifest(draft: Draft, sheet: SheetStatus, last: PodView | None) -> Mapping[str, Any]:
    name = instrument_object_name(sheet.instrument or "")
    instrument, claim, score = draft.seen.instruments[name], draft.seen.claim, draft.status.score
    if claim is None or score is None:
        raise ValueError("a sheet is started only once its claim and score are known")
    brief = brief_for(draft, sheet, instrument, last)
    rules = [draft.score["rules"][index] for index in draft.score["sheets"][sheet.num - 1]["rules"]]
    attempt = Attempt(
        name=sheet.pod_name or "",
        brief=brief,
        instrument=instrument.spec,
        image=image_of(draft, name),
        deadline_seconds=round(brief["timeout_seconds"] + sum(map(_patience, rules)) + 300),
        score_config_map=score.config_map,
        key=draft.status.nonce,
    )
    return pod_manifest(draft.seen.job, attempt, claim, draft.seen.settings)


def _patience(rule: Rule) -> float:
    """The longest that a rule may take: the backstop must not cut it short."""
    once = rule.get("timeout_seconds", 3600.0) if rule["type"] == "command_succeeds" else 1.0
    return (rule["retry_count"] + 1) * (once + rule["retry_delay_ms"] / 1000)
