"""When a failed sheet tries again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marianne_operator.plan.retry import delay_seconds, may_try_again
from marianne_runner.contract import Retry


def policy(**changes):
    given = {
        "max_retries": 3,
        "base_delay_seconds": 10.0,
        "max_delay_seconds": 60.0,
        "exponential_base": 2.0,
        "jitter": False,
    }
    return Retry(**(given | changes))


@pytest.mark.parametrize(("tries", "delay"), [(1, 10), (2, 20), (3, 40), (4, 60), (1000, 60), (10**9, 60)])
def test_the_delay_grows_to_its_maximum(tries, delay):
    assert delay_seconds(policy(), tries, "s") == delay


@given(tries=st.integers(1, 10**6), seed=st.text(), base=st.floats(0, 3600), power=st.floats(1, 10))
def test_jitter_is_half_up_or_down_after_the_maximum(tries, seed, base, power):
    plain = delay_seconds(policy(base_delay_seconds=base, exponential_base=power), tries, seed)
    drawn = delay_seconds(policy(base_delay_seconds=base, exponential_base=power, jitter=True), tries, seed)
    assert 0.5 * plain <= drawn <= 1.5 * plain


def test_jitter_is_drawn_from_the_seed_alone():
    drawn = {delay_seconds(policy(jitter=True), 1, f"uid/1/{attempt}") for attempt in range(20)}
    assert len(drawn) == 20
    assert delay_seconds(policy(jitter=True), 1, "x") == delay_seconds(policy(jitter=True), 1, "x")


@pytest.mark.parametrize(
    ("retries", "tries", "again"), [(3, 2, True), (3, 3, False), (1, 1, False), (0, 1, False), (0, 0, True)]
)
def test_max_retries_is_the_number_of_tries(retries, tries, again):
    assert may_try_again(policy(max_retries=retries), tries) is again
