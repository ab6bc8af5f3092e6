"""The five validations, in stages, each with its own tries (semantics §6)."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from marianne_runner.contract import Check, Rule
from marianne_runner.expansion import expand_command, expand_path

COMMAND_SECONDS: Final = 3600.0
SHOWN_OUTPUT: Final = 500


@dataclass(frozen=True, slots=True)
class Ground:
    """What rules are held against. `snapshot`: modification times before the first attempt; None where none is."""

    workspace: Path
    context: Mapping[str, Any]
    environment: Mapping[str, str]
    snapshot: Mapping[str, float] | None = None
    wait: Callable[[float], None] = time.sleep


class _FailedError(Exception):
    """A rule does not hold: what is seen beside what is expected."""

    def __init__(self, category: str | None, message: str, **seen: Any) -> None:  # noqa: ANN401
        super().__init__(message)
        self.category, self.seen = category, seen


def run_checks(rules: Sequence[Rule], ground: Ground) -> list[Check]:
    """One result for each rule, in their order. A stage whose rules do not all hold ends it: later ones are skipped."""
    results: dict[int, Check] = {}
    failed_stage = None
    for stage in sorted({rule["stage"] for rule in rules}):
        for index, rule in enumerate(rules):
            if rule["stage"] == stage:
                results[index] = _skipped(rule, failed_stage) if failed_stage else run_check(rule, ground)
        if failed_stage is None and any(not results[i]["passed"] for i, r in enumerate(rules) if r["stage"] == stage):
            failed_stage = stage
    return [results[index] for index in range(len(rules))]


def run_check(rule: Rule, ground: Ground) -> Check:
    """The first try that holds, or the last one."""
    begun = time.monotonic()
    tries = rule["retry_count"] + 1
    for number in range(1, tries + 1):
        result = _try(rule, ground)
        if result["passed"] or number == tries:
            break
        ground.wait(rule["retry_delay_ms"] / 1000)
    result["check_duration_ms"] = round((time.monotonic() - begun) * 1000, 1)
    return result


def pass_percentage(checks: Sequence[Check]) -> float:
    """Of all rules; those that were skipped did not pass. 100 where there are none."""
    return 100.0 * sum(check["passed"] for check in checks) / len(checks) if checks else 100.0


def snapshot(rules: Sequence[Rule], ground: Ground) -> dict[str, float]:
    """Modification times of what `file_modified` watches; 0 for what is not there, so that making it counts."""
    times = {}
    for rule in rules:
        if rule["type"] == "file_modified":
            with contextlib.suppress(Exception):  # a path that cannot be formatted fails when it is checked
                path = expand_path(rule.get("path", ""), ground.context, ground.workspace)
                times[str(path)] = path.stat().st_mtime if path.exists() else 0.0
    return times


def _try(rule: Rule, ground: Ground) -> Check:
    try:
        seen = _KINDS[rule["type"]](rule, ground)
    except _FailedError as failed:
        confidence = 0.8 if rule["type"] == "command_succeeds" else 1.0
        result = _result(rule, passed=False, confidence=confidence, error_message=str(failed), **failed.seen)
        if failed.category is not None:
            result["failure_category"] = failed.category  # type: ignore[typeddict-item]
        return result
    except OSError as error:
        return _result(rule, passed=False, error_type="io_error", error_message=str(error))
    except re.error as error:
        return _result(rule, passed=False, error_type="regex_error", error_message=str(error))
    except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:  # from formatting a path
        why = f"{type(error).__name__}: {error}"
        return _result(rule, passed=False, error_type="internal_error", error_message=why)
    return _result(rule, passed=True, **seen)


def _file_exists(rule: Rule, ground: Ground) -> dict[str, Any]:
    path = _path(rule, ground)
    if not path.is_file():
        what = "is no regular file" if path.exists() else "does not exist"
        raise _FailedError("missing", f"{path} {what}", expected_value=str(path))
    return {"actual_value": str(path), "expected_value": str(path)}


def _file_modified(rule: Rule, ground: Ground) -> dict[str, Any]:
    path = _path(rule, ground)
    if not path.exists():
        raise _FailedError("missing", f"{path} does not exist")
    if ground.snapshot is None:
        return {}
    before, now = ground.snapshot.get(str(path), 0.0), path.stat().st_mtime
    values = {"actual_value": f"mtime={now}", "expected_value": f"mtime>{before}"}
    if now <= before:
        raise _FailedError("stale", f"{path} was not modified", **values)
    return values


def _content_contains(rule: Rule, ground: Ground) -> dict[str, Any]:
    pattern = rule.get("pattern", "")
    if pattern not in _text(rule, ground):
        why = f"{rule.get('path')} does not contain {pattern[:100]!r}"
        raise _FailedError("incomplete", why, actual_value="contains=false", expected_value=pattern)
    return {"actual_value": "contains=true", "expected_value": pattern}


def _content_regex(rule: Rule, ground: Ground) -> dict[str, Any]:
    pattern = rule.get("pattern", "")
    found = re.search(pattern, _text(rule, ground), re.MULTILINE)
    if found is None:
        raise _FailedError("malformed", f"{rule.get('path')} does not match {pattern[:100]!r}", expected_value=pattern)
    return {"actual_value": found[0][:SHOWN_OUTPUT], "expected_value": pattern}


def _command_succeeds(rule: Rule, ground: Ground) -> dict[str, Any]:
    command = expand_command(rule.get("command", ""), ground.context)
    folder = expand_path(rule.get("working_directory", "."), ground.context, ground.workspace)
    limit = rule.get("timeout_seconds", COMMAND_SECONDS)
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=dict(ground.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise _FailedError("error", f"the command took longer than {limit:.0f} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    values = {"actual_value": f"exit_code={process.returncode}", "expected_value": "exit_code=0"}
    if process.returncode:
        shown = output.decode(errors="replace")[:SHOWN_OUTPUT].strip()
        raise _FailedError("error", f"exit code {process.returncode}: {shown}", **values)
    return values


_KINDS: Final[dict[str, Callable[[Rule, Ground], dict[str, Any]]]] = {
    "file_exists": _file_exists,
    "file_modified": _file_modified,
    "content_contains": _content_contains,
    "content_regex": _content_regex,
    "command_succeeds": _command_succeeds,
}


def _path(rule: Rule, ground: Ground) -> Path:
    return expand_path(rule.get("path", ""), ground.context, ground.workspace)


def _text(rule: Rule, ground: Ground) -> str:
    path = _path(rule, ground)
    if not path.exists():
        raise _FailedError("missing", f"{path} does not exist")
    return path.read_text(encoding="utf-8", errors="replace")


def _skipped(rule: Rule, stage: int) -> Check:
    return _result(
        rule,
        passed=False,
        confidence=0.0,
        failure_category="skipped",
        error_message=f"not checked: stage {stage} failed",
    )


def _result(rule: Rule, *, passed: bool, confidence: float = 1.0, **seen: Any) -> Check:  # noqa: ANN401
    result = Check(
        rule_type=rule["type"],
        passed=passed,
        checked_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        check_duration_ms=0.0,
        confidence=confidence,
    )
    for key in ("description", "path", "pattern"):
        if key in rule:
            result[key] = rule[key]
    result.update(seen)  # type: ignore[typeddict-item]
    return result
