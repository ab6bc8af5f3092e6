"""The instrument's turn: run it, hear what it says of itself, tell what went wrong. Nothing here is of the ledger."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from marianne_runner import verdicts
from marianne_runner.classify import Ending
from marianne_runner.classify_text import Cause
from marianne_runner.classify_wait import DEFAULT, reset_told, wait_told
from marianne_runner.command import interface
from marianne_runner.contract import Verdict
from marianne_runner.evidence import capture_bytes
from marianne_runner.feedback import feedback
from marianne_runner.oom import oom_kills
from marianne_runner.output import MOST_TOKENS, Report, read_report
from marianne_runner.perform import Exit, run
from marianne_runner.processes import Program
from marianne_runner.redact import redact
from marianne_runner.signals import Said, cause, heard, limit_in_answer, speaks_of_limit
from marianne_runner.silence import Silence
from marianne_runner.streams import LOG_BYTES, Live, Tee
from marianne_runner.task import Task
from marianne_runner.unusable import full

DOCUMENT_BYTES: Final = 8 << 20
"""Of an output that is one JSON document, or one to each line."""
INTERRUPTED: Final = "SIGTERM while the instrument ran"


class Performance(NamedTuple):
    """`verdict` has everything but the judgement. `stdout` and `stderr`: their ends, redacted."""

    verdict: Verdict
    failure: verdicts.Failure | None
    stdout: bytes
    stderr: bytes
    interrupted: bool


def perform(
    task: Task, program: Program, verdict: Verdict, interrupted: Callable[[], bool], grace: float
) -> Performance:
    """Raises `OSError` if it cannot be started."""
    brief, root = task.brief, task.places.root
    output = interface(brief["profile"]).get("output") or {}
    limit, lives = capture_bytes(task.score), (Live(1, LOG_BYTES), Live(2, LOG_BYTES))
    document = DOCUMENT_BYTES if output.get("format") in ("json", "jsonl") else 0
    stdout, stderr = Tee(lives[0], limit, document), Tee(lives[1], limit)
    kills, silence = oom_kills(root), Silence.of(task.score)
    ended = run(program, (stdout, stderr), brief["timeout_seconds"], interrupted, grace, silence)
    if ended.stale:
        stderr.feed(f"marianne-runner: {ended.stale}\n".encode())
    report, said = _reported(task, output, ended, stdout)
    for live, tee in zip(lives, (stdout, stderr), strict=True):
        live.end(tee.tail)
    verdict = verdicts.with_performance(verdict, ended, report, (said, stderr.tail), task.clock.wall())
    verdict["output_characters"] = min(stdout.count if report.text is None else len(report.text), MOST_TOKENS)
    if stdout.truncated or stderr.truncated:
        verdict["output_truncated"] = True
    if told := full(task.places):
        verdict["disk_full"] = told
    _take_feedback(task, verdict, said)
    failure = verdicts.failure_of(ended, brief, report, out_of_memory=oom_kills(root) > kills)
    if failure is not None and not ended.interrupted:
        said_of_it = Said(
            stdout.tail.decode(errors="replace"),
            stderr.tail.decode(errors="replace"),
            report.error,
            plain=not document,
        )
        failure = _explained(task, verdict, failure, ended, said_of_it)
        verdict["reason"], verdict["message"] = failure
    answer = said.decode(errors="replace")
    if failure is None and (limit_told := limit_in_answer(answer, task.clock.wall())):
        _add(verdict, limit_told, answer, task)
    if ended.interrupted:
        verdict["outcome"], verdict["reason"], verdict["message"] = "interrupted", "", INTERRUPTED
    return Performance(verdict, failure, said, stderr.tail, ended.interrupted)


def _explained(task: Task, verdict: Verdict, failure: verdicts.Failure, ended: Exit, said: Said) -> verdicts.Failure:
    """With what is recognised in its words; the cause goes into the verdict, unless memory is known to be it."""
    signals = heard(interface(task.brief["profile"]).get("errors") or {}, said.stdout, said.stderr)
    if speaks_of_limit(task.score, said):
        signals = signals._replace(rate_limited=True)
    if failure[0] != "OutOfMemory":
        ending = Ending.of_shell(ended.code, ended.signal_number, timed_out=ended.timed_out)
        _add(verdict, cause(signals, ending, said, task.clock.wall()), f"{said.last}\n{said.stderr}", task)
    return (failure[0], f"{failure[1]} ({signals.told})") if signals.told else failure


def _take_feedback(task: Task, verdict: Verdict, said: bytes) -> None:
    """What cannot be read is told in the Pod's log: it fails nothing."""
    asked = task.score.get("feedback")
    if asked is None:
        return
    found, wrong = feedback(asked, said.decode(errors="replace"))
    if found:
        verdict["agent_feedback"] = found
    if wrong:
        Live(2)(f"marianne-runner: {wrong}\n".encode(errors="replace"))


def _add(verdict: Verdict, found: Cause, text: str, task: Task) -> None:
    verdict["error_code"], verdict["error_category"], verdict["retriable"] = found.code, found.category, found.retriable
    if found.category == "rate_limit":
        _add_wait(verdict, found, text, task.clock.wall())
    elif found.wait is not None:
        verdict["wait_seconds"] = found.wait


def _add_wait(verdict: Verdict, found: Cause, text: str, now: float) -> None:
    """What is told to the second is kept to the second; where nothing is told, the score says how long to wait."""
    if (moment := reset_told(text, now)) is not None:
        verdict["resets_at"] = moment
    if found.wait is not None and (found.wait != DEFAULT or wait_told(text, now) is not None):
        verdict["wait_seconds"] = found.wait


def _reported(task: Task, output: Mapping[str, Any], ended: Exit, stdout: Tee) -> tuple[Report, bytes]:
    """What the CLI says of its work, and what counts as its output."""
    report = read_report(output, stdout.document, succeeded=verdicts.is_success(ended, task.brief))
    if report.text is None:
        return report, stdout.tail
    said = redact(report.text.encode(errors="replace"))
    return report, said[-capture_bytes(task.score) :]
