"""Tell those whom the score names what became of the job: one errand for each event and each of them (decision 027).

A notice that fails is told, and fails nothing. Each has an end: what did not start within the start deadline is given
up, so a job's time to live never waits for long.
"""

from typing import Any, Final

from marianne_operator.model.notice import NoticeStatus
from marianne_operator.model.status import JobStatus
from marianne_operator.plan import errand
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.happened import Happened, happened
from marianne_operator.plan.observation import WriteRefusal
from marianne_runner.contract import NOTICE_PAUSE_SECONDS, NOTICE_SECONDS, NOTICE_TRIES, Errand, Notice, Notification

TIMEOUT: Final = NOTICE_TRIES * (NOTICE_SECONDS + NOTICE_PAUSE_SECONDS)
MOST_PAUSES: Final = 8
"""Told of in one run to each: its beginning and its end are always told."""
MOST: Final = 100
"""In a status, with those of earlier runs that are still under way: the CRD takes no more."""
SHOWN: Final = 400
WORDS: Final = {
    "job_start": "has started",
    "job_complete": "is complete",
    "job_failed": "has failed",
    "job_paused": "is held up",
}


def notify(draft: Draft, status: JobStatus) -> JobStatus:
    """After all else is decided: hear what became of notices, and order those that this decision gives rise to."""
    wanted = {each["index"]: each for each in draft.score.get("notifications", ())}
    if not wanted and not status.notifications:
        return status
    draft.status = status
    entries = [_heard(draft, each, wanted.get(each.index)) if each.active else each for each in status.notifications]
    _dismiss(draft, entries)
    entries = [each for each in entries if each.active or each.run == status.run]
    for what in happened(draft.seen.job.status, status):
        for each in wanted.values():
            if not _is_due(each, what, entries, status.run):
                continue
            if len(entries) < MOST:
                entries.append(_ordered(draft, each, what))
            else:
                why = f"{MOST} notices are under way"
                draft.warn("NoticeFailed", f"notifications.{each['index']}: {what.event} was not sent: {why}")
    draft.set(notifications=entries)
    return draft.status


def _dismiss(draft: Draft, entries: list[NoticeStatus]) -> None:
    """A Pod whose notice is over must not go on; repeated until it is gone, whatever was lost."""
    going = {each.name for each in draft.deletions}
    for each in entries:
        if not each.active and each.pod_name not in going:
            errand.stop(draft, each.pod_name)


def _is_due(asked: Notification, what: Happened, entries: list[NoticeStatus], run: int | None) -> bool:
    told = [each for each in entries if (each.run, each.index, each.event) == (run, asked["index"], what.event)]
    if what.event not in asked["events"] or len(told) >= (MOST_PAUSES if what.cause else 1):
        return False
    return what.cause not in [each.cause for each in told]


def _ordered(draft: Draft, asked: Notification, what: Happened) -> NoticeStatus:
    number = errand.next_number(draft)
    status = draft.status
    entry = NoticeStatus(
        index=asked["index"],
        event=what.event,
        cause=what.cause,
        run=status.run or 1,
        state="dispatched",
        pod_name=errand.name_of(draft, "notice", number),
        time=stamp(draft.now),
        phase=status.phase,
        progress=status.progress,
        message=what.message[:SHOWN] or None,
    )
    errand.create(draft, entry.pod_name, _told(draft, entry, asked))
    return entry


# ---- what became of it


def _heard(draft: Draft, entry: NoticeStatus, asked: Notification | None) -> NoticeStatus:
    found = errand.look_at(draft, entry.pod_name, once=False)
    if isinstance(found, errand.Answered):
        sent = found.outcome == "succeeded"
        return entry.model_copy(update={"state": "sent", "message": None}) if sent else _unsent(draft, entry, found)
    ran = isinstance(found, errand.Going) and found.pod.ran
    until = seconds(entry.time) + draft.seen.settings.start_deadline_seconds
    until += TIMEOUT + errand.PATIENCE_SECONDS if ran else 0
    refusal = draft.seen.refusals.get(entry.pod_name)
    if asked is None or draft.now >= until or (refusal is not None and refusal.reason != "QuotaExceeded"):
        return _given_up(draft, entry, refusal, ran=ran)
    draft.wake_at(until)
    if isinstance(found, errand.Gone):
        if refusal is not None and draft.now < refusal.until:
            draft.wake_at(refusal.until)
        else:
            errand.create_again(draft, entry.pod_name, _told(draft, entry, asked))
    return entry


def _unsent(draft: Draft, entry: NoticeStatus, found: errand.Answered) -> NoticeStatus:
    return _over(draft, entry, found.message or found.outcome, lost=found.outcome == "lost")


def _given_up(draft: Draft, entry: NoticeStatus, refusal: WriteRefusal | None, *, ran: bool) -> NoticeStatus:
    why = f"{refusal.reason}: {refusal.message}" if refusal is not None else "its Pod did not start in time"
    return _over(draft, entry, "its Pod did not end in time" if ran else why, lost=ran)


def _over(draft: Draft, entry: NoticeStatus, why: str, *, lost: bool) -> NoticeStatus:
    sent = "may not have been sent" if lost else "was not sent"
    draft.warn("NoticeFailed", f"notifications.{entry.index}: {entry.event} {sent}: {why}"[:1024])
    return entry.model_copy(update={"state": "lost" if lost else "failed", "message": why[:SHOWN]})


# ---- what is told


def _told(draft: Draft, entry: NoticeStatus, asked: Notification) -> Errand:
    """Of the entry alone: a Pod that is made again tells the same."""
    notice = Notice(body=_slack(draft, entry, asked) if asked["type"] == "slack" else _webhook(draft, entry))
    if "url" in asked:
        notice["url"] = asked["url"]
    else:
        notice["url_env"] = asked["url_env"]
    if "headers" in asked:
        notice["headers"] = asked["headers"]
    number = int(entry.pod_name.rpartition("notice")[2])
    told = errand.brief(draft, "notice", number, TIMEOUT, once=False)
    told["run"], told["notice"] = entry.run, notice
    return told


def _webhook(draft: Draft, entry: NoticeStatus) -> dict[str, Any]:
    job = draft.seen.job
    return {
        "id": f"{job.uid}/{entry.pod_name.rpartition('-')[2]}",
        "event": entry.event,
        "job": job.name,
        "namespace": job.namespace,
        "uid": job.uid,
        "run": entry.run,
        "phase": entry.phase or "",
        "progress": entry.progress or "",
        "message": entry.message or "",
        "time": entry.time,
    }


def _slack(draft: Draft, entry: NoticeStatus, asked: Notification) -> dict[str, Any]:
    job = draft.seen.job
    text = f"Job {job.namespace}/{job.name} {WORDS[entry.event]}, {entry.progress or '0'} sheets"
    text += f": {entry.message}" if entry.message else ""
    for mark, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):  # else a message could call a whole channel
        text = text.replace(mark, written)
    return {"text": text, **asked.get("beside", {})}
