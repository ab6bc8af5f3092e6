"""Table L1 of the design in memory: what a runner does with what lies on the claim, and what that promises.

The real ledger is tested over real folders elsewhere. Here it answers as the table says, so that the operator above it
can be driven through every history; and it counts, because counting is the promise: an instrument starts at most once
per attempt, no two of one sheet live at once, and finished work is never done again.
"""

from dataclasses import dataclass, field
from typing import Any

from marianne_runner.contract import Brief, Verdict

STILL_SECONDS = 120.0
Place = tuple[str, int, int]
"""Job UID, sheet, attempt."""


@dataclass(slots=True)
class Marks:
    """One attempt's folder."""

    run: int
    digest: str
    started_by: str
    performed: bool = False
    verdict: Verdict | None = None


@dataclass(slots=True)
class Ledger:
    """`enabled` False is a negative control: every runner performs, whatever was done before."""

    enabled: bool = True
    marks: dict[Place, Marks] = field(default_factory=dict)
    living: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Pod UID to (job UID, sheet): instruments that run."""
    starts: list[Place] = field(default_factory=list)
    excused: set[tuple[str, int]] = field(default_factory=set)
    """(Job UID, sheet) that a restart begins anew, since its status did not say completed."""

    def look(self, brief: Brief, pod_uid: str, waited: float) -> Verdict | str | None:
        """What A's own Pod does: a verdict to give, "perform", or None to wait."""
        if not self.enabled:
            return "perform"
        uid, sheet, attempt = brief["job_uid"], brief["sheet"], brief["attempt"]
        own = self.marks.get((uid, sheet, attempt))
        if own is not None and (own.run, own.digest) != (brief["run"], brief["digest"]) and own.started_by != "closer":
            head = max(number for where, each, number in self.marks if (where, each) == (uid, sheet))
            return self.verdict(brief, pod_uid, "not_started", "LedgerOther", head=head)
        if own is not None:
            return self._again(own, brief, pod_uid, waited)
        if brief["ran"]:
            lost = self.verdict(brief, pod_uid, "lost", "LedgerMissing")
            self.marks[uid, sheet, attempt] = Marks(brief["run"], brief["digest"], "closer", verdict=lost)
            return lost
        return self._after_predecessor(brief, pod_uid, waited)

    def start(self, brief: Brief, pod_uid: str) -> None:
        """The mark `started`, and the instrument."""
        uid, sheet, _ = place = brief["job_uid"], brief["sheet"], brief["attempt"]
        assert place not in self.starts, f"an instrument starts twice for one attempt: {place}"
        assert (uid, sheet) not in self.living.values(), f"two instruments of one sheet live at once: {place}"
        done = [each for each in self.marks if each[:2] == (uid, sheet) and self._finished(self.marks[each])]
        if brief["mode"] != "validate":
            assert not done or (uid, sheet) in self.excused, f"finished work is done again: {done} before {place}"
            self.starts.append(place)
        self.marks[place] = Marks(brief["run"], brief["digest"], pod_uid)
        self.living[pod_uid] = uid, sheet

    def finish(self, brief: Brief, pod_uid: str, verdict: Verdict) -> None:
        """The instrument has ended by itself, and the checks too."""
        self.living.pop(pod_uid, None)
        marks = self.marks[brief["job_uid"], brief["sheet"], brief["attempt"]]
        if marks.verdict is None:
            marks.performed, marks.verdict = True, verdict

    def kill(self, pod_uid: str) -> None:
        """It dies without a mark."""
        self.living.pop(pod_uid, None)

    def verdict(self, brief: Brief, pod_uid: str, outcome: str, reason: str = "", **more: Any) -> Verdict:
        """As the runner would say it."""
        told: dict[str, Any] = {
            "protocol": 1,
            "pod_uid": pod_uid,
            "run": brief["run"],
            "sheet": brief["sheet"],
            "attempt": brief["attempt"],
            "outcome": outcome,
            "reason": reason,
            "message": reason,
            "passed_rules": [],
            "failed_rules": ["rule"] if reason == "ValidationFailed" else [],
        }
        return Verdict(**(told | more))  # type: ignore[typeddict-item]

    def _again(self, own: Marks, brief: Brief, pod_uid: str, waited: float) -> Verdict | None:
        if own.verdict is not None:
            repeated = {**own.verdict, "pod_uid": pod_uid, "performed_by": own.verdict["pod_uid"]}
            return Verdict(**repeated)  # type: ignore[typeddict-item]
        if not self._over(own, waited, brief.get("ended", [])):
            return None
        own.verdict = self.verdict(brief, pod_uid, "lost", "PodLost")
        return own.verdict

    def _after_predecessor(self, brief: Brief, pod_uid: str, waited: float) -> Verdict | str | None:
        uid, sheet, attempt = brief["job_uid"], brief["sheet"], brief["attempt"]
        if "predecessor" not in brief:
            return "perform"
        known = brief["predecessor"].get("ended")
        for number in range(attempt - 1, 0, -1):
            before = self.marks.get((uid, sheet, number))
            if before is None:
                if number < attempt - 1:
                    break
                closed = self.verdict(brief, pod_uid, "not_started")
                before = Marks(brief["run"], brief["digest"], "closer", verdict=closed)
                self.marks[uid, sheet, number] = before
            if before.verdict is None:
                if not self._over(before, waited, [known] if known else []):
                    return None
                before.verdict = self.verdict(brief, pod_uid, "lost", "PodLost")
            if before.started_by != "closer":
                return self._inherited(before, brief, pod_uid) or "perform"
            known = None
        return "perform"

    def _inherited(self, before: Marks, brief: Brief, pod_uid: str) -> Verdict | None:
        """Finished work whose verdict nobody heard: the next attempt says it, and does nothing."""
        same = (before.run, before.digest) == (brief["run"], brief["digest"])
        if not same or before.verdict is None or not self._finished(before):
            return None
        told = {**before.verdict, "pod_uid": pod_uid, "performed_by": before.started_by, "attempt": brief["attempt"]}
        own = Verdict(**told)  # type: ignore[typeddict-item]
        place = brief["job_uid"], brief["sheet"], brief["attempt"]
        self.marks[place] = Marks(brief["run"], brief["digest"], pod_uid, performed=True, verdict=own)
        return own

    def _over(self, marks: Marks, waited: float, ended: list[str]) -> bool:
        """*dead* or *still*."""
        if marks.started_by in ended:
            assert marks.started_by not in self.living, "told that a living container is dead"
            return True
        return marks.started_by not in self.living and waited >= STILL_SECONDS

    def _finished(self, marks: Marks) -> bool:
        return marks.verdict is not None and marks.verdict["outcome"] in ("completed", "skipped")
