"""The ledger of one sheet: what its attempts' folders show over time, and the steps of table L1 that only write marks.

Time and the signal to stop are passed in: `Clock.sleep` may raise, and then nothing was done that is not done whole.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from marianne_runner import verdicts
from marianne_runner.contract import Brief
from marianne_runner.marks import PERFORMED, STARTED, VERDICT, AttemptFolder
from marianne_runner.rows import Sight, Step, is_same_work, next_step
from marianne_runner.seal import Seal
from marianne_runner.tampered import message
from marianne_runner.timing import Clock, Timing

LOST: Final = "the Pod was lost while its instrument ran; what that cost is not known"
MISSING: Final = "a container of this attempt was seen running, but the ledger holds nothing of it"
OF_ANOTHER_RUN: Final = "it was performed for another run or other inputs, and never judged"


class Finding(NamedTuple):
    """What an attempt has come to. `same_work`: of our run and our inputs."""

    step: Step
    seen: Sight
    folder: AttemptFolder
    same_work: bool = True


class SheetLedger:
    """`<ledger>/<job uid>/s<sheet>`."""

    def __init__(
        self, ledger: Path, brief: Brief, pod_uid: str, timing: Timing, clock: Clock, seal: Seal | None = None
    ) -> None:
        self.path, self._seal = ledger / brief["job_uid"] / f"s{brief['sheet']}", seal
        self._brief, self._pod_uid, self._timing, self._clock = brief, pod_uid, timing, clock

    def attempt(self, number: int) -> AttemptFolder:
        """The folder of one attempt of this sheet."""
        return AttemptFolder(self.path / f"a{number}", self._seal)

    @property
    def head(self) -> int:
        """The highest attempt that the ledger holds; 0 for none."""
        names = [each.name[1:] for each in self.path.glob("a*")]
        return max((int(name) for name in names if name.isdecimal()), default=0)

    def own(self) -> Finding:
        """Our attempt: PERFORM, JUDGE, END or CLOSED, or of other work. Waits while another Pod works on it."""
        folder = self.attempt(self._brief["attempt"])
        folder.prepare()
        ended = frozenset(self._brief.get("ended", ()))
        return self._settled(folder, ran=self._brief["ran"], ended=ended, ours=True)

    def before(self) -> Finding | None:
        """What was done before ours, closed for good: JUDGE or END, or None where nothing of it concerns us.

        An attempt that ended before it had looked back, since it was never started or left nothing, says nothing of
        those before it: they are looked at in its place.
        """
        told = self._brief.get("predecessor")
        if told is None:
            return None
        ran, ended = told["ran"], frozenset({told["ended"]} if "ended" in told else ())
        self.attempt(told["attempt"]).prepare()
        for number in range(told["attempt"], 0, -1):
            folder = self.attempt(number)
            if not folder.path.is_dir():
                return None
            found = self._settled(folder, ran=ran, ended=ended, ours=False)
            if not found.same_work:
                return None
            if found.step is not Step.CLOSED and (found.seen.verdict or {}).get("reason") != "LedgerMissing":
                return found
            ran, ended = False, frozenset()
        return None

    def _settled(self, folder: AttemptFolder, *, ran: bool, ended: frozenset[str], ours: bool) -> Finding:
        watch = Watch(folder, self._pod_uid, self._timing, self._clock)
        while True:
            seen = watch.see()
            same = is_same_work(seen, self._brief["run"], self._brief["digest"])
            step = next_step(seen, ran, ended)
            if ours and (not same or step is Step.PERFORM):
                return Finding(step, seen, folder, same)
            match step:
                case Step.WAIT:
                    self._clock.sleep(self._timing.look)
                case Step.FENCE:
                    watch.fence()
                case Step.PERFORM:
                    folder.link(STARTED, self._closer())
                case Step.CLOSE_LOST:
                    if folder.link(STARTED, self._closer()):
                        self._lost(folder, seen, "LedgerMissing", MISSING)
                case Step.CONCLUDE_FORGED:
                    folder.link(STARTED, self._closer())
                    self._lost(folder, seen, "LedgerTampered", message(folder))
                case Step.CONCLUDE_LOST:
                    self._lost(folder, seen, "PodLost", LOST)
                case Step.JUDGE if not same:
                    self._lost(folder, seen, "PodLost", OF_ANOTHER_RUN)
                case _:
                    return Finding(step, seen, folder, same)

    def _closer(self) -> dict[str, Any]:
        """Whoever comes later to this attempt finds it closed by ours."""
        return {"closer": self._brief["attempt"], "pod_uid": self._pod_uid}

    def _lost(self, folder: AttemptFolder, seen: Sight, reason: Any, message: str) -> None:  # noqa: ANN401
        verdict = verdicts.plain(self._brief, self._pod_uid, "lost", reason, message)
        mark: Mapping[str, Any] = seen.started or seen.performed or {}
        verdict["attempt"], verdict["run"] = folder.number, mark.get("run", self._brief["run"])
        if seen.worker:
            verdict["performed_by"] = seen.worker
        folder.link(VERDICT, {**verdict, "digest": mark.get("digest", self._brief["digest"])})


class Watch:
    """One attempt's folder over time, by our own clock: a file's times and another's clock can lie."""

    def __init__(self, folder: AttemptFolder, pod_uid: str, timing: Timing, clock: Clock) -> None:
        self._folder, self._pod_uid, self._timing, self._clock = folder, pod_uid, timing, clock
        self._sign: tuple[bytes, str] | None = None
        """Of life: the last beat, and who took the attempt over."""
        self._since = 0.0
        self._fenced_at: float | None = None

    def see(self) -> Sight:
        """The folder as it is now. Raises `UnreadableMarkError`."""
        folder, now = self._folder, self._clock.monotonic()
        fenced_by = folder.fenced_by
        if (sign := (folder.last_beat(), fenced_by)) != self._sign:
            self._sign, self._since = sign, now
        fenced_at = self._fenced_at if fenced_by == self._pod_uid else None
        started, performed, verdict = (folder.read(mark) for mark in (STARTED, PERFORMED, VERDICT))
        return Sight(
            started=started,
            performed=performed,
            verdict=verdict,
            forged=bool(folder.forged),
            fenced_by=fenced_by,
            still=now - self._since >= self._timing.still,
            fenced=fenced_at is not None,
            obeyed=fenced_at is not None and now - fenced_at >= 2 * self._timing.beat,
        )

    def fence(self) -> None:
        """The attempt is ours from now on; whoever worked on it sees so at its next beat."""
        self._folder.fence(self._pod_uid)
        self._sign = (self._folder.last_beat(), self._pod_uid)
        self._fenced_at = self._clock.monotonic()
