"""A provider's limit holds every sheet of the namespace that uses the same credentials; after it, one tries first.

What other jobs know comes with the observation, what this job knows from the draft. A sheet that is held has no Pod,
takes no slot and pays nothing.
"""

from marianne_operator.model.names import instrument_object_name
from marianne_operator.model.status import SheetStatus, Waiting
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.failures import Failure
from marianne_operator.plan.outcome import Ended
from marianne_operator.plan.standing import (
    LONG_SECONDS,
    NOTHING,
    RATE_LIMITED,
    Marks,
    Standing,
    marks_of,
    record_of,
    recorded,
)


def limited(draft: Draft, sheet: SheetStatus, name: str) -> Waiting | None:
    """Why a sheet on that instrument must wait for a limit; None where it may start, and is the probe if one is due."""
    if draft.limits is None:
        draft.limits = _own(draft)
    standing, group = _standing(draft, name, draft.limits)
    if standing.lifted:
        return None
    if draft.now < standing.until:
        draft.wake_at(standing.until)
        message = f"instrument {name!r} has met its provider's limit, which holds everything on {_words(group)}"
        return draft.waiting(sheet.waiting, RATE_LIMITED, message, standing.until)
    probe = standing.probe(draft.now)
    if probe is None and not standing.taken and group not in draft.probes:
        draft.probes[group] = sheet.num
        return None
    if probe is not None and probe.runs:
        if draft.now >= probe.since + LONG_SECONDS:
            return None
        draft.wake_at(probe.since + LONG_SECONDS)
    message = f"the limit of instrument {name!r} should be over: one sheet tries first, this one follows"
    return draft.waiting(sheet.waiting, RATE_LIMITED, message, standing.until)


def holds(draft: Draft, name: str) -> bool:
    """A limit is known, and not over."""
    standing, _ = _standing(draft, name, _own(draft))
    return not standing.lifted and draft.now < standing.until


def met(draft: Draft, sheet: SheetStatus, until: float) -> None:
    """A sheet has met a limit: whether it waits or goes on with another instrument, the others are held."""
    _record(draft, sheet, limited_until=stamp(until))


def let_in(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure) -> None:
    """A probe has ended: where its instrument performed, and nothing held it up, the others may go on."""
    told = ended.told
    if sheet.probe_since is None or told is None or "exit_reason" not in told:
        return
    if told["outcome"] != "completed" and failure.payer != "sheet":
        return
    _record(draft, sheet, unlimited_at=sheet.probe_since)


def _record(draft: Draft, sheet: SheetStatus, **told: str | None) -> None:
    name = instrument_object_name(sheet.instrument or "")
    record = record_of(draft.status.instruments, name).model_copy(update=told)
    draft.set(instruments=recorded(draft.status.instruments, name, record))


def _own(draft: Draft) -> Marks:
    return marks_of(draft.status.instruments, draft.sheets, paused=draft.seen.job.spec.paused)


def _standing(draft: Draft, name: str, own: Marks) -> tuple[Standing, str]:
    """Of what this instrument shares its limit with; and what that is."""
    wanted = instrument_object_name(name)
    standing, group = draft.seen.limits.get(wanted, NOTHING), _group(draft, wanted)
    for other, mark in own.items():
        if other == wanted or _group(draft, other) == group:
            standing = standing.beside(mark)
    return standing, group


def _group(draft: Draft, name: str) -> str:
    instrument = draft.seen.instruments.get(name)
    return f"instrument/{name}" if instrument is None else instrument.spec.limited_with(name)


def _words(group: str) -> str:
    kind, _, name = group.partition("/")
    return {"secret": f"Secret {name}", "group": f"credential group {name}"}.get(kind, "this instrument")
