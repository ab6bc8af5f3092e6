"""Placeholders in validations (semantics §6.2). Pure: nothing here looks at the disk."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_PLACEHOLDER: Final = re.compile(r"(?<!\$)\{([^{}]*)\}")
_NOT_PLAIN: Final = re.compile(r"[^\w@%+=:,./-]", re.ASCII)


class ExpansionError(ValueError):
    """A path speaks of something unknown, or cannot be formatted."""


def expand_path(path: str, context: Mapping[str, Any], workspace: Path) -> Path:
    """`{name}` by Python's own formatting; relative to the workspace. Raises `ExpansionError`."""
    try:
        return workspace / path.format(**context)
    except KeyError as error:
        raise ExpansionError(f"{path!r} speaks of {error.args[0]!r}, which is not defined") from error
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError, MemoryError) as error:
        raise ExpansionError(f"{path!r} cannot be expanded: {error}") from error


def expand_command(command: str, context: Mapping[str, Any]) -> str:
    """`{name}` by the shell-quoted value, for known names only: the shell's own `${X}` stays."""
    return _replaced(command, context, _shell_quoted)


def expand_literally(text: str, context: Mapping[str, Any]) -> str:
    """`{name}` by the value as it is: how a prompt shows a rule to an agent (semantics §5.2)."""
    return _replaced(text, context, str)


def _replaced(text: str, context: Mapping[str, Any], shown: Callable[[str], str]) -> str:
    def value(match: re.Match[str]) -> str:
        return shown(str(context[match[1]])) if match[1] in context else match[0]

    return _PLACEHOLDER.sub(value, text)


def _shell_quoted(text: str) -> str:
    """One word of a POSIX shell."""
    if text and _NOT_PLAIN.search(text) is None:
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
