"""The instrument's command line, environment and output, by its profile (semantics §7.1-7.3)."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from marianne_runner.contract import Brief

ARGUMENT_LIMIT: Final = 32 * 1024
"""Bytes of a prompt as an argument; a longer one goes by standard input, whatever the profile says."""
ALWAYS_PASSED: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TMP", "TEMP"),
        *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    }
)


@dataclass(frozen=True, slots=True)
class Command:
    """What to run; `stdin` None closes it."""

    arguments: list[str]
    environment: dict[str, str]
    stdin: bytes | None


class ProfileError(ValueError):
    """The profile names nothing that can be run."""


def build(brief: Brief, prompt: str, workspace: Path, environment: Mapping[str, str]) -> Command:
    """Raises `ProfileError`."""
    command = (brief["profile"].get("cli") or {}).get("command") or {}
    if not command.get("executable"):
        raise ProfileError(f"instrument {brief['instrument']!r}: profile.cli.command.executable is not set")
    by_stdin = command.get("prompt_via_stdin", True) or len(prompt.encode()) > ARGUMENT_LIMIT
    arguments = [command["executable"], *_options(command, brief, workspace)]
    arguments += _prompt_arguments(command, prompt, by_stdin=by_stdin)
    arguments += [*command.get("mcp_disable_args", ()), *command.get("extra_flags", ())]
    return Command(arguments, _environment(command, environment), prompt.encode() if by_stdin else None)


def _options(command: Mapping[str, Any], brief: Brief, workspace: Path) -> list[str]:
    options = [command[name] for name in ("subcommand", "auto_approve_flag") if command.get(name)]
    if command.get("output_format_flag"):
        options += [command["output_format_flag"], *filter(None, [command.get("output_format_value")])]
    model = brief.get("model") or brief["profile"].get("default_model")
    if command.get("model_flag") and model:
        options += [command["model_flag"], model]
    if command.get("timeout_flag"):
        options += [command["timeout_flag"], str(int(brief["timeout_seconds"]))]
    if command.get("working_dir_flag"):
        options += [command["working_dir_flag"], str(workspace)]
    return options


def _prompt_arguments(command: Mapping[str, Any], prompt: str, *, by_stdin: bool) -> list[str]:
    flag, sentinel = command.get("prompt_flag"), command.get("stdin_sentinel")
    if by_stdin:
        return [flag, sentinel] if flag and sentinel else []
    return [flag, prompt] if flag else [prompt]


def _environment(command: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    required = command.get("required_env")
    passed = {
        name: value
        for name, value in environment.items()
        if required is None or name in ALWAYS_PASSED or name in required or name.startswith("GIT_CONFIG_")
    }
    given = command.get("env") or {}
    return passed | {name: _with_variables(str(value), environment) for name, value in given.items()}


def _with_variables(text: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: environment.get(match[1], ""), text)


@dataclass(frozen=True, slots=True)
class Report:
    """What the CLI itself says of its work."""

    text: str | None = None
    error: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def read_report(brief: Brief, stdout: bytes, *, succeeded: bool) -> Report:
    """By the profile's output format; anything unreadable is no report, and no error."""
    output = (brief["profile"].get("cli") or {}).get("output") or {}
    if output.get("format") != "json":
        return Report()
    try:
        document = json.loads(stdout)
    except (ValueError, RecursionError):
        return Report()
    text = _at(document, output.get("result_path")) if succeeded else None
    error = _at(document, output.get("error_path")) if not succeeded else None
    return Report(
        text=text if isinstance(text, str) else None,
        error=error if isinstance(error, str) else None,
        input_tokens=_count(_at(document, output.get("input_tokens_path"))),
        output_tokens=_count(_at(document, output.get("output_tokens_path"))),
    )


def _at(document: Any, path: str | None) -> Any:  # noqa: ANN401  (any JSON)
    """`a.b` and `a[0]`; None where the path leads nowhere."""
    if not path:
        return None
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if name and isinstance(document, dict):
            document = document.get(name)
        elif index and isinstance(document, list) and int(index) < len(document):
            document = document[int(index)]
        else:
            return None
    return document


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def merged_environment() -> dict[str, str]:
    """Ours, as the Pod gave it."""
    return {name: value for name, value in os.environ.items() if name != "MARIANNE_ROOT"}
