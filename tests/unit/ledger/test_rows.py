"""Table L1, row by row, as a pure function."""

from collections.abc import Mapping
from typing import Any

import pytest

from marianne_runner.rows import Sight, Step, is_same_work, next_step

STARTED = {"pod_uid": "worker", "run": 1, "digest": "d"}
PERFORMED = {"pod_uid": "worker", "run": 1, "digest": "d", "exit_code": 0}
VERDICT = {"outcome": "completed", "run": 1, "digest": "d"}
CLOSER = {"closer": 2, "pod_uid": "next"}
DEAD = frozenset({"worker"})
NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("seen", "ran", "ended", "step"),
    [
        (Sight(), False, NOBODY, Step.PERFORM),
        (Sight(), True, NOBODY, Step.CLOSE_LOST),
        (Sight(started=CLOSER), False, NOBODY, Step.CLOSED),
        (Sight(started=CLOSER), True, frozenset({"next"}), Step.CLOSED),
        (Sight(started=STARTED), True, NOBODY, Step.WAIT),
        (Sight(started=STARTED), True, frozenset({"another"}), Step.WAIT),
        (Sight(started=STARTED), True, DEAD, Step.CONCLUDE_LOST),
        (Sight(started=STARTED, still=True), True, NOBODY, Step.FENCE),
        (Sight(started=STARTED, still=True, fenced=True, fenced_by="us"), True, NOBODY, Step.WAIT),
        (Sight(started=STARTED, still=True, fenced=True, obeyed=True, fenced_by="us"), 1, NOBODY, Step.CONCLUDE_LOST),
        (Sight(started=STARTED, fenced=True, obeyed=True, fenced_by="us"), True, NOBODY, Step.WAIT),
        (Sight(started=STARTED, performed=PERFORMED), True, NOBODY, Step.WAIT),
        (Sight(started=STARTED, performed=PERFORMED), True, DEAD, Step.JUDGE),
        (Sight(started=STARTED, performed=PERFORMED, still=True), True, NOBODY, Step.FENCE),
        (Sight(STARTED, PERFORMED, None, "us", still=True, fenced=True, obeyed=True), True, NOBODY, Step.JUDGE),
        (Sight(performed=PERFORMED), True, DEAD, Step.JUDGE),  # `started` was erased
        (Sight(performed=PERFORMED), True, NOBODY, Step.WAIT),
        (Sight(STARTED, PERFORMED, None, fenced_by="judge"), True, DEAD, Step.WAIT),  # a living judge took it over
        (Sight(STARTED, PERFORMED, None, fenced_by="judge"), True, frozenset({"judge"}), Step.JUDGE),
        (Sight(STARTED, PERFORMED, VERDICT), True, DEAD, Step.END),
        (Sight(verdict=VERDICT), False, NOBODY, Step.END),
        (Sight(started=CLOSER, verdict=VERDICT), False, NOBODY, Step.END),
        # ---- something stood in the place of a mark
        (Sight(forged=True), False, NOBODY, Step.WAIT),  # `started` may have been erased: its worker may live
        (Sight(forged=True), True, frozenset({"first"}), Step.CONCLUDE_FORGED),
        (Sight(forged=True, still=True), False, NOBODY, Step.FENCE),
        (Sight(forged=True, still=True, fenced=True, fenced_by="us"), False, NOBODY, Step.WAIT),
        (Sight(forged=True, still=True, fenced=True, obeyed=True, fenced_by="us"), 0, NOBODY, Step.CONCLUDE_FORGED),
        (Sight(started=STARTED, forged=True), True, NOBODY, Step.WAIT),
        (Sight(started=STARTED, forged=True), True, DEAD, Step.CONCLUDE_FORGED),
        (Sight(started=STARTED, performed=PERFORMED, forged=True), True, DEAD, Step.CONCLUDE_FORGED),
        (Sight(started=CLOSER, forged=True), False, NOBODY, Step.CONCLUDE_FORGED),  # its closer died half-way
        (Sight(verdict=VERDICT, forged=True), True, DEAD, Step.END),
    ],
)
def test_every_row(seen: Sight, ran: bool, ended: frozenset[str], step: Step) -> None:
    assert next_step(seen, bool(ran), ended) is step


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        (Sight(), True),
        (Sight(started=CLOSER), True),
        (Sight(started=STARTED), True),
        (Sight(started={**STARTED, "run": 2}), False),
        (Sight(started={**STARTED, "digest": "other"}), False),
        (Sight(performed={**PERFORMED, "run": 2}), False),
        (Sight(verdict={**VERDICT, "run": 2}), False),
        (Sight(verdict={**VERDICT, "digest": "other"}), False),
        (Sight(started=CLOSER, verdict=VERDICT), True),
        (Sight(started=CLOSER, verdict={**VERDICT, "run": 2}), False),
    ],
)
def test_work_of_another_run_or_other_inputs_is_told_apart(seen: Sight, same: bool) -> None:
    assert is_same_work(seen, 1, "d") is same


@pytest.mark.parametrize(
    ("started", "fenced_by", "worker"),
    [(STARTED, "", "worker"), (STARTED, "judge", "judge"), (None, "", ""), (None, "judge", "judge")],
)
def test_the_worker_is_who_took_it_over(started: Mapping[str, Any] | None, fenced_by: str, worker: str) -> None:
    assert Sight(started=started, fenced_by=fenced_by).worker == worker
