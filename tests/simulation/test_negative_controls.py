"""A test that cannot fail proves nothing: every broken operator, and a runner without a ledger, is found out."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from marianne_operator.plan.decide import decide
from tests.simulation import test_table_l2
from tests.simulation.broken import BROKEN
from tests.simulation.test_histories import QUICK_PHASES, Histories

QUICK = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    phases=QUICK_PHASES,
    suppress_health_check=list(HealthCheck),
)


SCENES = (
    test_table_l2.test_a_verdict_is_accounted,
    test_table_l2.test_force_deleted_finished_but_before_it_was_accounted,
    test_table_l2.test_evicted,
)


def found_out(**broken):
    """What the first of them says that notices; "" if none does. Histories are played only if no scene notices."""
    try:
        for scene in SCENES:
            test_table_l2.play(scene, decides=broken.get("decides", decide), enabled=broken.get("enabled", True))
        run_state_machine_as_test(type("Broken", (Histories,), _variant(**broken)), settings=QUICK)
    except AssertionError as error:
        return str(error)
    return ""


def _variant(enabled=True, **variant):
    return {"enabled": enabled, "variant": variant}


def test_the_same_scenes_and_histories_find_nothing_in_the_product():
    assert found_out() == ""


WORDS = {
    "random names": "without an intent",
    "another attempt for a lost Pod": "2 == 1",  # the ledger saves the work; the attempt number tells
    "never silent": "not silent",
    "deaf to cancel": "after the cancel",
    "endless retries": "",  # no progress, or a finished job that goes on: what is met first
    "attempt numbers that start again": "",
    "finished work is forgotten": "",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_operator_is_found_out(name):
    told = found_out(decides=BROKEN[name]())
    assert told
    assert WORDS[name] in told


def test_a_runner_without_a_ledger_is_found_out():
    assert "starts twice" in found_out(enabled=False)
