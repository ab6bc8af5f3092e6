"""Why a job does not go on, by fixed rules over what was seen of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from kubectl_marianne import advice
from kubectl_marianne.reading import RUNNING, Body, condition, counted, phase, sheets, status
from kubectl_marianne.times import duration, parsed, until
from marianne_client.attempts import Attempt
from marianne_client.conductor import ConductorStatus

Level = Literal["good", "note", "waits", "bad"]
SHOWN: Final = 5
"""Sheets of one kind that are told one by one."""
AGAIN: Final = "mend what it needs, then resume: hooks that succeeded are not run again"
FAILED, RETRY, APPROVAL = "failed", "retry_scheduled", "fermata"


@dataclass(frozen=True, slots=True)
class Facts:
    """`attempt`: the last one, whose Pod is left, of the sheet that matters. `events` None: they may not be listed."""

    job: Body
    conductor: ConductorStatus | str
    now: datetime
    attempt: Attempt | None = None
    events: Sequence[Body] | None = ()
    log: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen, and what to do about it; nothing where it goes on by itself."""

    level: Level
    about: str
    told: str
    fix: str = ""


def findings(facts: Facts) -> list[Finding]:
    """The most telling first."""
    return [*_whether_seen(facts), *_of_the_job(facts), *_of_sheets(facts), *_of_what_follows(facts), *_notes(facts)]


def sheet_that_matters(job: Body) -> Body | None:
    """Failed before waiting before running; of several the first."""
    order = (FAILED, APPROVAL, "waiting", RETRY, *RUNNING)
    for state in order:
        found = next((sheet for sheet in sheets(job) if sheet["state"] == state), None)
        if found is not None:
            return found
    return None


def next_steps(job: Body) -> list[str]:
    """Arguments of this program, in the order in which they help."""
    name, matters, now = job["metadata"]["name"], sheet_that_matters(job), phase(job)
    steps = []
    if matters is not None and matters.get("attempt"):
        steps.append(f"sheet {name} {matters['num']} --attempts")
        steps.append(f"logs {name} --sheet {matters['num']}" + (" -f" if matters["state"] in RUNNING else ""))
    asking = [sheet["num"] for sheet in sheets(job) if sheet["state"] == APPROVAL]
    steps += [f"approve {name} {num}" for num in asking[:SHOWN]]
    if now == "Cancelled":
        steps.append(f"restart {name}")
    if now in ("Failed", "Paused", "PausedAtChain"):
        steps.append(f"resume {name}")
    if now == "Refused":
        steps.append(f"errors {name}")
    if not status(job):
        steps.append("doctor")
    return steps


def _whether_seen(facts: Facts) -> Iterator[Finding]:
    job, found = facts.job, status(facts.job)
    if job["metadata"].get("deletionTimestamp"):
        yield Finding("waits", "job", "it is being deleted")
    if isinstance(facts.conductor, str):
        known = not facts.conductor.startswith("unknown")
        fix = "kubectl marianne doctor, and look at the operator's Deployment" if known else ""
        yield Finding("bad" if known else "note", "operator", facts.conductor, fix)
    if found.get("observedGeneration", -1) < job["metadata"].get("generation", 0):
        what = "its latest change" if found else "it"
        yield Finding("waits", "job", f"the operator has not seen {what} yet")


def _of_the_job(facts: Facts) -> Iterator[Finding]:
    job, now = facts.job, phase(facts.job)
    ending, stalled = condition(job, "Succeeded"), condition(job, "Stalled")
    if now == "Refused":
        yield Finding(
            "bad", "job", f"it was refused: {_said(stalled)}", advice.STALLED.get(stalled.get("reason", ""), "")
        )
    elif now == "Failed":
        yield Finding("bad", "job", f"it failed: {_said(ending)}")
    elif now == "Cancelled":
        yield Finding("note", "job", f"it was cancelled: {_said(ending)}", "nothing, or kubectl marianne restart")
    elif now == "Completed":
        yield Finding("good", "job", f"it has completed {status(job).get('progress', '')}".rstrip())
    elif now in ("Paused", "PausedAtChain"):
        yield Finding(
            "waits", "job", "it is paused: spec.paused" if now == "Paused" else "it is paused before its chain"
        )
    elif waiting := status(job).get("waiting"):
        yield _waiting("job", waiting, facts.now)
    elif running := [sheet for sheet in sheets(job) if sheet["state"] in RUNNING]:
        began = min(filter(None, (parsed(sheet.get("startedAt")) for sheet in running)), default=None)
        since = f", the longest for {duration((facts.now - began).total_seconds())}" if began else ""
        yield Finding("good", "job", f"it runs: {len(running)} of {len(sheets(job))} sheets work{since}")


def _of_sheets(facts: Facts) -> Iterator[Finding]:
    every = sheets(facts.job)
    failed = [sheet for sheet in every if sheet["state"] == FAILED]
    matters = sheet_that_matters(facts.job)
    for sheet in failed[:SHOWN]:
        reason = _reason(facts) if sheet is matters else ""
        code = f" ({sheet['errorCode']})" if sheet.get("errorCode") else ""
        message = sheet.get("errorMessage") or "no message"
        yield Finding("bad", f"sheet {sheet['num']}", f"failed{code}: {message}", advice.for_failure(sheet, reason))
    waiting = [sheet for sheet in every if sheet.get("waiting")]
    of_job = status(facts.job).get("waiting") or {}
    for sheet in [each for each in waiting if not _told_of_the_job(each, of_job)][:SHOWN]:
        yield _waiting(f"sheet {sheet['num']}", sheet["waiting"], facts.now)
    for sheet in [each for each in every if each["state"] == RETRY][:SHOWN]:
        when = until(sheet.get("nextRetryAt"), facts.now)
        yield Finding(
            "waits", f"sheet {sheet['num']}", f"tries again {when}: {sheet.get('errorMessage', '')}".rstrip(": ")
        )
    more = len(failed) + len(waiting) - 2 * SHOWN
    if more > 0 and (len(failed) > SHOWN or len(waiting) > SHOWN):
        yield Finding(
            "note", "sheets", "; ".join(f"{count} {word}" for word, count in counted([s["state"] for s in every]))
        )


def _told_of_the_job(sheet: Body, of_job: Mapping[str, Any]) -> bool:
    """The job names one sheet for all that wait for the same; but each decision is asked for its own sheet."""
    one_for_all = sheet["state"] != APPROVAL or str(of_job.get("message", "")).startswith(f"sheet {sheet['num']}: ")
    return sheet["waiting"]["reason"] == of_job.get("reason") and one_for_all


def _of_what_follows(facts: Facts) -> Iterator[Finding]:
    """Hooks that work or did not go well; what was not sent of this run."""
    found = status(facts.job)
    for hook in found.get("hooks") or ():
        told = f"{hook['type']}{f' (job {name})' if (name := hook.get('job')) else ''}: {hook['state']}"
        if hook["state"] in ("dispatched", "running"):
            yield Finding("good", f"on_success.{hook['index']}", told)
        elif hook["state"] in ("failed", "lost"):
            message = f"{told}: {hook.get('message', '')}".rstrip(": ")
            yield Finding("bad", f"on_success.{hook['index']}", message, AGAIN)
    for notice in found.get("notifications") or ():
        if notice["run"] == found.get("run") and notice["state"] in ("failed", "lost"):
            message = f"{notice['event']}: {notice['state']}: {notice.get('message', '')}".rstrip(": ")
            yield Finding("note", f"notifications.{notice['index']}", message)


def _notes(facts: Facts) -> Iterator[Finding]:
    attempt = facts.attempt
    if attempt is not None and attempt.outcome in ("starting", "unknown") and any(attempt.why):
        reason, message = attempt.why
        told = ": ".join(filter(None, (reason, message)))
        level: Level = "bad" if attempt.over else "waits"
        yield Finding(level, f"Pod {attempt.pod}", told, advice.REASONS.get(reason, ""))
    if facts.events is None:
        yield Finding("note", "events", "unknown: no right to list them")
    accepted = condition(facts.job, "Accepted")
    if accepted.get("reason") == "FieldsWithoutEffect":
        yield Finding("note", "score", str(accepted.get("message", "")))


def _waiting(about: str, waiting: Mapping[str, Any], now: datetime) -> Finding:
    reason = str(waiting["reason"])
    when = until(waiting.get("until"), now)
    told = f"waits{f' {when}' if when else ''}: {reason}: {waiting.get('message', '')}".rstrip(": ")
    return Finding("waits", about, told, advice.WAITING.get(reason, ""))


def _reason(facts: Facts) -> str:
    return facts.attempt.why[0] if facts.attempt is not None else ""


def _said(of: Body) -> str:
    return f"{of.get('reason', 'no reason')}: {of.get('message', '')}".rstrip(": ")
