"""Histories that nobody thought of: a hypothesis state machine over the operator's own code and the fake cluster.

Faults first, in any order; then calm: the job must end, its account must be true, and silence must follow.
`MARIANNE_SOAK=1` plays many more and longer ones.
"""

import asyncio
import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from marianne_operator.plan.decide import decide
from tests.simulation.kubelet_model import NAMESPACE
from tests.simulation.ledger_model import Ledger
from tests.simulation.world import JOB, World
from tests.unit.plan.build import score

SCORES = {
    "chain": score(3, tries=2, delay_seconds=5, jitter=True),
    "diamond": score(4, needs={2: [1], 3: [1], 4: [2, 3]}, max_concurrent=2, tries=2, delay_seconds=5),
    "fail fast": score(4, needs={4: [1]}, max_concurrent=3, fail_fast=True, tries=1),
    "staggered": score(4, needs={4: [1]}, max_concurrent=3, stagger_ms=700, tries=2, delay_seconds=1),
    "with pauses": score(3, pause_seconds=20, tries=3, delay_seconds=40),
}
ENDS = [("completed", ""), ("completed", ""), ("failed", "ValidationFailed"), ("failed", "Timeout"), ("skipped", "")]
FAULTS = ["before", "after", "conflict", "throttle", "kill before", "kill after"]
ANY = st.integers(0, 7)
LOOP = asyncio.new_event_loop()


class Histories(RuleBasedStateMachine):
    """`variant` is what a negative control breaks."""

    variant = {"decides": decide}
    enabled = True

    @initialize(
        which=st.sampled_from(sorted(SCORES)), spec=st.sampled_from([{}, {"paused": True}, {"podRetention": "None"}])
    )
    def submit(self, which, spec):
        self.world = World(SCORES[which], loop=LOOP, ledger=Ledger(enabled=self.enabled), **self.variant)
        self.world.submit(**spec)
        self.score, self.token = SCORES[which], 0

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

    @rule()
    def kill_operator(self):
        self.world.kill_operator()

    @precondition(lambda self: self.world.dead)
    @rule()
    def start_operator(self):
        self.world.start_operator()
        self.world.work()

    @rule(deeds=st.integers(1, 6), end=st.sampled_from(ENDS))
    def things_go_well(self, deeds, end):
        """Everybody does their part for a while, unless the operator is dead; so that histories get somewhere."""
        for _ in range(deeds):
            self.world.deliver()
            self.world.work()
            self.world.promises.check()
            self.world.act_once(lambda container: end)

    # ---- time

    @rule(seconds=st.sampled_from([0.5, 3, 11, 61, 130, 901]))
    def time_passes(self, seconds):
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([-3600, -5, 5, 3600]))
    def the_wall_clock_steps(self, seconds):
        self.world.time.skew += seconds

    # ---- Pods

    def container(self, index, *, performing=False):
        some = [each for each in self.world.kubelet.containers.values() if each.performing or not performing]
        return some[index % len(some)] if some else None

    @rule(index=ANY)
    def pod_runs(self, index):
        some = self.world.kubelet.startable()
        if some:
            self.world.kubelet.start(some[index % len(some)])

    @rule(index=ANY)
    def runner_looks(self, index):
        if container := self.container(index):
            self.world.kubelet.look(container)

    @rule(index=ANY, end=st.sampled_from(ENDS))
    def instrument_ends(self, index, end):
        if container := self.container(index, performing=True):
            self.world.kubelet.finish(container, *end)

    @rule(index=ANY)
    def instrument_ends_unheard(self, index):
        if container := self.container(index, performing=True):
            self.world.kubelet.finish_unheard(container, "completed")

    @rule(index=ANY, said=st.sampled_from(["Error", "OOMKilled", "Evicted"]))
    def container_dies(self, index, said):
        if container := self.container(index):
            how = {"pod": {"reason": "Evicted"}} if said == "Evicted" else {"said": said}
            self.world.kubelet.kill(container, **how)

    @rule(index=ANY)
    def sigterm_from_inside(self, index):
        if container := self.container(index):
            self.world.kubelet.interrupt(container)

    @rule(index=ANY)
    def node_is_lost(self, index):
        if container := self.container(index):
            container.lost = True

    @rule()
    def nodes_come_back(self):
        self.world.kubelet.recover_nodes()
        self.world.kubelet.reap()

    @rule(index=ANY)
    def kubelet_terminates(self, index):
        some = [each for each in self.world.kubelet.pods() if "deletionTimestamp" in each["metadata"]]
        if some:
            self.world.kubelet.terminate(some[index % len(some)])

    @rule(index=ANY, force=st.booleans())
    def somebody_deletes_a_pod(self, index, force):
        some = self.world.kubelet.pods()
        if some:
            self.world.cluster.store.delete(
                "pods", NAMESPACE, some[index % len(some)]["metadata"]["name"], 0 if force else None
            )

    # ---- the user

    def edit(self, **spec):
        self.world.cluster.edit_job(NAMESPACE, JOB, **spec)

    @rule(policy=st.sampled_from(["Drain", "Interrupt"]))
    def pause(self, policy):
        self.edit(paused=True, pausePolicy=policy)

    @rule()
    def resume(self):
        self.edit(paused=None)

    @rule(policy=st.sampled_from(["Graceful", "Now"]))
    def cancel(self, policy):
        self.edit(cancel=True, cancelPolicy=policy)

    @rule()
    def unset_cancel(self):
        self.edit(cancel=None)

    @rule()
    def restart(self):
        self.token += 1
        self.edit(restart={"token": str(self.token)})

    @rule(label=st.sampled_from("ab"))
    def edit_something_else(self, label):
        self.edit(sheetTemplate={"labels": {"team": label}})

    @rule(policy=st.sampled_from(["Wait", "Replace"]))
    def choose_what_a_lost_node_means(self, policy):
        self.edit(nodeLostPolicy=policy)

    # ---- what holds

    @invariant()
    def promises_hold(self):
        if hasattr(self, "world"):
            self.world.promises.check()

    def teardown(self):
        if not hasattr(self, "world"):
            return
        world = self.world
        self.edit(paused=None)
        world.calm()
        world.promises.check()
        world.stay_silent()
        world.promises.check()
        world.promises.check_account(world.job.status, world.job.uid)
        world.promises.check_end(world.job.status, self.score)


SOAK = os.environ.get("MARIANNE_SOAK") == "1"
Histories.TestCase.settings = settings(
    max_examples=4000 if SOAK else 120,
    stateful_step_count=80 if SOAK else 45,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHistories = Histories.TestCase
