"""`skip_when_command`: a command whose success means that the sheet has nothing to do (semantics §2.11).

Asked once for each run and sheet, before its first attempt; what it said is remembered in the ledger. A command that
fails, cannot be started or takes too long skips nothing.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from marianne_runner import marks
from marianne_runner.command import find_program
from marianne_runner.contract import SkipCommand
from marianne_runner.expansion import expand_command
from marianne_runner.perform import run
from marianne_runner.processes import Program
from marianne_runner.seal import Seal
from marianne_runner.streams import Head

SHELL: Final = "sh"
SUCCEEDED: Final = "succeeded"
HEARD: Final = 1024
"""Bytes of what it prints: nobody reads them, but it must be able to write."""


def reason_to_skip(
    asked: SkipCommand | None,
    remembered: Path,
    workspace: Path,
    environment: Mapping[str, str],
    seal: Seal | None = None,
) -> str | None:
    """Why the sheet is skipped; None: it runs. Raises `OSError` where the ledger cannot be written."""
    if asked is None:
        return None
    known: Mapping[str, Any] | None = marks.remembered(remembered, seal)
    if known is None:
        known = marks.remember(remembered, {SUCCEEDED: _succeeds(asked, workspace, environment)}, seal)
    if not known.get(SUCCEEDED):
        return None
    return asked.get("description") or f"Command succeeded: {asked['command']}"


def _succeeds(asked: SkipCommand, workspace: Path, environment: Mapping[str, str]) -> bool:
    shell = find_program(SHELL, environment.get("PATH", os.defpath), workspace)
    if shell is None:
        return False
    command = expand_command(asked["command"], {"workspace": str(workspace)})
    program = Program(shell, [SHELL.encode(), b"-c", command.encode()], environment, workspace)
    try:
        ended = run(program, [Head(HEARD)], asked["timeout_seconds"])
    except OSError:
        return False
    return ended.code == 0 and not ended.timed_out
