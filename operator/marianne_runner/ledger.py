"""What the ledger says of an attempt, and what follows: table L1 of the design, one row after the other.

The same rows decide on our own attempt (may we perform?) and on the one before ours (has it ended?). Time and the
signal to stop are passed in.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from marianne_runner.contract import Brief
from marianne_runner.marks import PERFORMED, STARTED, VERDICT, AttemptFolder


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. A worker that beats no more for `still` is taken for gone; a fence is given two beats to be seen."""

    beat: float = 5.0
    still: float = 120.0
    poll: float = 0.5

    @property
    def fence(self) -> float:
        """How long a fence needs to be obeyed."""
        return 2 * self.beat


@dataclass(frozen=True, slots=True)
class Known:
    """What the operator knows: a container of the attempt was seen running, and which Pods have surely ended."""

    ran: bool
    ended: Collection[str]


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds, and a wait that raises `Terminated` when we are told to stop."""

    now: Callable[[], float]
    wait: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """`free`: nothing was done. `done`: there is a verdict. `work`: it was performed and never judged."""

    kind: Literal["free", "done", "work", "other"]
    verdict: dict[str, Any] | None = None


FREE: Final = Finding("free")
WORK: Final = Finding("work")
OTHER: Final = Finding("other")


class SheetLedger:
    """`<ledger>/<job uid>/s<sheet>`."""

    def __init__(self, ledger: Path, brief: Brief, pod_uid: str, timing: Timing, clock: Clock) -> None:
        self.path = ledger / brief["job_uid"] / f"s{brief['sheet']}"
        self._brief, self._pod_uid, self._timing, self._clock = brief, pod_uid, timing, clock

    def attempt(self, number: int) -> AttemptFolder:
        """The folder of one attempt of this sheet."""
        return AttemptFolder(self.path / f"a{number}")

    @property
    def head(self) -> int:
        """The highest attempt that the ledger holds."""
        numbers = [int(each.name[1:]) for each in self.path.glob("a*") if each.name[1:].isdecimal()]
        return max(numbers, default=0)

    def own(self, folder: AttemptFolder) -> Finding:
        """May this Pod perform its attempt?"""
        known = Known(self._brief["ran"], self._brief.get("ended", ()))
        return self._look(folder, known, mine=True)

    def predecessor(self) -> Finding:
        """The attempt before ours: in the end it is closed for good, and its Pod can no longer work on it."""
        told = self._brief.get("predecessor")
        if told is None:
            return FREE
        folder = self.attempt(told["attempt"])
        folder.prepare()
        known = Known(told["ran"], [told["ended"]] if "ended" in told else ())
        return self._look(folder, known, mine=False)

    def _look(self, folder: AttemptFolder, known: Known, *, mine: bool) -> Finding:
        while True:
            verdict, started = folder.read(VERDICT), folder.read(STARTED)
            if mine and self._is_other(verdict, started):
                return OTHER
            if verdict is not None:
                return Finding("done", verdict)
            if started is None:
                if folder.read(PERFORMED) is not None:
                    return WORK  # inherited, and stopped before that was marked
                if mine and not known.ran:
                    return FREE
                if self._close(folder, ran=known.ran):
                    return FREE if not mine else Finding("done", folder.read(VERDICT))
            elif "closer" in started:
                if not mine:
                    return FREE
                self._lost(folder, "PodLost", f"attempt {started['closer']} closed this one before it had started")
            else:
                dead = started["pod_uid"] in known.ended
                if (dead or not self._beats_on(folder)) and self._take(folder, dead=dead):
                    return WORK

    def _is_other(self, verdict: dict[str, Any] | None, started: dict[str, Any] | None) -> bool:
        """What is on disk belongs to another run, or to other inputs: an older state of the API server came back."""
        if started is not None and "closer" not in started:
            return (started["run"], started["digest"]) != (self._brief["run"], self._brief["digest"])
        return verdict is not None and bool(verdict["run"] != self._brief["run"])

    def _close(self, folder: AttemptFolder, *, ran: bool) -> bool:
        """Nothing on disk: it never ran, or what it wrote is gone. False: look again."""
        if ran:
            return self._lost(folder, "LedgerMissing", "the sheet had run, but the ledger holds nothing of it")
        return folder.link(STARTED, {"closer": self._brief["attempt"], "pod_uid": self._pod_uid})

    def _beats_on(self, folder: AttemptFolder) -> bool:
        """Wait while its worker lives; False when it has been still for too long, True when there is a new mark."""
        marks = folder.read(PERFORMED), folder.read(VERDICT)
        seen, since = folder.last_beat(), self._clock.now()
        while self._clock.now() - since < self._timing.still:
            self._clock.wait(self._timing.poll)
            if (folder.read(PERFORMED), folder.read(VERDICT)) != marks:
                return True
            if (beat := folder.last_beat()) != seen:
                seen, since = beat, self._clock.now()
        return False

    def _take(self, folder: AttemptFolder, *, dead: bool) -> bool:
        """Its worker is gone or as good as gone: fence it, and see what it left. True: work that wants judging."""
        folder.fence()
        until = self._clock.now() + (0.0 if dead else self._timing.fence)
        while self._clock.now() < until and folder.read(VERDICT) is None:
            self._clock.wait(self._timing.poll)
        if folder.read(VERDICT) is not None:
            return False
        if folder.read(PERFORMED) is not None:
            return True
        self._lost(folder, "PodLost", "the Pod was lost while its instrument ran; what that cost is not known")
        return False

    def _lost(self, folder: AttemptFolder, reason: str, message: str) -> bool:
        return folder.link(VERDICT, lost(self._brief, folder, reason, message))


def lost(brief: Brief, folder: AttemptFolder, reason: str, message: str) -> dict[str, Any]:
    """A verdict of `outcome: lost`, as it stands in the ledger."""
    started = folder.read(STARTED) or {}
    return {
        "protocol": brief["protocol"],
        "pod_uid": started.get("pod_uid", ""),
        "run": started.get("run", brief["run"]),
        "sheet": brief["sheet"],
        "attempt": int(folder.path.name[1:]),
        "outcome": "lost",
        "reason": reason,
        "message": message,
        "passed_rules": [],
        "failed_rules": [],
    }
