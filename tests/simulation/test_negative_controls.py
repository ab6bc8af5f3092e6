"""A test that cannot fail proves nothing: every broken operator, and a runner without a ledger, is found out."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.broken import BROKEN
from tests.simulation.test_histories import Histories

QUICK = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    phases=[phase for phase in settings().phases if phase.name in ("explicit", "generate")],
    suppress_health_check=list(HealthCheck),
)


def found_out(**broken):
    class Broken(Histories):
        pass

    for name, value in broken.items():
        setattr(Broken, name, value)
    try:
        run_state_machine_as_test(Broken, settings=QUICK)
    except AssertionError as error:
        return str(error)
    return ""


def test_the_same_histories_find_nothing_in_the_product():
    assert found_out() == ""


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_a_broken_operator_is_found_out(make):
    assert found_out(variant={"decides": make()})


def test_a_runner_without_a_ledger_is_found_out():
    assert "twice" in found_out(enabled=False) or "again" in found_out(enabled=False)
