"""The Lease, among several who want it, over the fake API and with time told by hand."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from marianne_operator.control.cluster import UnknownOutcomeError
from marianne_operator.control.lease import Lease, LeaseLostError, Pace, Place
from tests.simulation.fake_cluster import Call, FakeCluster
from tests.unit.control.given import NOW, HandClock

PACE = Pace(duration=15, deadline=10, period=0.001)
"""The period is waited for on the event loop; all else passes on the hand clock."""


class Stage:
    """One cluster, and who leads on it."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(lambda: NOW)
        self.clock = HandClock()
        self.leading: list[str] = []
        self.cut_off: set[str] = set()

    def lease(self, who: str) -> Lease:
        return Lease(_Wire(self, who), Place("default", "conductor", who), lambda: {"who": who}, self.clock, PACE)

    def join(self, who: str) -> "asyncio.Task[None]":
        return asyncio.ensure_future(self.lease(who).hold(lambda: self._lead(who)))

    async def _lead(self, who: str) -> None:
        self.leading.append(who)
        assert len(self.leading) == 1, self.leading
        try:
            await asyncio.Event().wait()
        finally:
            self.leading.remove(who)

    @property
    def held(self) -> dict[str, Any]:
        return self.cluster.store.get("leases", "default", "conductor")


class _Wire:
    """The way of one member to the cluster, which can be cut."""

    def __init__(self, stage: Stage, who: str) -> None:
        self._stage, self._who = stage, who

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def call(*arguments: Any) -> Any:
            if self._who in self._stage.cut_off:
                raise UnknownOutcomeError("cut off")
            return await getattr(self._stage.cluster, name)(*arguments)

        return call


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)


async def end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_leads_and_hands_over_at_once(stage: Stage) -> None:
    first, second = stage.join("a"), stage.join("b")
    await until(lambda: stage.leading == ["a"])
    await end(first)
    assert stage.held["spec"]["holderIdentity"] in ("", "b"), "handed back, not left to run out"
    await until(lambda: stage.leading == ["b"])
    assert stage.clock.at == 1000, "without waiting for anything to run out"
    await end(second)


async def test_a_silent_leader_stops_before_the_next_one_starts(stage: Stage) -> None:
    first, second = stage.join("a"), stage.join("b")
    await until(lambda: stage.leading == ["a"])
    stage.cut_off.add("a")
    renewals = len(stage.cluster.calls)
    await until(lambda: len(stage.cluster.calls) > renewals + 5)
    assert stage.leading == ["a"], "a short cut is survived"
    stage.clock.advance(10.1)
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(first, 5)
    assert stage.leading == [], "nobody leads between deadline and duration"
    stage.clock.advance(5)
    await until(lambda: stage.leading == ["b"])
    await end(second)


async def test_the_next_one_waits_for_the_whole_duration(stage: Stage) -> None:
    first = stage.join("a")
    await until(lambda: stage.leading == ["a"])
    stage.cut_off.add("a")
    seen = len(stage.cluster.calls)
    second = stage.join("b")
    await until(lambda: len(stage.cluster.calls) > seen)
    stage.clock.advance(14.9)
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(first, 5)
    seen = len(stage.cluster.calls)
    await until(lambda: len(stage.cluster.calls) > seen + 5)
    assert stage.leading == []
    stage.clock.advance(0.2)
    await until(lambda: stage.leading == ["b"])
    await end(second)


async def test_a_restarted_container_goes_on_at_once(stage: Stage) -> None:
    first = stage.join("pod-uid")
    await until(lambda: stage.leading == ["pod-uid"])
    stage.cut_off.add("pod-uid")
    await end(first)
    assert stage.held["spec"]["holderIdentity"] == "pod-uid", "it could not hand it back"
    stage.cut_off.clear()
    again = stage.join("pod-uid")
    await until(lambda: stage.leading == ["pod-uid"])
    assert stage.clock.at == 1000 and stage.held["spec"]["leaseTransitions"] == 1
    await end(again)


async def test_a_lease_that_was_taken_ends_the_work_at_once(stage: Stage) -> None:
    first = stage.join("a")
    await until(lambda: stage.leading == ["a"])
    stage.cluster.store.update("leases", "default", "conductor", lambda body: body["spec"].update(holderIdentity="b"))
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(first, 5)
    assert stage.held["spec"]["holderIdentity"] == "b", "and it is not released for the other"


async def test_renewals_carry_the_conductors_status_in_one_write(stage: Stage) -> None:
    first = stage.join("a")
    await until(lambda: len(stage.cluster.calls) > 6)
    assert {call.verb for call in stage.cluster.calls[3:]} == {"put"}
    assert stage.held["metadata"]["annotations"] == {"who": "a"}
    await end(first)


async def test_somebody_elses_edit_of_the_lease_is_survived(stage: Stage) -> None:
    first = stage.join("a")
    await until(lambda: stage.leading == ["a"])
    stage.cluster.store.update(
        "leases", "default", "conductor", lambda body: body["metadata"].setdefault("labels", {}).update(x="y")
    )
    seen = len(stage.cluster.calls)
    await until(lambda: len(stage.cluster.calls) > seen + 5)
    assert stage.leading == ["a"] and stage.held["metadata"]["labels"] == {"x": "y"}
    await end(first)


async def test_what_ends_the_work_is_told(stage: Stage) -> None:
    async def fail() -> None:
        raise ValueError("defect")

    with pytest.raises(ValueError, match="defect"):
        await stage.lease("a").hold(fail)
    assert stage.held["spec"]["holderIdentity"] == ""


async def test_a_write_whose_answer_was_lost_is_ours(stage: Stage) -> None:
    lost = iter([True])

    def lose(call: Call) -> None:
        if call.verb == "create" and next(lost, False):
            raise UnknownOutcomeError("no answer")

    stage.cluster.after = lose
    first = stage.join("a")
    await until(lambda: stage.leading == ["a"])
    await end(first)
