"""One attempt, from the brief to the verdict (design §4 and §6)."""

import errno
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from marianne_runner import command, cross_sheet, marks, verdicts
from marianne_runner.checks import Ground, run_checks, snapshot
from marianne_runner.contract import Brief, CompiledScore, Rule, Verdict
from marianne_runner.heart import Heart
from marianne_runner.ledger import Clock, SheetLedger, Timing
from marianne_runner.marks import PERFORMED, STARTED, VERDICT, AttemptFolder
from marianne_runner.memory import oom_kills
from marianne_runner.perform import Ended, InstrumentMissingError, Tee, perform
from marianne_runner.places import Places
from marianne_runner.processes import kill_everything_else
from marianne_runner.render import TemplateError, assemble, render_prompt, template_text
from marianne_runner.variables import for_rules

UNUSABLE: Final = frozenset(
    {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK}
)
"""What a volume answers that cannot take a ledger; nothing is charged for it."""


class TerminatedError(BaseException):
    """SIGTERM before anything was started: leave without a trace."""


@dataclass(slots=True)
class Attempt:
    """`stopped` tells that SIGTERM came."""

    places: Places
    score: CompiledScore
    brief: Brief
    pod_uid: str
    timing: Timing
    stopped: Callable[[], bool]
    ledger: SheetLedger = field(init=False)
    folder: AttemptFolder = field(init=False)

    def __post_init__(self) -> None:
        clock = Clock(time.monotonic, self._wait)
        self.ledger = SheetLedger(self.places.ledger, self.brief, self.pod_uid, self.timing, clock)
        self.folder = self.ledger.attempt(self.brief["attempt"])

    def run(self) -> Verdict:
        """The verdict, which stands in the ledger where the ledger can be written. Raises `TerminatedError`."""
        try:
            finding = self._claim()
        except OSError as error:
            if error.errno not in UNUSABLE:
                raise
            return self._unusable(error)
        if finding is not None:
            return finding
        try:
            return self._perform()
        except TemplateError as error:
            return self._conclude(self._plain("failed", "TemplateInvalid", str(error)))
        except command.ProfileError as error:
            return self._conclude(self._plain("failed", "InstrumentMissing", str(error)))
        except cross_sheet.OutputMissingError as error:
            return self._plain("not_started", "WorkspaceBehind", str(error), head=self.ledger.head)
        except OSError as error:
            if error.errno not in UNUSABLE or self.folder.read(STARTED) is not None:
                raise
            return self._unusable(error)

    # ---- the ledger first

    def _claim(self) -> Verdict | None:
        """None: this Pod may perform. Else what is to be said instead."""
        self.folder.prepare()
        marks.link_once(self.ledger.path.parent / "job.json", self._job())
        own = self.ledger.own(self.folder)
        if own.kind == "other":
            message = "the ledger holds this attempt of another run, or of another score"
            return self._plain("not_started", "LedgerOther", message, head=self.ledger.head)
        if own.kind == "done":
            return self._repeat(own.verdict or {})
        if own.kind == "work":
            return self._judge(self.folder)
        if self.ledger.predecessor().kind == "work":
            return self._judge(self.ledger.attempt(self.brief["attempt"] - 1))
        return None

    def _job(self) -> bytes:
        brief = self.brief
        return json.dumps({"namespace": brief["namespace"], "name": brief["job"], "uid": brief["job_uid"]}).encode()

    def _repeat(self, verdict: dict[str, Any]) -> Verdict:
        """It has ended before: nothing runs, nothing is paid."""
        repeated = cast(Verdict, dict(verdict))
        if repeated["pod_uid"] != self.pod_uid:
            repeated["performed_by"], repeated["pod_uid"] = repeated["pod_uid"], self.pod_uid
        return repeated

    def _judge(self, work: AttemptFolder) -> Verdict:
        """Performed by a Pod that is gone: hold its work against the rules, without the instrument."""
        performed = cast(Verdict, work.read(PERFORMED))
        if work.path != self.folder.path:
            self._inherit(work, performed)
        verdict = performed.copy()
        verdict["attempt"], verdict["performed_by"] = self.brief["attempt"], performed["pod_uid"]
        verdict["pod_uid"] = self.pod_uid
        failure = (performed["reason"], performed["message"]) if performed["reason"] else None
        with self._heart():
            return self._conclude(verdicts.judged(verdict, self._check(), failure))

    def _inherit(self, work: AttemptFolder, performed: Verdict) -> None:
        """Make another attempt's work ours: wherever we are stopped on the way, it stays known as performed."""
        tail = work.path / cross_sheet.STDOUT
        if tail.exists():
            marks.link_once(self.folder.path / cross_sheet.STDOUT, tail.read_bytes())
        self._mark(PERFORMED, cast(dict[str, Any], performed))
        self._mark(STARTED, self._started())
        work.link(
            VERDICT, {**performed, "outcome": "lost", "reason": "PodLost", "message": "judged by the next attempt"}
        )

    # ---- then the work

    def _perform(self) -> Verdict:
        workspace = self.places.workspace
        prompt = self._prompt()
        run = command.build(self.brief, prompt, workspace, command.merged_environment())
        rules, ground = self._rules(), self._ground()
        marks.link_once(self._snapshot_file, json.dumps(snapshot(rules, ground)).encode())
        _write(self.folder.path / "prompt", prompt.encode())
        limit = self.score["max_output_capture_bytes"]
        tees = (
            Tee(sys.stdout.buffer, self.folder.path / "stdout", limit),
            Tee(sys.stderr.buffer, self.folder.path / "stderr", limit),
        )
        oom_before = oom_kills()
        with self._heart():
            if self.stopped():
                raise TerminatedError
            self._mark(STARTED, self._started())
            self.folder.close()
            try:
                ended = perform(run, workspace, self.brief["timeout_seconds"], tees, self.stopped)
            except InstrumentMissingError as error:
                self.folder.reopen()
                return self._conclude(self._plain("failed", "InstrumentMissing", error.strerror or str(error)))
            kill_everything_else()
            self.folder.reopen()
            return self._after(ended, prompt, oom=oom_kills() > oom_before)

    def _after(self, ended: Ended, prompt: str, *, oom: bool) -> Verdict:
        report = command.read_report(self.brief, ended.stdout, succeeded=ended.code == 0)
        verdict = self._plain("failed", "", "")
        verdict = verdicts.with_performance(verdict, ended, report, prompt, now=time.time())
        said = report.text.encode() if report.text is not None else ended.stdout
        marks.link_once(self.folder.path / cross_sheet.STDOUT, said)
        if ended.interrupted:
            verdict["outcome"], verdict["message"] = "interrupted", "SIGTERM while the instrument ran"
            return self._conclude(verdict)
        failure = verdicts.failure_of(ended, self.brief, oom=oom, report=report)
        if failure is not None:
            verdict["reason"], verdict["message"] = failure
        self._mark(PERFORMED, cast(dict[str, Any], verdict))
        checks = self._check()
        kill_everything_else()
        return self._conclude(verdicts.judged(verdict, checks, failure))

    def _conclude(self, verdict: Verdict) -> Verdict:
        """Into the ledger; where another verdict stands there already, that one is true and ours is not said."""
        try:
            if not self.folder.link(VERDICT, cast(dict[str, Any], verdict)):
                return self._repeat(self.folder.read(VERDICT) or {})
        except OSError as error:
            if error.errno not in UNUSABLE:
                raise
            verdict["message"] += f" (the ledger could not take this verdict: {error.strerror})"
        return verdict

    # ---- what both need

    def _check(self) -> list[Any]:
        return run_checks(self._rules(), self._ground())

    def _rules(self) -> list[Rule]:
        return [self.score["rules"][index] for index in self._sheet["rules"]]

    def _ground(self) -> Ground:
        environment = command.merged_environment()
        for name in self.brief.get("credentials", ()):
            environment.pop(name, None)
        workspace = self.places.workspace
        context = for_rules(self.score, self._sheet, str(workspace), self.brief["instrument"])
        before = json.loads(self._snapshot_file.read_bytes()) if self._snapshot_file.exists() else None
        return Ground(workspace, context, environment, before, time.sleep)

    @property
    def _sheet(self) -> Any:  # noqa: ANN401  (a Sheet)
        return self.score["sheets"][self.brief["sheet"] - 1]

    @property
    def _snapshot_file(self) -> Path:
        return self.ledger.path / f"modified-r{self.brief['run']}.json"

    def _prompt(self) -> str:
        cross, workspace = self.score.get("cross_sheet"), self.places.workspace
        outputs = cross_sheet.previous_outputs(cross, self.brief, self.places.ledger) if cross else {}
        files = cross_sheet.previous_files(cross, self.brief["sheet"], workspace) if cross else {}
        text = template_text(self.score, (self.places.score_files, workspace))
        rendered = render_prompt(
            self.score, self._sheet, str(workspace), outputs, files, self.brief["skipped"], template=text
        )
        return assemble(rendered, self.score, self._sheet, self.brief, str(workspace))

    def _started(self) -> dict[str, Any]:
        return {"pod_uid": self.pod_uid, "run": self.brief["run"], "digest": self.brief["digest"]}

    def _mark(self, name: str, content: dict[str, Any]) -> None:
        """One that must be ours; else another Pod works on this attempt, and we have nothing to say."""
        if not self.folder.link(name, content):
            raise LostRaceError(f"{name} of attempt {self.brief['attempt']} was made by another Pod")

    def _heart(self) -> Heart:
        return Heart(self.folder, self.timing.beat, _fenced)

    def _plain(self, outcome: Any, reason: Any, message: str, head: int | None = None) -> Verdict:  # noqa: ANN401
        verdict = verdicts.plain(self.brief, self.pod_uid, outcome, reason, message)
        if head is not None:
            verdict["head"] = head
        return verdict

    def _unusable(self, error: OSError) -> Verdict:
        where = error.filename or self.places.ledger
        fix = "the claim must be writable for user or group 65532, have space, and support hard links"
        return self._plain("not_started", "WorkspaceUnusable", f"{where}: {error.strerror}; {fix}")

    def _wait(self, duration: float) -> None:
        if self.stopped():
            raise TerminatedError
        time.sleep(duration)


class LostRaceError(RuntimeError):
    """Two Pods on one attempt, and the other was first."""


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)


def _fenced() -> None:
    """In the heart's thread: nothing more is written, not even a termination message."""
    kill_everything_else()
    os._exit(1)
