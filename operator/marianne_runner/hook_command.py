"""A hook's command: in the workspace, for a limited time, its output's end kept (semantics §8)."""

import os
import shlex
from collections.abc import Callable
from typing import Final

from marianne_runner import environment
from marianne_runner.command import find_program
from marianne_runner.contract import ERRAND_TAIL, Command, ErrandResult
from marianne_runner.expansion import expand_command, expand_literally
from marianne_runner.perform import Exit, run
from marianne_runner.places import Places
from marianne_runner.processes import Program
from marianne_runner.streams import LOG_BYTES, Live, Tee

SHELL: Final = "bash"
GRACE_SECONDS: Final = 2.0


class UnstartableError(Exception):
    """There is nothing to start, or nowhere."""


def perform(
    command: Command, timeout: float, places: Places, result: ErrandResult, interrupted: Callable[[], bool]
) -> None:
    """Into `result`: how it ended, and the end of what it said."""
    live = Live(1, LOG_BYTES)
    output = Tee(live, ERRAND_TAIL * 4)
    try:
        ended = run(_program(command, places), (output,), timeout, interrupted, GRACE_SECONDS)
    except (UnstartableError, OSError) as error:
        result["message"] = f"not started: {error}"
        return
    live.end(output.tail)
    if tail := output.tail.decode(errors="replace")[-ERRAND_TAIL:]:
        result["output_tail"] = tail
    if ended.code is not None:
        result["exit_code"] = ended.code
    if (why := _failure(ended, timeout)) is None:
        result["outcome"] = "succeeded"
    else:
        result["message"] = why


def _failure(ended: Exit, timeout: float) -> str | None:
    if ended.timed_out:
        return f"still running after {timeout:g} s"
    if ended.interrupted:
        return "stopped by SIGTERM while it ran"
    if ended.code is None:
        return f"killed by signal {ended.signal_number}"
    return f"exit code {ended.code}" if ended.code else None


def _program(command: Command, places: Places) -> Program:
    values = {**command["values"], "workspace": str(places.workspace)}
    folder = places.workspace / expand_literally(command.get("working_directory", "."), values)
    if not folder.is_dir():
        raise UnstartableError(f"working_directory {folder} is no directory")
    given = environment.of_the_pod()
    arguments = [SHELL, "-c", expand_command(command["text"], values)] if command["shell"] else _split(command, values)
    found = find_program(arguments[0], given.get("PATH", os.defpath), folder)
    if found is None:
        raise UnstartableError(f"there is no program {arguments[0]!r} that may be run in the runner's image")
    return Program(found, [each.encode(errors="replace") for each in arguments], given, folder)


def _split(command: Command, values: dict[str, str]) -> list[str]:
    """A program and its arguments: no shell, so each placeholder stays within its word as it is."""
    try:
        words = shlex.split(command["text"])
    except ValueError as error:
        raise UnstartableError(f"{command['text'][:100]!r}: {error}") from error
    if not words:
        raise UnstartableError("the command is empty")
    return [expand_literally(word, values) for word in words]
