"""Sheets that wait for a person: at a checkpoint before they start, or once they have used up their tries.

A checkpoint is asked once for each sheet and run; who answered what and when stands in the sheet's status. The score
has no field for how long an answer may take: the wait ends with it, or with the run (`activeDeadlineSeconds`).
"""

from collections.abc import Sequence
from typing import Final

from marianne_operator.model.job import VERB_ANNOTATION
from marianne_operator.model.status import Approval, SheetStatus
from marianne_operator.plan import answers
from marianne_operator.plan.answers import Answer
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.completion import TRUSTED
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.outcome import Ended
from marianne_operator.plan.ready import startable
from marianne_operator.plan.uncharged import given_up
from marianne_runner.contract import Checkpoint

REASON: Final = "Approval"
EXHAUSTED: Final = "escalation"
"""In place of a checkpoint's name: the decision about a sheet that failed."""
KEPT: Final = 20
"""Decisions that a sheet's status keeps, the latest: a score has ten checkpoints at most."""


def answer(draft: Draft) -> None:
    """Let every sheet that waits go the way that was decided."""
    if draft.status.finished or draft.status.ending is not None:
        return
    if (given := answers.of_annotation(draft)) is not None:
        number, said = given
        sheet = draft.sheets[number - 1] if 1 <= number <= len(draft.sheets) else None
        if sheet is None or sheet.state != "fermata":
            answers.ignored(draft, f"sheet {number} does not wait for a decision")
        else:
            draft.put(_gone_on(draft, sheet, said))
    for sheet in [each for each in draft.sheets if each.state == "fermata"]:
        _answered_by_spec(draft, sheet)


def ask(draft: Draft) -> bool:
    """Hold those whose turn it is at their checkpoints; True: something changed, and others may have their turn."""
    if not draft.score.get("checkpoints"):
        return False
    asking = [(sheet, found) for sheet in startable(draft) if (found := _due(draft, sheet, in_prompt=False))]
    for sheet, found in asking:
        _hold(draft, sheet, found)
    return bool(asking)


def asks(draft: Draft, sheet: SheetStatus) -> list[int]:
    """Checkpoints that depend on this attempt's prompt, by their place in the score."""
    every = draft.score.get("checkpoints", [])
    return [every.index(each) for each in _due(draft, sheet, in_prompt=True)]


def tell(draft: Draft, sheet: SheetStatus) -> None:
    """Checkpoints that need no answer, as the sheet starts."""
    for each in draft.score.get("checkpoints", []):
        again = sheet.attempt_count > 0 and "retries" not in each
        if not each["confirm"] and "contains" not in each and not again and _concerns(each, sheet):
            draft.warn("Checkpoint", f"sheet {sheet.num} passes {_told(each)}")


def stopped(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus | None:
    """The runner has found words of a checkpoint in the prompt, and started nothing; None: it was not asked to."""
    named = ended.told.get("checkpoints", []) if ended.told is not None else []
    found = [draft.score["checkpoints"][index] for index in asks(draft, sheet) if index in named]
    if not found:
        return None
    _hold(draft, sheet.to(attempt_count=max(0, sheet.attempt_count - 1)), found)
    return draft.sheets[sheet.num - 1]


def escalated(draft: Draft, sheet: SheetStatus) -> SheetStatus | None:
    """A person decides what becomes of it, where the score wants that."""
    if not draft.score.get("escalation"):
        return None
    message = f"it failed: {sheet.error_message or ''}"[:300]
    waiting = draft.waiting(None, REASON, f"{message}; {_how(draft, sheet, 'retry', 'skip, accept or abort')}")
    held = sheet.to(
        state="fermata", waiting=waiting, checkpoints=[], next_retry_at=None, completed_at=None, recent_errors=[]
    )
    said = answers.of_spec(draft, held)
    return held if said is None else _gone_on(draft, held, said)


def unsure(draft: Draft, ended: Ended) -> bool:
    """The checks that failed are not sure of what they saw, and there is somebody to ask (semantics §2.5)."""
    sure = ended.told is None or ended.told.get("confidence", 1.0) >= TRUSTED
    return draft.score.get("escalation", False) and not sure


def _due(draft: Draft, sheet: SheetStatus, *, in_prompt: bool) -> list[Checkpoint]:
    passed = {each.checkpoint for each in sheet.approvals}
    return [
        each
        for each in draft.score.get("checkpoints", [])
        if each["confirm"]
        and ("contains" in each) == in_prompt
        and each["name"] not in passed
        and _concerns(each, sheet)
    ]


def _concerns(checkpoint: Checkpoint, sheet: SheetStatus) -> bool:
    tried = sheet.normal_attempts + sheet.completion_attempts
    return sheet.num in checkpoint.get("sheets", [sheet.num]) and tried >= checkpoint.get("retries", 0)


def _hold(draft: Draft, sheet: SheetStatus, at: Sequence[Checkpoint]) -> None:
    message = f"{'; '.join(map(_told, at))[:500]}; {_how(draft, sheet, 'approve', 'reject or skip')}"
    waiting = draft.waiting(None, REASON, message)
    names = [each["name"] for each in at]
    held = sheet.to(state="fermata", waiting=waiting, checkpoints=names, next_retry_at=None, completed_at=None)
    draft.put(held)
    _answered_by_spec(draft, held)


def _told(checkpoint: Checkpoint) -> str:
    message = checkpoint.get("message", "")
    return f"checkpoint {checkpoint['name']!r}" + (f": {message[:300]}" if message else "")


def _how(draft: Draft, sheet: SheetStatus, decision: str, others: str) -> str:
    job = draft.seen.job
    target = f"kubectl annotate mj {job.name} -n {job.namespace} --overwrite"
    return f"{decision}: {target} {VERB_ANNOTATION}={decision}/{sheet.num}/$RANDOM (or {others})"


def _answered_by_spec(draft: Draft, sheet: SheetStatus) -> None:
    if (said := answers.of_spec(draft, sheet)) is not None:
        draft.put(_gone_on(draft, sheet, said))


def _gone_on(draft: Draft, sheet: SheetStatus, said: Answer) -> SheetStatus:
    """The sheet after this decision; one that does not fit the question leaves it waiting."""
    sheet = sheet.to(answer=said.key or sheet.answer)
    if said.decision == "accept" and sheet.checkpoints:
        draft.warn("VerbIgnored", f"sheet {sheet.num} has nothing to accept yet: approve, reject or skip")
        return sheet
    draft.tell("Decided", f"sheet {sheet.num}: {said.decision} by {said.by}")
    asked = sheet.checkpoints or [EXHAUSTED]
    records = [Approval(checkpoint=each, decision=said.decision, by=said.by, time=stamp(draft.now)) for each in asked]
    sheet = sheet.to(approvals=[*sheet.approvals, *records][-KEPT:], checkpoints=[], waiting=None)
    match said.decision:
        case "approve" | "retry":
            return sheet.to(state="pending")
        case "reject" | "abort":
            return _rejected(draft, sheet, said)
    ended = sheet.to(completed_at=stamp(draft.now), error_category=None, error_code=None, error_message=None)
    if said.decision == "accept":
        return ended.to(state="completed")
    message = f"skipped by {said.by}"
    return ended.to(state="skipped", error_message=message, outcome_category="skipped_by_escalation")


def _rejected(draft: Draft, sheet: SheetStatus, said: Answer) -> SheetStatus:
    message = f"rejected by {said.by}" + (f": {sheet.error_message}" if sheet.error_message else "")
    sheet = sheet.to(error_message=message[:1024], error_category="escalation", error_code="E999")
    return given_up(draft, sheet, f"sheet {sheet.num}: {message}")
