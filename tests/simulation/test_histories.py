"""Histories that nobody thought of: a hypothesis state machine over the operator's own code and the fake cluster.

Faults first, in any order; then calm: the job must end, its account must be true, and silence must follow.
`MARIANNE_SOAK=1` plays many more and longer ones.
"""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from marianne_operator.plan.decide import decide
from marianne_runner.contract import Rule
from tests.simulation.kubelet_model import NAMESPACE
from tests.simulation.ledger_model import Ledger
from tests.simulation.world import JOB, World
from tests.unit.plan.build import score

FROM_SHEETS = [{"scope": "FromSheet", "fromSheet": number} for number in (1, 2, 9)]
RULE: Rule = {"type": "file_exists", "path": "made", "stage": 1, "retry_count": 0, "retry_delay_ms": 0}
SCORES = {
    "chain": score(3, tries=2, delay_seconds=5, jitter=True, rules=[RULE]),
    "diamond": score(4, needs={2: [1], 3: [1], 4: [2, 3]}, max_concurrent=2, tries=2, delay_seconds=5, rules=[RULE]),
    "fail fast": score(4, needs={4: [1]}, max_concurrent=3, fail_fast=True, tries=1),
    "staggered": score(4, needs={4: [1]}, max_concurrent=3, stagger_ms=700, tries=2, delay_seconds=1),
    "with pauses": score(3, pause_seconds=20, tries=3, delay_seconds=40),
}
LIMIT = {"error_code": "E101", "error_category": "rate_limit", "wait_seconds": 900.0}
HOPELESS = {"error_code": "E999", "error_category": "fatal", "retriable": False}
ENDS = [
    ("completed", ""),
    ("completed", ""),
    ("failed", "ValidationFailed"),
    ("failed", "ValidationFailed", {"executed_pass_percentage": 75.0, "confidence": 1.0}),
    ("failed", "Timeout"),
    ("failed", "ExitCode", LIMIT),
    ("failed", "ExitCode", HOPELESS),
    ("skipped", ""),
]
FAULTS = ["before", "after", "conflict", "throttle", "kill before", "kill after"]
ANY = st.integers(0, 7)
LOOP = asyncio.new_event_loop()


def containers(machine):
    return list(machine.world.kubelet.containers.values())


def performing(machine):
    return [each for each in containers(machine) if each.performing]


def waiting(machine):
    return [each for each in containers(machine) if not each.performing]


def terminating(machine):
    return [each for each in machine.world.kubelet.pods() if "deletionTimestamp" in each["metadata"]]


def pick(some, index):
    return some[index % len(some)]


class Histories(RuleBasedStateMachine):
    """`variant` is what a negative control breaks."""

    variant = {"decides": decide}
    enabled = True

    @initialize(
        which=st.sampled_from(sorted(SCORES)),
        spec=st.sampled_from([{}, {}, {"paused": True}, {"podRetention": "None"}]),
        hopeless=st.sampled_from([(), (), (1,), (2, 3)]),
    )
    def submit(self, which, spec, hopeless):
        """`hopeless` sheets fail whenever nothing else is said."""
        self.world = World(SCORES[which], loop=LOOP, ledger=Ledger(enabled=self.enabled), **self.variant)
        self.world.submit(**spec)
        self.score, self.token, self.hopeless = SCORES[which], 0, hopeless

    def perform(self, container):
        return ("failed", "ExitCode") if container.brief["sheet"] in self.hopeless else ("completed", "")

    # ---- the operator

    @rule()
    def look(self):
        self.world.deliver()
        self.world.work()

    @rule(count=st.integers(1, 3))
    def hear_some(self, count):
        self.world.deliver(count)
        self.world.work()

    @rule()
    def lose_events(self):
        self.world.lose_changes()

    @rule(index=st.integers(0, 60))
    def repeat_an_event(self, index):
        self.world.repeat(index)
        self.world.work()

    @rule()
    def resync(self):
        self.world.resync()
        self.world.work()

    @rule(fault=st.sampled_from(FAULTS), later=st.integers(0, 2))
    def fault(self, fault, later):
        self.world.faults.extend([""] * later + [fault])

    @precondition(lambda self: not self.world.dead)
    @rule()
    def kill_operator(self):
        self.world.kill_operator()

    @precondition(lambda self: self.world.dead)
    @rule()
    def start_operator(self):
        self.world.start_operator()
        self.world.work()

    @rule(deeds=st.integers(1, 6))
    def things_go_well(self, deeds):
        """Everybody does their part for a while, unless the operator is dead; so that histories get somewhere."""
        for _ in range(deeds):
            self.world.deliver()
            self.world.work()
            self.world.promises.check()
            self.world.act_once(self.perform)

    # ---- time

    @rule(seconds=st.sampled_from([0.5, 3, 11, 61, 130, 901]))
    def time_passes(self, seconds):
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([-3600, -5, 5, 3600]))
    def the_wall_clock_steps(self, seconds):
        self.world.time.skew += seconds

    # ---- Pods

    @precondition(lambda self: self.world.kubelet.startable())
    @rule(index=ANY)
    def pod_runs(self, index):
        self.world.kubelet.start(pick(self.world.kubelet.startable(), index))

    @precondition(waiting)
    @rule(index=ANY)
    def runner_looks(self, index):
        self.world.kubelet.look(pick(waiting(self), index))

    @precondition(performing)
    @rule(index=ANY, end=st.sampled_from(ENDS))
    def instrument_ends(self, index, end):
        self.world.kubelet.finish(pick(performing(self), index), *end)

    @precondition(performing)
    @rule(index=ANY)
    def instrument_ends_unheard(self, index):
        self.world.kubelet.finish_unheard(pick(performing(self), index), "completed")

    @precondition(containers)
    @rule(index=ANY, said=st.sampled_from(["Error", "OOMKilled", "Evicted"]))
    def container_dies(self, index, said):
        how = {"pod": {"reason": "Evicted"}} if said == "Evicted" else {"said": said}
        self.world.kubelet.kill(pick(containers(self), index), **how)

    @precondition(containers)
    @rule(index=ANY)
    def sigterm_from_inside(self, index):
        self.world.kubelet.interrupt(pick(containers(self), index))

    @precondition(containers)
    @rule(index=ANY)
    def node_is_lost(self, index):
        pick(containers(self), index).lost = True

    @precondition(lambda self: any(each.lost for each in containers(self)) or self.world.kubelet.untold)
    @rule()
    def nodes_come_back(self):
        self.world.kubelet.recover_nodes()
        self.world.kubelet.reap()

    @precondition(terminating)
    @rule(index=ANY)
    def kubelet_terminates(self, index):
        self.world.kubelet.terminate(pick(terminating(self), index))

    @precondition(lambda self: self.world.kubelet.pods())
    @rule(index=ANY, force=st.booleans())
    def somebody_deletes_a_pod(self, index, force):
        name = pick(self.world.kubelet.pods(), index)["metadata"]["name"]
        self.world.cluster.store.delete("pods", NAMESPACE, name, 0 if force else None)

    # ---- the user

    def edit(self, **spec):
        self.world.cluster.edit_job(NAMESPACE, JOB, **spec)

    @rule(policy=st.sampled_from(["Drain", "Interrupt"]))
    def pause(self, policy):
        self.edit(paused=True, pausePolicy=policy)

    @precondition(lambda self: self.world.spec.get("paused"))
    @rule()
    def resume(self):
        self.edit(paused=None)

    @precondition(lambda self: not self.world.spec.get("cancel"))
    @rule(policy=st.sampled_from(["Graceful", "Now"]))
    def cancel(self, policy):
        self.edit(cancel=True, cancelPolicy=policy)

    @precondition(lambda self: self.world.spec.get("cancel"))
    @rule()
    def unset_cancel(self):
        self.edit(cancel=None)

    @rule(
        scope=st.sampled_from(
            [{}, {"scope": "All"}, *({"scope": "FromSheet", "fromSheet": each} for each in (1, 2, 9))]
        ),
        mode=st.sampled_from(["Run", "ValidateOnly"]),
    )
    def restart(self, scope, mode):
        self.token += 1
        self.edit(restart={"token": str(self.token), "mode": mode, **scope})

    @rule(label=st.sampled_from("ab"), policy=st.sampled_from(["Wait", "Replace"]))
    def edit_something_else(self, label, policy):
        self.edit(sheetTemplate={"labels": {"team": label}}, nodeLostPolicy=policy)

    # ---- what holds

    @invariant()
    def promises_hold(self):
        if hasattr(self, "world"):
            self.world.promises.check()

    def teardown(self):
        if not hasattr(self, "world"):
            return
        self.edit(paused=None)
        self.ends()
        if self.world.job.status.phase != "Completed":
            self.hopeless = ()
            self.edit(cancel=None)
            self.restart({}, "Run")
            self.ends()
            assert self.world.job.status.phase == "Completed", "a restart goes on where it failed"

    def ends(self):
        world = self.world
        world.calm(self.perform)
        world.promises.check()
        world.stay_silent()
        world.promises.check()
        world.promises.check_account(world.job.status, world.job.uid)
        world.promises.check_end(world.job.status, self.score)


SOAK = os.environ.get("MARIANNE_SOAK") == "1"
QUICK_PHASES = (Phase.explicit, Phase.generate)
"""Shrinking a history can take longer than the lane may; a soak does it, and draws new histories each time."""
Histories.TestCase.settings = settings(
    max_examples=4000 if SOAK else 200,
    stateful_step_count=80 if SOAK else 40,
    phases=tuple(Phase) if SOAK else QUICK_PHASES,
    derandomize=not SOAK,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHistories = pytest.mark.timeout(7200 if SOAK else 300)(Histories.TestCase)
