"""The five validations, in stages, each with its own tries (semantics §6)."""

import contextlib
import errno
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from marianne_runner.command import find_program
from marianne_runner.contract import Check, Rule
from marianne_runner.expansion import ExpansionError, expand_command, expand_path
from marianne_runner.perform import run
from marianne_runner.processes import Program
from marianne_runner.redact import redact
from marianne_runner.streams import Head
from marianne_runner.timing import Clock

COMMAND_SECONDS: Final = 3600.0
SHOWN_CHARACTERS: Final = 500
_NOWHERE: Final = frozenset({errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG})
"""What an agent, or the rule's own path, is to blame for."""


class Ground(NamedTuple):
    """What rules are held against.

    `modified`: when each path, as written, was modified before the first attempt, in nanoseconds; None: not known.
    """

    workspace: Path
    context: Mapping[str, Any]
    environment: Mapping[str, str]
    modified: Mapping[str, int] | None = None
    clock: Clock = Clock()


class _FailedError(Exception):
    """A rule does not hold: why, and what is seen beside what is expected."""

    def __init__(self, category: str | None, message: str, **seen: str) -> None:
        super().__init__(message)
        self.category, self.seen = category, seen


def run_checks(rules: Sequence[Rule], ground: Ground) -> list[Check]:
    """One result for each rule, in their order. A stage whose rules do not all hold ends it: later ones are skipped."""
    results: dict[int, Check] = {}
    failed_stage = None
    for stage in sorted({rule["stage"] for rule in rules}):
        for index, rule in enumerate(rules):
            if rule["stage"] == stage:
                results[index] = (
                    run_check(rule, ground) if failed_stage is None else _skipped(rule, failed_stage, ground)
                )
        if failed_stage is None and any(not results[i]["passed"] for i, r in enumerate(rules) if r["stage"] == stage):
            failed_stage = stage
    return [results[index] for index in range(len(rules))]


def run_check(rule: Rule, ground: Ground) -> Check:
    """The first try that holds, or the last one."""
    begun = ground.clock.monotonic()
    for remaining in range(rule["retry_count"], -1, -1):
        result = _try(rule, ground)
        if result["passed"] or not remaining:
            break
        ground.clock.sleep(rule["retry_delay_ms"] / 1000)
    result["check_duration_ms"] = round((ground.clock.monotonic() - begun) * 1000, 1)
    return result


def label(check: Check) -> str:
    """How a rule is called where people read of it."""
    return check.get("description") or check.get("path") or "validation"


def pass_percentage(checks: Sequence[Check]) -> float:
    """Of all rules; those that were skipped did not pass. 100 where there are none."""
    return 100.0 * sum(check["passed"] for check in checks) / len(checks) if checks else 100.0


def paths_of(rules: Sequence[Rule], ground: Ground) -> set[Path]:
    """What they look for."""
    found = set()
    for rule in rules:
        with contextlib.suppress(ExpansionError):
            found.add(_path(rule, ground))
    return found


def modified_times(rules: Sequence[Rule], ground: Ground) -> dict[str, int]:
    """Modification times of what `file_modified` watches; 0 for what is not there, so that making it counts."""
    times = {}
    for rule in rules:
        if rule["type"] == "file_modified":
            with contextlib.suppress(ValueError):  # fails when it is checked
                times[rule.get("path", "")] = _modified_before(_path(rule, ground))
    return times


def _modified_before(path: Path) -> int:
    """A path that leads nowhere fails its own rule, and no workspace."""
    try:
        return _modified(path) or 0
    except OSError as error:
        if error.errno in _NOWHERE:
            return 0
        raise


def _try(rule: Rule, ground: Ground) -> Check:
    try:
        seen = _KINDS[rule["type"]](rule, ground)
    except _FailedError as failed:
        result = _result(rule, ground, passed=False, error_message=str(failed), **failed.seen)
        if rule["type"] == "command_succeeds":
            result["confidence"] = 0.8
        if failed.category is not None:
            result["failure_category"] = failed.category  # type: ignore[typeddict-item]
        return result
    except OSError as error:
        return _broken(rule, ground, "io_error", str(error))
    except re.error as error:
        return _broken(rule, ground, "regex_error", f"{rule.get('pattern')!r} is no regular expression: {error}")
    except (ExpansionError, ValueError, RecursionError, MemoryError) as error:
        return _broken(rule, ground, "internal_error", str(error) or type(error).__name__)
    return _result(rule, ground, passed=True, **seen)


def _file_exists(rule: Rule, ground: Ground) -> dict[str, str]:
    path = _path(rule, ground)
    if not path.is_file():
        what = "is no regular file" if path.exists() else "does not exist"
        raise _FailedError("missing", f"{path} {what}", expected_value=str(path))
    return {"actual_value": str(path), "expected_value": str(path)}


def _file_modified(rule: Rule, ground: Ground) -> dict[str, str]:
    path = _path(rule, ground)
    now = _modified(path)
    if now is None:
        raise _FailedError("missing", f"{path} does not exist", expected_value=str(path))
    if ground.modified is None:
        return {"actual_value": f"mtime={_seconds(now)}"}
    before = ground.modified.get(rule.get("path", ""), 0)
    values = {"actual_value": f"mtime={_seconds(now)}", "expected_value": f"mtime>{_seconds(before)}"}
    if now <= before:
        raise _FailedError("stale", f"{path} was not modified", **values)
    return values


def _content_contains(rule: Rule, ground: Ground) -> dict[str, str]:
    pattern = rule.get("pattern", "")
    if pattern not in _text(rule, ground):
        why = f"{_path(rule, ground)} does not contain {pattern[:100]!r}"
        raise _FailedError("incomplete", why, actual_value="contains=false", expected_value=pattern)
    return {"actual_value": "contains=true", "expected_value": pattern}


def _content_regex(rule: Rule, ground: Ground) -> dict[str, str]:
    pattern = rule.get("pattern", "")
    found = re.search(pattern, _text(rule, ground), re.MULTILINE)
    if found is None:
        why = f"{_path(rule, ground)} does not match {pattern[:100]!r}"
        raise _FailedError("malformed", why, expected_value=pattern)
    return {"actual_value": _shown(found[0].encode(errors="replace")), "expected_value": pattern}


def _command_succeeds(rule: Rule, ground: Ground) -> dict[str, str]:
    command = expand_command(rule.get("command", ""), ground.context)
    folder = expand_path(rule.get("working_directory") or ".", ground.context, ground.workspace)
    limit = rule.get("timeout_seconds") or COMMAND_SECONDS
    bash = find_program("bash", ground.environment.get("PATH", os.defpath), folder)
    if bash is None:
        raise _FailedError("error", "the image has no bash")
    said = Head(SHOWN_CHARACTERS * 4)
    ended = run(Program(bash, [b"bash", b"-c", command.encode()], ground.environment, folder), [said], limit)
    if ended.timed_out:
        raise _FailedError("error", f"the command took longer than {limit:g} s", expected_value="exit_code=0")
    code = ended.code if ended.code is not None else -(ended.signal_number or 0)
    values = {"actual_value": f"exit_code={code}", "expected_value": "exit_code=0"}
    if code:
        shown = _shown(said.content).strip()
        raise _FailedError("error", f"exit code {code}{f': {shown}' if shown else ''}", **values)
    return values


_KINDS: Final[Mapping[str, Callable[[Rule, Ground], dict[str, str]]]] = {
    "file_exists": _file_exists,
    "file_modified": _file_modified,
    "content_contains": _content_contains,
    "content_regex": _content_regex,
    "command_succeeds": _command_succeeds,
}


def _path(rule: Rule, ground: Ground) -> Path:
    return expand_path(rule.get("path", ""), ground.context, ground.workspace)


def _shown(text: bytes) -> str:
    """What of the workspace, or of a command's output, is told to others."""
    return redact(text).decode(errors="replace")[:SHOWN_CHARACTERS]


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:.3f}"


def _text(rule: Rule, ground: Ground) -> str:
    path = _path(rule, ground)
    if not path.exists():
        raise _FailedError("missing", f"{path} does not exist", expected_value=rule.get("pattern", ""))
    return path.read_text(encoding="utf-8", errors="replace")


def _skipped(rule: Rule, stage: int, ground: Ground) -> Check:
    why = f"not checked: stage {stage} failed"
    result = _result(rule, ground, passed=False, failure_category="skipped", error_message=why)
    result["confidence"] = 0.0
    return result


def _broken(rule: Rule, ground: Ground, kind: str, message: str) -> Check:
    """It could not be held against anything."""
    expected = rule.get("path") or rule.get("command") or ""
    return _result(rule, ground, passed=False, error_type=kind, error_message=message, expected_value=expected)


def _result(rule: Rule, ground: Ground, *, passed: bool, **seen: str) -> Check:
    result = Check(
        rule_type=rule["type"],
        passed=passed,
        checked_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ground.clock.wall())),
        check_duration_ms=0.0,
        confidence=1.0,
    )
    if rule["type"] == "command_succeeds" and "actual_value" in seen:
        result["confidence_factors"] = {"exit_code": 1.0 if passed else 0.5}
    for key in ("description", "path", "pattern"):
        if key in rule:
            result[key] = rule[key]
    result.update(seen)  # type: ignore[typeddict-item]
    return result
