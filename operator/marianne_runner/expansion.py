"""Placeholders in validations (semantics §6.2)."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def expand_path(path: str, context: Mapping[str, Any], workspace: Path) -> Path:
    """`{name}` by Python's own formatting; relative to the workspace. Raises what formatting raises."""
    return workspace / path.format(**context)


def expand_command(command: str, context: Mapping[str, Any]) -> str:
    """`{name}` by the shell-quoted value, for known names only: the shell's own `${X}` stays."""
    for name, value in context.items():
        command = command.replace(f"{{{name}}}", shlex.quote(str(value)))
    return command
