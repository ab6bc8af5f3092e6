"""How often, and how many at once."""

import pytest

from marianne_api.limits import REMEMBERED, Buckets, StreamSlots, TooManyError


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
