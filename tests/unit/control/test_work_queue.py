"""The work queue, with time told by hand."""

import asyncio

import pytest

from marianne_operator.control.work_queue import WorkQueue
from tests.unit.control.given import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def queue(clock: HandClock) -> WorkQueue[str]:
    return WorkQueue(clock)


async def taken(queue: WorkQueue[str]) -> list[str]:
    """Everything that can be had at once."""
    keys = []
    while queue.statistics().depth:
        keys.append(await queue.get())
    return keys


async def test_a_key_waits_once(queue: WorkQueue[str]) -> None:
    for key in ("a", "b", "a"):
        queue.add(key)
    assert await taken(queue) == ["a", "b"]


async def test_a_key_in_work_comes_back_afterwards(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await queue.get()
    queue.add("a")
    assert queue.statistics().depth == 0, "nobody else gets it meanwhile"
    queue.done("a")
    assert await taken(queue) == ["a"]
    queue.done("a")
    assert await taken(queue) == []


async def test_workers_wait_for_a_key(queue: WorkQueue[str]) -> None:
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.add("a")
    assert await asyncio.wait_for(waiting, 1) == "a"


async def test_the_earliest_timer_wins(queue: WorkQueue[str], clock: HandClock) -> None:
    queue.add_after("a", 10)
    queue.add_after("a", 5)
    queue.add_after("a", 20)
    assert queue.statistics().timers == 1
    clock.advance(4.9)
    assert await taken(queue) == []
    clock.advance(0.2)
    assert await taken(queue) == ["a"]
    queue.done("a")
    clock.advance(60)
    assert await taken(queue) == []


async def test_a_moment_that_is_past_is_now(queue: WorkQueue[str], clock: HandClock) -> None:
    queue.add_after("a", -5)
    clock.advance(0)
    assert await taken(queue) == ["a"]


async def test_backoff_doubles_to_a_minute_for_each_key(queue: WorkQueue[str], clock: HandClock) -> None:
    waits = []
    for _ in range(11):
        queue.retry("a")
        waits.append(round(clock.timers[0].when() - clock.at, 3))
        clock.advance(60)
        await taken(queue)
        queue.done("a")
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60]
    queue.retry("b")
    assert clock.timers[0].when() - clock.at == pytest.approx(0.2)


async def test_success_ends_the_backoff(queue: WorkQueue[str], clock: HandClock) -> None:
    queue.retry("a")
    queue.retry("a")
    assert queue.statistics().failing == 1
    queue.succeeded("a")
    clock.advance(1)
    queue.retry("a")
    assert clock.timers[0].when() - clock.at == pytest.approx(0.2)


async def test_first_failures_may_wait_for_nothing(queue: WorkQueue[str], clock: HandClock) -> None:
    waits = []
    for _ in range(4):
        queue.retry("a", at_once=2)
        waits.append(round(clock.timers[0].when() - clock.at, 3))
        clock.advance(1)
    assert waits == [0, 0, 0.2, 0.4]


async def test_a_server_that_asks_for_time_gets_it(queue: WorkQueue[str], clock: HandClock) -> None:
    queue.retry("a", at_least=7)
    assert clock.timers[0].when() - clock.at == 7


async def test_the_oldest_item_tells_of_a_stuck_worker(queue: WorkQueue[str], clock: HandClock) -> None:
    assert queue.statistics().oldest_seconds == 0
    queue.add("a")
    clock.advance(5)
    assert queue.statistics().oldest_seconds == 5
    await queue.get()
    clock.advance(5)
    assert queue.statistics().oldest_seconds == 10, "in work counts too"
    queue.add("a")
    queue.done("a")
    assert queue.statistics().oldest_seconds == 0, "it comes back as new"
    await queue.get()
    queue.done("a")
    clock.advance(5)
    assert queue.statistics().oldest_seconds == 0
