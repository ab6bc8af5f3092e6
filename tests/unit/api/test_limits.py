"""How often, and how many at once."""

import asyncio

import pytest

from marianne_api.limits import REMEMBERED, Buckets, StreamSlots, TooManyError, Turns


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _taken(buckets: Buckets, key: str, most: int = 1000) -> int:
    for number in range(most):
        try:
            buckets.take(key)
        except TooManyError:
            return number
    return most


def test_a_burst_and_then_a_rate():
    clock = Clock()
    buckets = Buckets(2.0, 5, clock)
    assert _taken(buckets, "a") == 5
    clock.now = 1.0
    assert _taken(buckets, "a") == 2
    clock.now = 100.0
    assert _taken(buckets, "a") == 5


def test_refusals_cost_nothing_and_name_the_wait():
    clock = Clock()
    buckets = Buckets(0.5, 1, clock)
    buckets.take("a")
    for _ in range(10):
        with pytest.raises(TooManyError) as refused:
            buckets.take("a")
        assert refused.value.retry_after == 2
    clock.now = 2.0
    buckets.take("a")


def test_one_does_not_use_up_anothers():
    buckets = Buckets(1.0, 3, Clock())
    assert _taken(buckets, "a") == 3
    assert _taken(buckets, "b") == 3


def test_memory_is_bounded_and_the_busy_are_remembered():
    buckets = Buckets(1.0, 2, Clock())
    assert _taken(buckets, "busy") == 2
    for number in range(REMEMBERED * 2):
        buckets.take(f"key-{number}")
        if number % 100 == 0:
            assert _taken(buckets, "busy") == 0
    assert len(buckets._held) == REMEMBERED
    assert _taken(buckets, f"key-{REMEMBERED * 2 - 1}") == 1


def test_streams_of_one_and_of_all():
    slots = StreamSlots(each=2, in_all=3)
    with slots.slot("a"), slots.slot("a"):
        with pytest.raises(TooManyError), slots.slot("a"):
            pass
        with slots.slot("b"):
            with pytest.raises(TooManyError), slots.slot("c"):
                pass
            assert slots.open == 3
        with slots.slot("c"):
            pass
    assert slots.open == 0
    assert slots._open == {}


async def test_one_turn_each_and_a_short_line():
    turns, told, go_on = Turns(waiting=1), [], asyncio.Event()

    async def work(key: str, number: int) -> None:
        async with turns.turn(key):
            told.append((key, number))
            await go_on.wait()

    tasks = [asyncio.create_task(work(key, number)) for key in "ab" for number in range(2)]
    await asyncio.sleep(0)
    assert told == [("a", 0), ("b", 0)]
    with pytest.raises(TooManyError):
        await work("a", 2)
    tasks[1].cancel()
    go_on.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert told == [("a", 0), ("b", 0), ("b", 1)]
    assert turns._lines == {}


async def test_who_comes_while_another_is_in_turn_waits():
    turns, doors = Turns(waiting=2), [asyncio.Event() for _ in range(3)]
    inside = []

    async def work(number: int) -> None:
        async with turns.turn("a"):
            inside.append(number)
            await doors[number].wait()

    tasks = [asyncio.create_task(work(number)) for number in range(2)]
    await asyncio.sleep(0)
    doors[0].set()
    await tasks[0]
    tasks.append(asyncio.create_task(work(2)))
    await asyncio.sleep(0)
    assert inside == [0, 1]
    doors[1].set()
    doors[2].set()
    await asyncio.gather(*tasks)
    assert inside == [0, 1, 2]
