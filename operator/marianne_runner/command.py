"""The instrument's command line, by its profile (semantics §7.1, §7.2)."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from marianne_runner import environment, http_command
from marianne_runner.contract import Brief
from marianne_runner.processes import Program

ARGUMENT_LIMIT: Final = 32 * 1024
"""Bytes of a prompt as an argument; a longer one goes by standard input, whatever the profile says."""


class InstrumentMissingError(Exception):
    """The profile names nothing that can be run in this image."""


def interface(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the program is called and understood: the profile's `cli`, or what ours is for an `http` one."""
    return http_command.INTERFACE if profile.get("kind") == "http" else profile.get("cli") or {}


def build(
    brief: Brief, prompt: str, workspace: Path, variables: Mapping[str, str], config: Mapping[str, Any]
) -> Program:
    """`variables`: the Pod's environment; `config`: the sheet's. Raises `InstrumentMissingError`."""
    if brief["profile"].get("kind") == "http":
        try:
            return http_command.build(brief, prompt, workspace, variables, config)
        except http_command.HttpProfileError as error:
            raise InstrumentMissingError(f"instrument {brief['instrument']!r}: {error}") from error
    command = interface(brief["profile"]).get("command") or {}
    name = command.get("executable")
    if not name:
        raise InstrumentMissingError(f"instrument {brief['instrument']!r}: profile.cli.command.executable is not set")
    passed = environment.for_instrument(command, variables, brief.get("credentials", []))
    path = find_program(name, passed.get("PATH", os.defpath), workspace)
    if path is None:
        raise InstrumentMissingError(f"instrument {brief['instrument']!r}: the image has no program {name!r}")
    text = prompt.encode(errors="replace")
    by_stdin = takes_stdin(command, text)
    return Program(
        executable=path,
        arguments=[
            each if isinstance(each, bytes) else each.encode() for each in arguments(brief, text, workspace, config)
        ],
        environment=passed,
        folder=workspace,
        stdin=text if by_stdin else None,
        own_session=bool(command.get("start_new_session")),
    )


def takes_stdin(command: Mapping[str, Any], prompt: bytes) -> bool:
    """Whether the prompt goes by standard input: also what no argument can hold."""
    return bool(command.get("prompt_via_stdin", True)) or len(prompt) > ARGUMENT_LIMIT or b"\0" in prompt


def arguments(brief: Brief, prompt: bytes, workspace: Path, config: Mapping[str, Any]) -> list[str | bytes]:
    """The whole command line, in the order of Marianne's own builder; what the score adds to it comes last."""
    command = brief["profile"]["cli"]["command"]
    made: list[str | bytes] = [command["executable"]]
    made += [command[name] for name in ("subcommand", "auto_approve_flag") if command.get(name)]
    if command.get("output_format_flag"):
        made += [command["output_format_flag"], *filter(None, [command.get("output_format_value")])]
    model = brief.get("model") or brief["profile"].get("default_model")
    if command.get("model_flag") and model:
        made += [command["model_flag"], model]
    if command.get("timeout_flag"):
        made += [command["timeout_flag"], str(int(brief["timeout_seconds"]))]
    if command.get("budget_flag") and "budget_usd" in brief:
        made += [command["budget_flag"], f"{brief['budget_usd']:.2f}"]
    if command.get("working_dir_flag"):
        made += [command["working_dir_flag"], str(workspace)]
    made += _prompt_arguments(command, prompt)
    made += [*(command.get("mcp_disable_args") or ()), *(command.get("extra_flags") or ())]
    return [*made, *_added(command, config)]


def _added(command: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """`allowed_tools`, where the program has a flag for them, and `cli_extra_args`."""
    tools, extra = (config.get(name) for name in ("allowed_tools", "cli_extra_args"))
    flag = command.get("allowed_tools_flag")
    told = [flag, ",".join(map(str, tools))] if flag and isinstance(tools, list) else []
    return [*told, *(map(str, extra) if isinstance(extra, list) else ())]


def _prompt_arguments(command: Mapping[str, Any], prompt: bytes) -> list[str | bytes]:
    flag, sentinel = command.get("prompt_flag"), command.get("stdin_sentinel")
    if takes_stdin(command, prompt):
        return [flag, sentinel] if flag and sentinel else []
    return [flag, prompt] if flag else [prompt]


def find_program(name: str, path: str, folder: Path) -> str | None:
    """As the shell would find it from `folder`; None where there is no such program."""
    places = [folder] if "/" in name else [folder / each for each in path.split(os.pathsep) if each]
    for place in places:
        candidate = place / name
        if os.access(candidate, os.X_OK) and not candidate.is_dir():
            return str(candidate)
    return None
