"""What statuses tell of a limit or of a breaker: until when it holds, who tries first afterwards, and whether it went.

A job's marks are read from its status alone, so that they outlive the operator; those of several jobs add up in any
order. Held sheets carry the end of the limit with them: it is known as long as anybody waits for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from marianne_operator.model.names import instrument_object_name
from marianne_operator.model.status import InstrumentRecord, SheetStatus
from marianne_operator.plan.clock import seconds

RATE_LIMITED: Final = "RateLimited"
FAILING: Final = "InstrumentFailing"
LONG_SECONDS: Final = 120.0
"""A probe that runs so long was let in."""


class Probe(NamedTuple):
    """A sheet that tries first: since when; `runs`: its instrument was seen at work."""

    since: float
    runs: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """`until` 0: nothing holds. `proved`: when the last attempt was started that tried first and was let in."""

    until: float = 0.0
    proved: float = 0.0
    probes: tuple[Probe, ...] = ()
    taken: bool = False
    """Another job is being looked at that may send the probe."""
    failed: tuple[tuple[float, int], ...] = ()
    """Of a breaker: when an instrument failed last, and how often in a row; of each job."""
    opened: tuple[float, int] = (0.0, 0)
    """Until when it was opened last, and how often in a row."""

    def beside(self, other: "Standing") -> "Standing":
        """What both tell."""
        return Standing(
            max(self.until, other.until),
            max(self.proved, other.proved),
            tuple(sorted({*self.probes, *other.probes})),
            self.taken or other.taken,
            (*self.failed, *other.failed),
            max(self.opened, other.opened),
        )

    @property
    def lifted(self) -> bool:
        """Nothing holds, or an attempt came through since."""
        return self.proved >= self.until

    def probe(self, now: float) -> Probe | None:
        """The one to wait for. One that began before the end of this limit, and has not ended soon, tells nothing."""
        return next((each for each in self.probes if each.since >= self.until or now < each.since + LONG_SECONDS), None)

    def due(self, now: float) -> bool:
        """It is over by the clock, and nobody has tried yet."""
        return not self.lifted and now >= self.until and self.probe(now) is None


NOTHING: Final = Standing()
Marks = Mapping[str, Standing]
"""Of limits, by the instrument's object name; of breakers, by `breaker` of it."""


def breaker(name: str) -> str:
    """No object has such a name."""
    return f"breaker/{name}"


def marks_of(
    records: Iterable[InstrumentRecord], sheets: Sequence[SheetStatus], *, paused: bool
) -> dict[str, Standing]:
    """Of one job, from its status or its draft. What a paused job only intends to start tries nothing."""
    found: dict[str, Standing] = {}
    for record in records:
        _add(found, record.instrument, _of_record(record))
        _add(found, breaker(record.instrument), _of_failures(record))
    for sheet in sheets:
        if sheet.instrument is not None and (sheet.waiting is not None or sheet.probe_since is not None):
            _add_sheet(found, instrument_object_name(sheet.instrument), sheet, paused=paused)
    return found


def _add_sheet(found: dict[str, Standing], name: str, sheet: SheetStatus, *, paused: bool) -> None:
    waiting = sheet.waiting
    if sheet.probe_since is not None and sheet.active and waiting is None:
        runs = sheet.state == "in_progress"
        if runs or not paused:
            probe = Standing(probes=(Probe(seconds(sheet.probe_since), runs),))
            _add(found, name, probe)
            _add(found, breaker(name), probe)
    elif waiting is not None and waiting.until is not None and waiting.reason in (RATE_LIMITED, FAILING):
        key = name if waiting.reason == RATE_LIMITED else breaker(name)
        _add(found, key, Standing(until=seconds(waiting.until)))


def _add(found: dict[str, Standing], key: str, mark: Standing) -> None:
    if mark != NOTHING:
        found[key] = found.get(key, NOTHING).beside(mark)


def _of_record(record: InstrumentRecord) -> Standing:
    until, proved = record.limited_until, record.unlimited_at
    return Standing(seconds(until) if until else 0.0, seconds(proved) if proved else 0.0)


def _of_failures(record: InstrumentRecord) -> Standing:
    until, proved, failed = record.open_until, record.succeeded_at, record.failed_at
    return Standing(
        until=seconds(until) if until else 0.0,
        proved=seconds(proved) if proved else 0.0,
        failed=((seconds(failed), record.failures),) if failed else (),
        opened=(seconds(until), record.openings) if until else (0.0, 0),
    )


def recorded(records: Sequence[InstrumentRecord], name: str, record: InstrumentRecord | None) -> list[InstrumentRecord]:
    """The records with this one in its place, the newest last; too many forget the oldest."""
    others = [each for each in records if each.instrument != name]
    return [*others, *([record] if record is not None else [])][-MOST_RECORDS:]


def record_of(records: Iterable[InstrumentRecord], name: str) -> InstrumentRecord:
    """Of this instrument, or an empty one."""
    return next((each for each in records if each.instrument == name), InstrumentRecord(instrument=name))


MOST_RECORDS: Final = 16
