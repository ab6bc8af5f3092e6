"""A whole world in memory: the cluster, its nodes, its users, and the operator's own code without Kopf.

The operator is `control.conductor`, as in production: its cache is fed from the fake's changes as a watch would, and
its queue is drained by hand. A dead operator loses cache, queue and memory; a new one lists everything first.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from marianne_operator.control import conductor as parts
from marianne_operator.control.cluster import Body, TooManyRequestsError, UnknownOutcomeError
from marianne_operator.control.metrics import Metrics
from marianne_operator.model.job import JobView
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import Observation, Settings
from marianne_operator.plan.plan import Plan
from marianne_runner.contract import CompiledScore
from tests.simulation.fake_cluster import Call, FakeCluster
from tests.simulation.fake_time import FakeTime
from tests.simulation.kubelet_model import NAMESPACE, Kubelet
from tests.simulation.ledger_model import Ledger
from tests.simulation.object_store import Change
from tests.simulation.promises import Promises

JOB = "tune"
LOOKS_WITHOUT_TIME = 300
"""More looks than this while no time passes is a spinning operator."""
CLI = {
    "apiVersion": "marianne.dev/v1alpha1",
    "kind": "ClusterInstrument",
    "metadata": {"name": "cli"},
    "spec": {"profile": {"cli": {"command": {"executable": "bash"}}}},
}


class KilledError(BaseException):
    """SIGKILL: no `except Exception` of the operator's may see it."""


class World:
    """One job named `tune`, and one operator. `decides` and `ledger` can be broken ones: negative controls."""

    def __init__(
        self,
        score: CompiledScore,
        *,
        decides: Callable[[Observation], Plan] = decide,
        ledger: Ledger | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.score, self.decides = score, decides
        self.time = FakeTime()
        self.cluster = FakeCluster(self.time.now)
        self.cluster.before, self.cluster.after = self._before, self._after
        self.ledger = ledger or Ledger()
        self.kubelet = Kubelet(self.cluster, self.ledger, self.time)
        self.promises = Promises(self.cluster, self.ledger)
        self.loop = loop or asyncio.new_event_loop()
        self.cluster.store.create("clusterinstruments", CLI)
        self.faults: list[str] = []
        """For the next writes, in order: "", "before", "after", "conflict", "throttle", "kill before", "kill after"."""
        self.writes = 0
        self.heard = len(self.cluster.changes)
        self.late: list[Change] = []
        self.dead = False
        self.violations: list[BaseException] = []
        """What broke inside the operator, which would take it for one job's trouble and try again."""
        self.start_operator()

    def close(self) -> None:
        self.loop.close()

    # ---- the operator

    def start_operator(self) -> None:
        """A new process: it lists everything, as Kopf's indexers do, and looks at every job."""
        self.time.forget_alarms()
        self.dead = False
        times = parts.Times(self.time, self.time.time, self.time.now)
        self.operator = parts.build(
            self.cluster, self._compile, Settings(runner_image="runner:1"), times, Metrics("test")
        )
        object.__setattr__(self.operator.reconciler, "decide", self._decide)
        self.heard, self.late = len(self.cluster.changes), []
        self._run(self.operator.resync.everything())

    def kill_operator(self) -> None:
        """Its memory is gone."""
        self.dead = True
        self.time.forget_alarms()

    def work(self) -> None:
        """Look at every job that waits to be looked at, until none does. A kill ends it."""
        if self.dead:
            return
        try:
            self.loop.run_until_complete(self._drain())
        except KilledError:
            self.kill_operator()
        if self.violations:
            raise self.violations[0]

    def resync(self) -> None:
        """What the operator does each five minutes."""
        if not self.dead:
            self._run(self.operator.resync.everything())

    def _run(self, coroutine: Any) -> None:
        try:
            self.loop.run_until_complete(coroutine)
        except KilledError:
            self.kill_operator()

    async def _drain(self) -> None:
        operator, looks = self.operator, 0
        self.time.fire_due()
        while operator.queue.statistics().depth:
            key = await operator.queue.get()
            await operator.reconciler.handle(key)
            operator.queue.done(key)
            self.time.fire_due()
            looks += 1
            assert looks < LOOKS_WITHOUT_TIME, "the operator spins: it asks to look again without time passing"

    def _decide(self, seen: Observation) -> Plan:
        try:
            plan = self.decides(seen)
            assert self.decides is not decide or decide(seen) == plan, "deciding twice is not the same"
            self.promises.intended(plan, seen)
        except Exception as error:
            self.violations.append(error)
            raise
        return plan

    async def _compile(self, source: str | Mapping[str, Any]) -> CompiledScore:
        del source
        return self.score

    # ---- what goes wrong

    def _before(self, call: Call) -> None:
        if self.dead:
            raise KilledError
        if not call.writes or call.resource == "events":
            return
        self.writes += 1
        fault = self.faults[0] if self.faults else ""
        if fault == "conflict":
            self.faults.pop(0)
            self._touch()
        elif fault in ("before", "throttle", "kill before"):
            self.faults.pop(0)
            self._fail(fault)
        try:
            self.promises.before(call)
        except AssertionError as error:
            self.violations.append(error)
            raise

    def _after(self, call: Call) -> None:
        if not call.writes or call.resource == "events" or not self.faults:
            return
        fault = self.faults.pop(0)
        if fault in ("after", "kill after"):
            self._fail(fault)

    def _fail(self, fault: str) -> None:
        if fault.startswith("kill"):
            self.dead = True
            raise KilledError
        if fault == "throttle":
            raise TooManyRequestsError("too many requests", 1.0)
        raise UnknownOutcomeError(f"the connection was reset ({fault} the commit)")

    def _touch(self) -> None:
        """Somebody labels the job just now."""
        if ("mariannejobs", NAMESPACE, JOB) in self.cluster.store.objects:
            label = {"touched": str(self.cluster.store.version)}
            self.cluster.store.update("mariannejobs", NAMESPACE, JOB, lambda job: job["metadata"].update(labels=label))

    # ---- watches

    def deliver(self, count: int | None = None) -> None:
        """The watches tell the next changes, or all; in order, as each watch does."""
        until = len(self.cluster.changes) if count is None else min(self.heard + count, len(self.cluster.changes))
        for change in self.cluster.changes[self.heard : until]:
            self.tell(change)
        self.heard = until

    def lose_changes(self) -> None:
        """A watch swallows what happened; only a listing can tell now."""
        self.heard = len(self.cluster.changes)

    def repeat(self, index: int) -> None:
        """A watch tells something old again."""
        if self.cluster.changes:
            self.tell(self.cluster.changes[index % len(self.cluster.changes)])

    def tell(self, change: Change) -> None:
        """As `watch.py` does."""
        if self.dead:
            return
        gone = change.type == "DELETED"
        if change.resource == "mariannejobs":
            self.operator.job_told(change.body, gone=gone)
        elif change.resource == "pods":
            self.operator.pod_told(change.body, gone=gone)

    # ---- the user

    def submit(self, **spec: Any) -> Body:
        return self.cluster.add_job(NAMESPACE, JOB, {"scoreText": "…", **spec})

    @property
    def job(self) -> JobView:
        return JobView.of(self.cluster.store.get("mariannejobs", NAMESPACE, JOB))

    @property
    def spec(self) -> Mapping[str, Any]:
        """What the user wants, as it is now."""
        spec: Mapping[str, Any] = self.cluster.store.objects["mariannejobs", NAMESPACE, JOB]["spec"]
        return spec

    @property
    def states(self) -> list[str]:
        return [sheet.state for sheet in self.job.status.sheets]

    # ---- time

    def pass_time(self, seconds: float) -> None:
        """Time passes, and what is due is done on time."""
        until = self.time.elapsed + seconds
        while (alarm := self.time.next_alarm()) is not None and alarm < until:
            self.time.elapsed = max(self.time.elapsed, alarm)
            self.work()
        self.time.elapsed = until
        self.work()

    def calm(self, perform: Callable[[Any], tuple[str, str]] = lambda container: ("completed", "")) -> None:
        """No more faults: everybody does their part until the job ends (I5). `perform`: how an instrument ends."""
        self.faults.clear()
        self.kubelet.recover_nodes()
        if self.dead:
            self.start_operator()
        for _ in range(400):
            self.deliver()
            self.work()
            if self.act_once(perform):
                continue
            heard_all = self.heard == len(self.cluster.changes)
            if self.job.status.finished and not self.kubelet.containers and heard_all:
                return
            self.skip_to_next()
        raise AssertionError(f"no progress: {self.job.status.phase}, {self.states}, {self.job.status.waiting}")

    def act_once(self, perform: Callable[[Any], tuple[str, str]]) -> bool:
        """The kubelet's next deed, if there is one."""
        kubelet = self.kubelet
        kubelet.reap()
        for body in kubelet.pods():
            if "deletionTimestamp" in body["metadata"]:
                kubelet.terminate(body)
                return True
        for body in kubelet.startable():
            kubelet.start(body)
            return True
        for container in list(kubelet.containers.values()):
            if container.performing:
                kubelet.finish(container, *perform(container))
                return True
            kubelet.look(container)
            if container.uid not in kubelet.containers or container.performing:
                return True
        return False

    def skip_to_next(self) -> None:
        alarm = self.time.next_alarm()
        step = 60.0 if alarm is None else min(60.0, max(0.001, alarm - self.time.elapsed))
        before = int(self.time.elapsed / 60)
        self.pass_time(step)
        if int(self.time.elapsed / 60) != before:
            self.resync()

    def stay_silent(self) -> None:
        """Two resync periods without one write (I6)."""
        self.resync()
        self.work()
        while self.act_once(lambda container: ("completed", "")) or self.heard < len(self.cluster.changes):
            self.deliver()
            self.work()
        before = self.writes, len(self.cluster.changes)
        for _ in range(10):
            self.pass_time(60)
            self.resync()
            self.deliver()
            self.work()
        assert (self.writes, len(self.cluster.changes)) == before, f"not silent: {self.cluster.calls[-3:]}"
