"""Run one lane: its programs one after the other, their output in a log, a sign of life each minute."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dev.cluster.progress import SetupError, say, tail
from dev.lanes.catalogue import Lane
from dev.lanes.result import Counts, Result, counts_of_check, counts_of_pytest

SAY_EVERY_SECONDS: Final = 60.0
SHOWN_LINES: Final = 60


def run_lane(lane: Lane, folder: Path, prepare: Callable[[], None]) -> Result:
    """`prepare` makes what the lane needs, or raises `SetupError`; then the lane has failed and says why."""
    begun = time.monotonic()
    log = folder / f"{lane.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    counts, problem = Counts(), ""
    try:
        prepare()
    except SetupError as error:
        say(str(error))
        first = str(error).splitlines()[0]
        return Result(lane.name, Counts(failed=1), time.monotonic() - begun, f"cannot run: {first}")
    with log.open("wb") as output:
        for number, check in enumerate(lane.checks):
            found, wrong = _run_check(lane, check, folder / f"{lane.name}-{number}.xml", output.fileno())
            counts, problem = counts + found, problem or wrong
    result = Result(lane.name, counts, time.monotonic() - begun, problem)
    if not result.good:
        say(f"the end of {log}:\n{tail(log, SHOWN_LINES)}")
    return result


def _run_check(lane: Lane, check: tuple[str, ...], report: Path, output: int) -> tuple[Counts, str]:
    pytest = "pytest" in check
    report.unlink(missing_ok=True)
    program = Path(sys.executable).parent / check[0]
    command = [str(program), *check[1:], *([f"--junitxml={report}"] if pytest else [])]
    code = _patiently(lane.name, command, output)
    return counts_of_pytest(report, code) if pytest else (counts_of_check(code), "")


def _patiently(name: str, command: list[str], output: int) -> int:
    """Its exit code. The terminal stays ours: no standard input, and nothing of it on the screen."""
    begun = time.monotonic()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
    try:
        while True:
            try:
                return process.wait(timeout=SAY_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"  {name}: {time.monotonic() - begun:.0f} s so far")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
