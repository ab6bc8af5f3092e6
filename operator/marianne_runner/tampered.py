"""Somebody else than a runner of this job wrote in its ledger: the attempt is lost, and says so (decision 023)."""

import os
from collections.abc import Mapping
from typing import Any, Final, cast

from marianne_runner.contract import Verdict
from marianne_runner.cross_sheet import STDERR, STDOUT
from marianne_runner.marks import PERFORMED, STARTED, VERDICT, AttemptFolder

SHOWN: Final = 3
_JUDGEMENT: Final = ("checks", "validation_passed", "pass_percentage", "executed_pass_percentage", "confidence")


def message(folder: AttemptFolder) -> str:
    """What was found in an attempt's folder."""
    sheet, attempt = folder.path.parent.name[1:], folder.number
    kept = ", ".join(folder.forged[:SHOWN])
    told = f"in the ledger of sheet {sheet}, attempt {attempt}, something else than the runner"
    return f"{told} made or removed marks" + (f"; they are kept as {kept}" if kept else "")


def lost(verdict: Verdict, message: str) -> Verdict:
    """The attempt with all that is known of it, but without a judgement: nothing that it left behind is believed."""
    told = cast(Verdict, {key: value for key, value in verdict.items() if key not in _JUDGEMENT})
    told["outcome"], told["reason"], told["message"] = "lost", "LedgerTampered", message
    told["passed_rules"], told["failed_rules"] = [], []
    return told


def is_intact(folder: AttemptFolder, pod_uid: str) -> bool:
    """Whether an instrument that has just ended left our marks alone, and made none in our place.

    Another Pod that took the attempt over signs what it writes; then it is that which counts.
    """
    if not folder.signs:
        return True
    started = folder.read(STARTED)
    for mark in (PERFORMED, VERDICT):
        folder.read(mark)
    for name in (STDOUT, STDERR):
        if os.path.lexists(folder.path / name):
            folder.set_aside(name)
    return started is not None and started.get("pod_uid") == pod_uid and not folder.forged


def was_found_out(verdict: Mapping[str, Any] | None, pod_uid: str) -> bool:
    """Whether we are the first to say that the attempt was forged: whoever is asked for it now has to be told."""
    return verdict is not None and (verdict["reason"], verdict["pod_uid"]) == ("LedgerTampered", pod_uid)
