"""Who waits for which limit, over all jobs: read from each job's status whenever that changes, and from nothing else.

What is held in memory beside it is the turn: of the jobs that are looked at side by side once a limit is over, one may
send the probe. The others are looked at again when that look is done, so a job that cannot use its turn costs nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from marianne_operator.control.instruments import Instruments
from marianne_operator.model.job import JobView
from marianne_operator.plan.standing import NOTHING, Marks, Standing, breaker, marks_of

Key: TypeAlias = tuple[str, str]
Topic: TypeAlias = tuple[str, str]
"""A namespace, and what is shared within it."""
NONE: Final[Marks] = {}
BREAKER: Final = breaker("")


@dataclass(frozen=True, slots=True)
class _Told:
    """One job's marks. `idle`: it is paused or over, so it will not try what it waits for."""

    marks: Marks
    idle: bool


@dataclass(slots=True)
class _Turn:
    """Who may send the probe, and who asked meanwhile."""

    holder: Key
    denied: set[Key] = field(default_factory=set)


class LimitIndex:
    """`wake`: look at this job soon. `changed`: what is shared there may have another end now."""

    def __init__(self, instruments: Instruments) -> None:
        self.wake: Callable[[Key], None] = _nobody
        self.changed: Callable[[Topic], None] = _nobody
        self._instruments = instruments
        self._told: dict[str, dict[str, _Told]] = {}
        self._turns: dict[Topic, _Turn] = {}

    def saw(self, job: JobView) -> None:
        """A newer version of it."""
        status = job.status
        marks = marks_of(status.instruments, status.sheets, paused=job.spec.paused)
        idle = job.spec.paused or job.deleting or status.ending is not None or status.finished
        self._tell(job.key, _Told(marks, idle) if marks else None)

    def lost(self, key: Key) -> None:
        """There is no such job any more, or none that can be read."""
        self._tell(key, None)

    def standings(self, job: JobView, now: float) -> Marks:
        """What the namespace's other jobs tell, by the name of each instrument that it concerns.

        Where a probe is due, this job has the turn until it is `done`; another that asks meanwhile is told so.
        """
        told = self._told.get(job.namespace)
        if not told:
            return NONE
        others = self._by_topic(job.namespace, (each for name, each in told.items() if name != job.name), now)
        own = self._by_topic(job.namespace, [told[job.name]] if job.name in told else [], now)
        for shared in {*others, *own}:
            standing = others.get(shared, NOTHING)
            if standing.beside(own.get(shared, NOTHING)).due(now) and not self._takes((job.namespace, shared), job):
                others[shared] = standing.beside(Standing(taken=True))
        views = self._instruments.of_namespace(job.namespace)
        by_name = {name: others.get(view.spec.limited_with(name)) for name, view in views.items()}
        by_name |= {breaker(name): others.get(breaker(name)) for name in views}
        return {name: standing for name, standing in by_name.items() if standing is not None}

    def done(self, key: Key) -> None:
        """The look at this job is over: whoever was denied the turn asks again."""
        for topic in [topic for topic, turn in self._turns.items() if turn.holder == key]:
            for denied in self._turns.pop(topic).denied:
                self.wake(denied)

    def until(self, topic: Topic, now: float) -> float:
        """The end of the limit there that nobody has come through since; 0 where there is none."""
        namespace, shared = topic
        told = self._told.get(namespace, {}).values()
        standing = self._by_topic(namespace, told, now).get(shared, NOTHING)
        return 0.0 if standing.lifted else standing.until

    def topic_of(self, namespace: str, instrument: str) -> Topic:
        """What an instrument shares a limit with, as this namespace sees it; a breaker is its own."""
        if instrument.startswith(BREAKER):
            return namespace, instrument
        view = self._instruments.of_namespace(namespace).get(instrument)
        shared = f"instrument/{instrument}" if view is None else view.spec.limited_with(instrument)
        return namespace, shared

    def namespaces(self) -> Iterable[str]:
        """Those with anything to tell."""
        return self._told.keys()

    def _takes(self, topic: Topic, job: JobView) -> bool:
        """It has the turn; one that cannot start anything leaves it to others."""
        turn = self._turns.get(topic)
        if turn is None:
            if not (job.spec.paused or job.deleting or job.status.ending is not None or job.status.finished):
                self._turns[topic] = _Turn(job.key)
            return True
        if turn.holder != job.key:
            turn.denied.add(job.key)
        return turn.holder == job.key

    def _by_topic(self, namespace: str, told: Iterable[_Told], now: float) -> dict[str, Standing]:
        """What an idle job waits for is over when it is over: it holds nobody until it has tried."""
        found: dict[str, Standing] = {}
        for each in told:
            for name, mark in each.marks.items():
                if each.idle and mark.until <= now:
                    mark = replace(mark, until=0.0)  # noqa: PLW2901
                _, shared = self.topic_of(namespace, name)
                found[shared] = found.get(shared, NOTHING).beside(mark)
        return found

    def _tell(self, key: Key, told: _Told | None) -> None:
        namespace, name = key
        before = self._told.get(namespace, {}).get(name)
        if before == told:
            return
        if told is not None:
            self._told.setdefault(namespace, {})[name] = told
        else:
            del self._told[namespace][name]
            if not self._told[namespace]:
                del self._told[namespace]
        old, new = before.marks if before else NONE, told.marks if told else NONE
        self._wake_those_behind({self.topic_of(namespace, each) for each in _tried(old, new)})
        for topic in {self.topic_of(namespace, each) for each in {*old, *new}}:
            self.changed(topic)

    def _wake_those_behind(self, topics: set[Topic]) -> None:
        """A probe began, runs or has ended: whoever waits for it looks at what that means."""
        for namespace in {namespace for namespace, _ in topics}:
            for name, told in self._told.get(namespace, {}).items():
                if any(mark.until and self.topic_of(namespace, each) in topics for each, mark in told.marks.items()):
                    self.wake((namespace, name))


def _tried(old: Mapping[str, Standing], new: Mapping[str, Standing]) -> list[str]:
    def tried(marks: Mapping[str, Standing], name: str) -> tuple[object, ...]:
        mark = marks.get(name, NOTHING)
        return mark.probes, mark.proved, name.startswith(BREAKER) and mark.until

    return [name for name in {*old, *new} if tried(old, name) != tried(new, name)]


def _nobody(_what: object) -> None:
    """Before the parts are put together."""
