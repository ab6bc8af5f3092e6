"""Several jobs on one Secret, looked at side by side, without a cluster: their statuses, the index and `decide`."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from marianne_operator.control.instruments import Instruments
from marianne_operator.control.limit_index import Key, LimitIndex
from marianne_operator.control.reconcile import ONCE_MORE_SECONDS
from marianne_operator.model.job import JobView
from marianne_operator.model.names import pod_name
from marianne_operator.model.pod import PodView
from marianne_operator.model.status import JobStatus, SheetStatus
from marianne_operator.plan.clock import seconds
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import Observation
from marianne_operator.plan.plan import Plan
from marianne_runner.contract import CompiledScore, Verdict
from tests.unit.plan.build import NOW, ended, job, observe, running, running_status, score, sheet, verdict

SHARED = {"name": "KEY", "secretKeyRef": {"name": "model", "key": "k"}}
BODY: dict[str, Any] = {
    "metadata": {"name": "cli", "resourceVersion": "1"},
    "spec": {"profile": {"cli": {"command": {"executable": "agent"}}}, "image": "agent:1", "credentials": [SHARED]},
}
OTHER = {**BODY, "metadata": {"name": "other", "resourceVersion": "1"}}


@dataclass(slots=True)
class Look:
    """One that has decided and has yet to act; the job may move on meanwhile."""

    seen: Observation
    plan: Plan


@dataclass(slots=True)
class Jobs:
    """`wanted`: to be looked at; `timers`: when, if nobody asks before."""

    now: float = NOW
    held: dict[str, JobView] = field(default_factory=dict)
    scores: dict[str, CompiledScore] = field(default_factory=dict)
    pods: dict[str, dict[str, PodView]] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    timers: dict[str, float] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)
    instruments: Instruments = field(default_factory=Instruments)
    index: LimitIndex = field(init=False)

    def __post_init__(self) -> None:
        self.instruments.saw(BODY)
        self.instruments.saw(OTHER)
        self.index = LimitIndex(self.instruments)
        self.index.wake = self.wake

    def wake(self, key: Key) -> None:
        if key[1] not in self.wanted:
            self.wanted.append(key[1])

    def add(self, name: str, *sheets: SheetStatus, compiled: CompiledScore | None = None, **spec: Any) -> None:
        sheets = sheets or (sheet(1),)
        made = job(status=running_status(*sheets), name=name, **spec)
        self.scores[name] = compiled or score(len(sheets), needs={}, max_concurrent=2, tries=1)
        self.pods[name] = {}
        self._holds(replace(made, uid=f"uid-of-{name}"))
        self.wake(made.key)

    def edit(self, name: str, **spec: Any) -> None:
        held = self.held[name]
        given = held.spec.model_copy(update=spec)
        self._holds(replace(held, spec=given, resource_version=held.resource_version + 1))
        self.wake(held.key)

    def remove(self, name: str) -> None:
        key = self.held.pop(name).key
        self.index.lost(key)
        self.wake(key)

    # ---- a look, in its two halves

    def observe(self, name: str) -> None:
        """What it is looked at for is done or decided; acting takes its time."""
        self.wanted.remove(name)
        held = self.held.get(name)
        if held is None:
            return
        limits = self.index.standings(held, self.now)
        views = self.instruments.of_namespace(held.namespace).values()
        pods = self.pods[name].values()
        seen = observe(held, self.scores[name], now=self.now, limits=limits, pods=pods, instruments=views)
        self.looks[name] = Look(seen, decide(seen))

    def act(self, name: str) -> None:
        look = self.looks.pop(name)
        held = self.held.get(name)
        fresh = held is not None and held.resource_version == look.seen.job.resource_version
        if held is not None and fresh:
            if look.plan.status is not None:
                told = json.loads(json.dumps(look.plan.status.dump()))
                status = JobStatus.model_validate(told)
                self._holds(replace(held, status=status, resource_version=held.resource_version + 1))
                self._timer(name, self.now + ONCE_MORE_SECONDS)
            for manifest in look.plan.create:
                self._born(name, manifest["metadata"]["name"])
            if look.plan.look_again_at is not None:
                self._timer(name, look.plan.look_again_at)
        elif held is not None:
            self.wake(held.key)
        self.index.done(look.seen.job.key)

    def look(self, name: str) -> None:
        self.observe(name)
        if name in self.looks:
            self.act(name)

    # ---- the world

    def end(self, name: str, number: int, reason: str, **told: Any) -> None:
        """Its instrument ends; an empty reason is success."""
        held = self.held[name].status.sheets[number - 1]
        outcome = "failed" if reason else "completed"
        said: Verdict = verdict(outcome, reason, number, held.attempt, exit_reason="error", **told)
        pod = ended(number, held.attempt, said, name=held.pod_name, owner=self.held[name].uid)
        self.pods[name][pod.name] = pod
        self.wake(self.held[name].key)

    def limit(self, name: str, number: int, wait: float = 600.0) -> None:
        self.end(name, number, "ExitCode", error_code="E101", error_category="rate_limit", wait_seconds=wait)

    def pass_time(self, wait: float) -> None:
        self.now += wait
        for name, when in list(self.timers.items()):
            if when <= self.now and name in self.held:
                self.wake(self.held[name].key)
            if when <= self.now:
                del self.timers[name]

    def settle(self) -> None:
        """Everybody that is to be looked at is, until nobody is."""
        for _ in range(1000):
            for name in list(self.looks):
                self.act(name)
            if not self.wanted:
                return
            self.look(self.wanted[0])
        raise AssertionError("a spinning operator")

    # ---- what is seen

    def sheet(self, name: str, number: int = 1) -> SheetStatus:
        return self.held[name].status.sheets[number - 1]

    def working(self) -> list[tuple[str, SheetStatus]]:
        """The instruments at work."""
        return [(name, each) for name, held in self.held.items() for each in held.status.sheets if each.active]

    def tries(self) -> list[tuple[str, SheetStatus]]:
        """Those that try first."""
        return [(name, each) for name, each in self.working() if each.probe_since is not None]

    def states(self) -> dict[str, list[str]]:
        return {name: [each.state for each in held.status.sheets] for name, held in self.held.items()}

    def until(self, name: str) -> float:
        waiting = self.sheet(name).waiting
        assert waiting is not None and waiting.until is not None
        return seconds(waiting.until)

    def _holds(self, held: JobView) -> None:
        self.held[held.name] = held
        self.index.saw(held)

    def _timer(self, name: str, when: float) -> None:
        self.timers[name] = min(when, self.timers.get(name, when))

    def _born(self, name: str, pod: str) -> None:
        held = self.held[name]
        owner = next(each for each in held.status.sheets if each.pod_name == pod)
        assert pod == pod_name(name, held.uid, owner.num, owner.attempt)
        made = running(owner.num, owner.attempt, name=pod, owner=held.uid, since=self.now, created_at=self.now)
        self.pods[name][pod] = made
        self.wake(held.key)
