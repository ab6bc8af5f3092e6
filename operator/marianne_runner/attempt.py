"""One attempt, from the brief to the verdict: the ledger first, then the work, then the checks (design §4, §6)."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from marianne_runner import approval, cross_sheet, evidence, tampered, unusable, verdicts
from marianne_runner.afresh import begin_afresh
from marianne_runner.command import InstrumentMissingError
from marianne_runner.contract import Verdict, VerdictReason
from marianne_runner.heart import Heart
from marianne_runner.judgement import judge
from marianne_runner.ledger import Finding, SheetLedger
from marianne_runner.marks import PERFORMED, STARTED, VERDICT, AttemptFolder
from marianne_runner.performance import Performance, perform
from marianne_runner.processes import Program, kill_everything_else
from marianne_runner.render import TemplateInvalidError
from marianne_runner.room import Room
from marianne_runner.rows import Step
from marianne_runner.seal import UnreadableMarkError
from marianne_runner.stop import Stop
from marianne_runner.streams import Live
from marianne_runner.task import Task
from marianne_runner.timing import Timing

CLOSED = "a later attempt of this sheet closed this one before it had started"
PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""Why a program that is there cannot be started for now."""
FINISHED = ("completed", "skipped")
OTHER = "the ledger holds this attempt of another run, or of other inputs"


class Ready(NamedTuple):
    """All that can fail before anything is paid for has gone well. No program: there are only rules to be held."""

    program: Program | None
    notes: dict[str, Any]
    """Of the prompt and of what was mended, for the verdict."""


class Attempt:
    """Ours: one Pod's turn at one attempt of one sheet."""

    def __init__(self, task: Task, pod_uid: str, timing: Timing, stop: Stop) -> None:
        self._task, self._pod_uid, self._timing, self._stop = task, pod_uid, timing, stop
        self._ledger = SheetLedger(task.places.ledger, task.brief, pod_uid, timing, task.clock, task.seal)
        self._folder = self._ledger.attempt(task.brief["attempt"])
        self._performing = False

    def broken(self, verdict: Verdict) -> Verdict:
        """The runner itself failed: where the instrument was started, the ledger has to know how that ended."""
        return self._conclude(verdict) if self._performing else verdict

    def run(self) -> Verdict:
        """The verdict, which stands in the ledger where anything stands there. Raises `TerminatedError`."""
        while True:
            try:
                claimed = self._claim()
            except OSError as error:
                return self._plain("not_started", "WorkspaceUnusable", self._explain(error))
            if not isinstance(claimed, Ready):
                return claimed
            verdict = self._perform(claimed)
            if verdict is not None:
                return verdict

    # ---- the ledger: what was before us

    def _claim(self) -> Ready | Verdict:
        """What to run, or what to say instead. Raises `OSError` where the claim cannot take a ledger."""
        own = self._ledger.own()
        if not own.same_work or own.step is Step.CLOSED:
            message = CLOSED if own.same_work else OTHER
            return self._plain("not_started", "LedgerOther", message, head=self._ledger.head)
        if own.seen.verdict is not None:
            return self._repeat(own.seen.verdict)
        if own.step is Step.JUDGE:
            return self._judge(own)
        before = self._ledger.before()
        if before is not None and tampered.was_found_out(before.seen.verdict, self._pod_uid):
            return self._tampered(self._plain("failed", "", ""), before.folder)
        if before is not None and before.step is Step.JUDGE:
            return self._inherit(before.folder, self._judge(before))
        if before is not None and before.seen.verdict is not None and before.seen.verdict["outcome"] in FINISHED:
            return self._inherit(before.folder, self._repeat(before.seen.verdict))
        return self._prepare()

    def _repeat(self, verdict: Any) -> Verdict:  # noqa: ANN401  (a mark's content)
        return verdicts.repeated(dict(verdict), self._pod_uid, self._task.brief["attempt"])

    def _judge(self, found: Finding) -> Verdict:
        """Performed by a Pod that is gone: hold its work against the rules, without the instrument."""
        self._stop.hold()
        found.folder.fence(self._pod_uid)
        performed = verdicts.repeated(dict(found.seen.performed or {}), self._pod_uid, found.folder.number)
        failure = (performed["reason"], performed["message"]) if performed["reason"] else None
        with self._heart(found.folder) as heart:
            return self._checked(performed, failure, heart, found.folder)

    def _inherit(self, work: AttemptFolder, verdict: Verdict) -> Verdict:
        """What the attempt before ours achieved is what ours did: nothing is performed again."""
        try:
            outputs = cross_sheet.outputs_of(work, verdict.get("output_digest"))
        except cross_sheet.OutputChangedError as error:
            return self._conclude(tampered.lost(self._plain("lost", "LedgerTampered", ""), str(error)))
        for name, said in outputs.items():
            self._folder.keep(name, said)
        return self._conclude(verdicts.repeated(dict(verdict), self._pod_uid, self._task.brief["attempt"]))

    # ---- the work

    def _prepare(self) -> Ready | Verdict:
        """Everything that can fail before anything is paid for."""
        task, folder = self._task, self._folder
        task.register()
        unusable.probe(task.places.workspace)
        if task.brief["mode"] == "validate":
            return Ready(None, {})
        begin_afresh(task, self._pod_uid, self._timing, self._stop, _fenced)
        if (why := task.reason_to_skip()) is not None:
            return self._conclude(self._plain("skipped", "", why))
        healed = task.heal()
        try:
            prompt = task.prompt()
            program = task.program(prompt)
        except TemplateInvalidError as error:
            return self._conclude(self._plain("failed", "TemplateInvalid", str(error)))
        except InstrumentMissingError as error:
            return self._conclude(self._plain("failed", "InstrumentMissing", str(error)))
        except cross_sheet.OutputMissingError as error:
            return self._plain("not_started", "WorkspaceBehind", str(error), head=self._ledger.head)
        except cross_sheet.OutputChangedError as error:
            return self._plain("not_started", "LedgerTampered", str(error))
        if found := approval.stops(task.score, task.brief, prompt):
            return Verdict(**(self._plain("not_started", "ApprovalNeeded", "") | {"checkpoints": found}))
        task.remember_times()
        if folder.number > 1:
            evidence.prune(self._ledger.path, folder.number, task.seal)
        folder.keep(evidence.PROMPT, evidence.of_prompt(prompt))
        return Ready(program, {**task.notes_of(prompt), **({"healing": healed} if healed else {})})

    def _perform(self, ready: Ready) -> Verdict | None:
        """None: another Pod was first, look again."""
        room = Room(self._folder.path, evidence.capture_bytes(self._task.score))
        try:
            room.take()
            self._stop.hold()
            ours = self._folder.link(STARTED, self._of_us())
        except OSError as error:
            if not self._closed_by_another(error):
                room.free()
                return self._plain("not_started", "WorkspaceUnusable", self._explain(error))
            ours = False
        if not ours:
            room.free()
            self._stop.release()
            return None
        with self._heart(self._folder) as heart:
            if ready.program is None:
                return self._validated(room, heart)
            return self._started(ready, ready.program, room, heart)

    def _closed_by_another(self, error: OSError) -> bool:
        """The Pod that was first closes the folder while its instrument runs: no fault of the claim."""
        return isinstance(error, PermissionError) and self._folder.read(STARTED) is not None

    def _validated(self, room: Room, heart: Heart) -> Verdict:
        """What was said last stays what later sheets hear."""
        room.free()
        before = (self._ledger.attempt(number) for number in range(self._folder.number - 1, 0, -1))
        said = next((each.path for each in before if (each.path / cross_sheet.STDOUT).exists()), self._folder.path)
        stdout, stderr = (_content(said / name) for name in (cross_sheet.STDOUT, cross_sheet.STDERR))
        return self._performed(Performance(self._plain("failed", "", ""), None, stdout, stderr, False), heart)

    def _started(self, ready: Ready, program: Program, room: Room, heart: Heart) -> Verdict:
        task, folder = self._task, self._folder
        self._performing = True
        if self._stop.called:
            room.free()
            return self._conclude(self._plain("interrupted", "", "SIGTERM before the instrument was started"))
        folder.close()
        told = self._plain("failed", "", "")
        told.update(ready.notes)  # type: ignore[typeddict-item]
        try:
            done = perform(task, program, told, lambda: self._stop.called, self._timing.grace)
        except OSError as error:
            if error.errno in PASSING:
                raise
            done = None
            why = f"{program.executable} cannot be started: {error.strerror}"
        finally:
            heart.beat()
            folder.open()
            room.free()
        if done is None:
            return self._conclude(self._plain("failed", "InstrumentMissing", why))
        return self._performed(done, heart)

    def _performed(self, done: Performance, heart: Heart) -> Verdict:
        """First keep what was paid for, then judge it."""
        if not tampered.is_intact(self._folder, self._pod_uid):
            return self._tampered(done.verdict, self._folder)
        if self._try_keep(cross_sheet.STDOUT, done.stdout) and self._task.hands_on:
            done.verdict["output_digest"] = cross_sheet.output_digest(done.stdout)
        self._try_keep(cross_sheet.STDERR, done.stderr)
        if done.interrupted:
            return self._conclude(done.verdict)
        self._try_link(PERFORMED, {**done.verdict, **self._of_us()})
        return self._checked(done.verdict, done.failure, heart, self._folder)

    def _checked(
        self, verdict: Verdict, failure: verdicts.Failure | None, heart: Heart, folder: AttemptFolder
    ) -> Verdict:
        try:
            verdict = judge(self._task, verdict, failure)
        except UnreadableMarkError as error:
            verdict = tampered.lost(verdict, str(error))
        heart.beat()
        return self._conclude(verdict, folder)

    # ---- marks

    def _conclude(self, verdict: Verdict, folder: AttemptFolder | None = None) -> Verdict:
        """Into the ledger; where another verdict stands there already, that one is true and ours is not said."""
        folder = folder or self._folder
        try:
            while not folder.link(VERDICT, {**verdict, "digest": self._task.brief["digest"]}):
                if (standing := folder.read(VERDICT)) is not None:
                    return self._repeat(standing)
                verdict = tampered.lost(verdict, tampered.message(folder))
            folder.close()
        except OSError as error:
            verdict["message"] = "; ".join(
                filter(None, [verdict["message"], f"not in the ledger: {self._explain(error)}"])
            )
        return verdict

    def _tampered(self, verdict: Verdict, folder: AttemptFolder) -> Verdict:
        return self._conclude(tampered.lost(verdict, tampered.message(folder)))

    def _try_keep(self, name: str, content: bytes) -> bool:
        """A disk that is full in spite of all: what was paid for is said all the same."""
        try:
            return self._folder.keep(name, content)
        except OSError as error:
            self._not_kept(name, error)
            return False

    def _try_link(self, mark: str, content: Mapping[str, Any]) -> None:
        try:
            self._folder.link(mark, content)
        except OSError as error:
            self._not_kept(mark, error)

    def _not_kept(self, name: str, error: OSError) -> None:
        Live(2)(f"marianne-runner: {name} is not kept: {self._explain(error)}\n".encode(errors="replace"))

    def _of_us(self) -> dict[str, Any]:
        brief = self._task.brief
        return {"pod_uid": self._pod_uid, "run": brief["run"], "digest": brief["digest"]}

    def _heart(self, folder: AttemptFolder) -> Heart:
        return Heart(folder, self._pod_uid, self._timing.beat, _fenced)

    def _explain(self, error: OSError) -> str:
        return unusable.explain(error, self._task.places.ledger)

    def _plain(self, outcome: Any, reason: VerdictReason, message: str, head: int | None = None) -> Verdict:  # noqa: ANN401
        verdict = verdicts.plain(self._task.brief, self._pod_uid, outcome, reason, message)
        if head is not None:
            verdict["head"] = head
        return verdict


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _fenced() -> None:
    """Another Pod has taken the attempt over: nothing of ours goes on, and nothing more is written."""
    kill_everything_else()
    os._exit(1)
