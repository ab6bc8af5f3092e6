"""When a failed sheet tries again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marianne_operator.plan.retry import Abort, adaptive_delay, delay_seconds, may_try_again
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


def errors(*codes, apart=100.0):
    return [(code, index * apart) for index, code in enumerate(codes)]


@pytest.mark.parametrize(
    ("tries", "known", "wait", "delay"),
    [
        (1, errors("E009"), None, 10.0),
        (2, errors("E001", "E009"), None, 15.0),
        (3, errors("E002", "E001", "E009"), None, 22.5),
        (1, errors("E999"), 7.0, 30.0),
        (1, errors("E003"), 7.0, 7.0),
        (2, errors("E001", "E003"), None, 20.0),
        (1, errors("E006"), None, 60.0),
        (2, errors("E009", "E009"), None, 40.0),
        (1, errors("E002", "E001", "E009", apart=30.0), None, 20.0),
        (3, errors("E009", "E009", "E009", apart=1.0), None, 60.0),
        (10**9, errors("E009"), None, 60.0),
    ],
    ids=["its own", "grows by half", "and again", "its own before what is suggested", "suggested", "neither",
         "the maximum", "repeated", "rapid", "rapid before repeated", "no overflow"],
)  # fmt: skip
def test_the_delay_follows_the_error(tries, known, wait, delay):
    assert adaptive_delay(policy(), tries, known, wait, "s") == delay


@pytest.mark.parametrize("known", [errors("E009", "E009", "E009"), errors("E001", "E002", "E009", "E999"),
                                   errors("E009", "E001", "E009", "E002", "E009")])  # fmt: skip
def test_errors_that_another_try_will_not_end(known):
    assert isinstance(adaptive_delay(policy(), 3, known, None, "s"), Abort)


@given(seed=st.text(), tries=st.integers(1, 99))
def test_the_jitter_of_an_error_makes_it_longer_by_a_quarter_at_most(seed, tries):
    plain = adaptive_delay(policy(), tries, errors("E009"), None, seed)
    drawn = adaptive_delay(policy(jitter=True), tries, errors("E009"), None, seed)
    assert plain <= drawn <= 1.25 * plain
    assert drawn == adaptive_delay(policy(jitter=True), tries, errors("E009"), None, seed)
