"""Account for every attempt: take what its Pod tells (design §4, table L2) into the status.

Attempts that go on are noted in the draft for the steps after this one; attempts that ended become a finished sheet,
a retry or a new start. A sheet that is terminal is never touched again.
"""

from typing import Final

from marianne_operator.model.pod import PodView
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan import outcome
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.launch import intended
from marianne_operator.plan.plan import PodDeletion
from marianne_operator.plan.settle import settle
from marianne_operator.plan.starting import start_of

LINGERING_SECONDS: Final = 60.0
"""From the end of the sheet's container to the end of its Pod."""


def account(draft: Draft) -> None:
    """Every active sheet, by what is known of its Pod."""
    _adopt(draft)
    for sheet in [each for each in draft.sheets if each.active]:
        name = sheet.pod_name or ""
        pod, ghost = draft.own(draft.seen.pods, name), draft.own(draft.seen.ghosts, name)
        match outcome.judge(pod, ghost, draft.now, draft.status.nonce):
            case outcome.Ended() as ended:
                settle(draft, sheet, ended)
            case outcome.Going(pod):
                _going(draft, sheet, pod)
            case outcome.NodeLost(pod, message):
                _node_lost(draft, sheet, pod, message)
            case outcome.Gone(last):
                draft.gone[sheet.num] = last
    _dismiss(draft)


def _adopt(draft: Draft) -> None:
    """A Pod of ours without an intent: a status older than the Pod came back. Its attempt is the sheet's."""
    for pod in draft.seen.pods.values():
        sheet = _sheet_of(draft, pod)
        if sheet is not None and pod.attempt > sheet.attempt and not sheet.terminal:
            draft.put(intended(draft, sheet, pod.attempt))


def _dismiss(draft: Draft) -> None:
    """A Pod whose attempt is no longer its sheet's must not go on; repeated until it is gone, whatever was lost."""
    for pod in draft.seen.pods.values():
        sheet = _sheet_of(draft, pod)
        if sheet is None or pod.over or pod.deleting_at is not None or pod.attempt > sheet.attempt:
            continue
        if (pod.attempt < sheet.attempt or not sheet.active) and not _ends_by_itself(draft, pod):
            draft.deletions.append(PodDeletion(pod.name, pod.uid))


def _ends_by_itself(draft: Draft, pod: PodView) -> bool:
    """Its phase follows its container; a container that admission put beside it might keep it for ever."""
    if not outcome.spoke(pod, draft.status.nonce) or pod.container is None:
        return False
    patient_until = (pod.container.ended_at or draft.now) + LINGERING_SECONDS
    if draft.now < patient_until:
        draft.wake_at(patient_until)
    return draft.now < patient_until


def _sheet_of(draft: Draft, pod: PodView) -> SheetStatus | None:
    ours = pod.owner_uid == draft.seen.job.uid and 1 <= pod.sheet <= len(draft.sheets)
    return draft.sheets[pod.sheet - 1] if ours else None


def _going(draft: Draft, sheet: SheetStatus, pod: PodView) -> None:
    """One that never starts is made again under the same attempt, elsewhere perhaps, or from an image that was mended.

    The attempt is not given up: after an outage this Pod may be older than it looks and have finished unseen, and
    then the next one of its name finds the verdict in the ledger. Another attempt would pay for the work again.
    """
    if pod.deleting_at is not None:
        draft.wake_at(pod.deleting_at + outcome.LOST_AFTER_SECONDS)
    if pod.ran:
        if pod.container is not None and pod.container.state == "running":
            draft.running[sheet.num] = pod.container.started_at or draft.now
        draft.put(sheet.to(waiting=None))
        return
    start = start_of(draft, pod, f"sheet {sheet.num}")
    if start.given_up:
        return
    told = None if start.why is None else draft.waiting(sheet.waiting, *start.why, until=start.deadline)
    draft.put(sheet.to(waiting=told))


def _node_lost(draft: Draft, sheet: SheetStatus, pod: PodView, message: str) -> None:
    if draft.seen.job.spec.node_lost_policy == "Replace":
        draft.deletions.append(PodDeletion(pod.name, pod.uid, grace_seconds=0))
        return
    fix = "; waiting for the node (spec.nodeLostPolicy: Replace goes on without it)"
    draft.put(sheet.to(waiting=draft.waiting(sheet.waiting, "NodeLost", message + fix)))
