import json
import math
import os

import pytest

from tests.bench.figures import Figures, calls, cpu_seconds, gaps, quantile, resident_mb, table, writes


def seen(chain: str, at: float, done: float) -> dict[str, object]:
    return {"pod": f"{chain}-{at}", "chain": chain, "seen": at, "done": done}


def test_a_gap_is_from_an_end_to_the_next_pod_of_the_same_chain() -> None:
    log = [seen("a", 10.0, 10.5), seen("b", 10.1, 10.2), seen("a", 10.75, 11.0), seen("b", 12.2, 12.3)]
    assert gaps(log) == pytest.approx([0.25, 2.0])
    assert gaps(log[:1]) == []


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([4.0, 1.0, 2.0, 3.0], 0.5, 2.0),
        (list(range(1, 101)), 0.99, 99),
        ([7.0], 0.99, 7.0),
    ],
)
def test_quantiles_are_values_that_were_measured(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == expected
    assert math.isnan(quantile([], share))


def entry(verb: str, resource: str, user: str = "us", stage: str = "ResponseComplete", **more: str) -> str:
    about = {"resource": resource, **more}
    return json.dumps({"verb": verb, "user": {"username": user}, "stage": stage, "objectRef": about})


def test_calls_of_one_user_without_what_a_process_pays_once() -> None:
    audit = [
        entry("create", "pods"),
        entry("create", "pods"),
        entry("update", "mariannejobs", subresource="status"),
        entry("get", "configmaps"),
        entry("list", "pods"),
        entry("watch", "pods"),
        entry("update", "leases"),
        entry("create", "pods", user="another"),
        entry("create", "pods", stage="ResponseStarted"),
    ]
    counted = calls(audit, "us")
    assert counted == {"create pods": 2, "update mariannejobs/status": 1, "get configmaps": 1}
    assert writes(counted) == 3


def test_a_process_s_own_time_and_memory() -> None:
    before = cpu_seconds([os.getpid()])
    for number in range(2_000_000):
        number.bit_length()
    assert cpu_seconds([os.getpid()]) > before
    once = resident_mb([os.getpid()])
    assert 5 < once < 5000
    assert resident_mb([os.getpid()] * 2) == pytest.approx(2 * once, rel=0.2)


def test_the_table_shows_ratios_and_leaves_out_what_was_not_measured() -> None:
    floor = Figures(1, 10, 5.0, math.nan, 1.0, 100.0, 10.0, 2.0, 2.0, 2.0, 40.0, 40.0)
    operator = Figures(1, 10, 7.5, math.nan, 1.0, 60.0, 6.0, 2.2, 2.2, 8.0, 80.0, 120.0)
    lines = table("one chain", floor, operator).splitlines()
    p50 = next(line for line in lines if "p50" in line)
    assert p50.split()[-3:] == ["5.0", "7.5", "1.50"]
    assert not [line for line in lines if "p99" in line]
