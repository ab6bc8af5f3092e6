"""An instrument that fails again and again is left alone for a while; then one sheet tries it (semantics §2.8).

Failures count over all jobs of the namespace, since the last success of any: those that the instrument is to blame for,
so no rule that does not hold, no limit, nothing that the cluster ended; and of no shell, which does as it is told.
"""

from typing import Final

from marianne_operator.model.names import instrument_object_name
from marianne_operator.model.status import InstrumentRecord, SheetStatus, Waiting
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.failures import Failure
from marianne_operator.plan.outcome import Ended
from marianne_operator.plan.standing import FAILING, NOTHING, Standing, breaker, marks_of, record_of, recorded
from marianne_runner.contract import CircuitBreaker

USUAL: Final = CircuitBreaker(enabled=True, failure_threshold=5, recovery_timeout_seconds=300.0)
LONGEST_SECONDS: Final = 3600.0
"""Twice as long after each probe that fails, up to this."""
TOGETHER_SECONDS: Final = 900.0
"""Failures further apart than this do not tell of one trouble."""
BLAMED: Final = frozenset({"ExitCode", "Timeout", "Signal", "InstrumentMissing"})


def failing(draft: Draft, sheet: SheetStatus, name: str) -> Waiting | None:
    """Why a sheet on that instrument must wait for it to recover; None where it may start, and is the probe if due."""
    if not _policy(draft)["enabled"]:
        return None
    key = breaker(instrument_object_name(name))
    standing = _standing(draft, key)
    if standing.lifted:
        return None
    if draft.now < standing.until:
        draft.wake_at(standing.until)
        message = f"instrument {name!r} has failed again and again, and is left alone for a while"
        return draft.waiting(sheet.waiting, FAILING, message, standing.until)
    if standing.probe(draft.now) is None and not standing.taken and key not in draft.probes:
        draft.probes[key] = sheet.num
        return None
    message = f"instrument {name!r} has failed again and again: one sheet tries it, this one follows"
    return draft.waiting(sheet.waiting, FAILING, message, standing.until)


def took_in(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure) -> None:
    """An attempt has ended: count what the instrument is to blame for; its success begins anew."""
    if draft.validates_only:
        return  # no instrument was at work
    name, told = instrument_object_name(sheet.instrument or ""), ended.told
    instrument = draft.seen.instruments.get(name)
    if instrument is None or instrument.spec.is_shell or not _policy(draft)["enabled"]:
        return
    worked = told is not None and (told["outcome"] == "completed" or ended.reason == "ValidationFailed")
    if worked and failure.payer == "sheet":
        _succeeded(draft, name)
    elif failure.payer == "sheet" and ended.reason in BLAMED:
        _failed(draft, name, probe=sheet.probe_since is not None)


def _succeeded(draft: Draft, name: str) -> None:
    """Written only where somebody has failed: a run in which nothing fails writes no record."""
    standing = _standing(draft, breaker(name))
    if not standing.lifted or _since(standing, 0.0):
        changes = {"failures": 0, "failed_at": None, "open_until": None, "openings": 0}
        record = record_of(draft.status.instruments, name)
        _record(draft, record.model_copy(update={**changes, "succeeded_at": stamp(draft.now)}))


def _failed(draft: Draft, name: str, *, probe: bool) -> None:
    policy, standing = _policy(draft), _standing(draft, breaker(name))
    record = record_of(draft.status.instruments, name)
    together = draft.now - TOGETHER_SECONDS
    own = record.failures if record.failed_at and seconds(record.failed_at) > max(standing.proved, together) else 0
    record = record.model_copy(update={"failures": own + 1, "failed_at": stamp(draft.now)})
    total = 1 + _since(standing, together)
    tried = probe and not standing.lifted
    if tried or (standing.lifted and total >= policy["failure_threshold"]):
        openings = standing.opened[1] + 1 if tried else 1
        recovery = policy["recovery_timeout_seconds"]
        wait = min(recovery * 2.0 ** min(openings - 1, 16), max(recovery, LONGEST_SECONDS))
        record = record.model_copy(update={"open_until": stamp(draft.now + wait), "openings": openings})
    _record(draft, record)


def _since(standing: Standing, moment: float) -> int:
    """Failures of all jobs since then, and since the last success of any."""
    return sum(count for at, count in standing.failed if at > max(standing.proved, moment))


def _standing(draft: Draft, key: str) -> Standing:
    """The sheets are looked at as they are now: this decision may have taken in how some of them ended."""
    own = marks_of(draft.status.instruments, draft.sheets, paused=draft.seen.job.spec.paused)
    return draft.seen.limits.get(key, NOTHING).beside(own.get(key, NOTHING))


def _record(draft: Draft, record: InstrumentRecord) -> None:
    draft.set(instruments=recorded(draft.status.instruments, record.instrument, record))


def _policy(draft: Draft) -> CircuitBreaker:
    return draft.score.get("circuit_breaker", USUAL)
