"""What a template may speak of (semantics §5.3)."""

from collections.abc import Mapping
from typing import Any

from marianne_runner.contract import CompiledScore, Sheet


def built_in(score: CompiledScore, sheet: Sheet, workspace: str) -> dict[str, Any]:
    """Numbers of this sheet, by Marianne's names and their synonyms."""
    return {
        "sheet_num": sheet["num"],
        "total_sheets": score["total_sheets"],
        "start_item": sheet["start_item"],
        "end_item": sheet["end_item"],
        "workspace": workspace,
        "stage": sheet["stage"],
        "movement": sheet["stage"],
        "instance": sheet["instance"],
        "voice": sheet["instance"],
        "fan_count": sheet["fan_count"],
        "voice_count": sheet["fan_count"],
        "total_stages": score["total_stages"],
        "total_movements": score["total_stages"],
    }


def for_prompt(
    score: CompiledScore,
    sheet: Sheet,
    workspace: str,
    previous_outputs: Mapping[int, str],
    previous_files: Mapping[str, str],
    skipped_upstream: list[int],
) -> dict[str, Any]:
    """The author's variables win over the built-in ones, and `stakes` and `thinking_method` over both."""
    prompt = score["prompt"]
    return {
        **built_in(score, sheet, workspace),
        "previous_outputs": dict(previous_outputs),
        "previous_files": dict(previous_files),
        "skipped_upstream": skipped_upstream,
        "injected_context": [],
        "injected_skills": [],
        "injected_tools": [],
        **{name: _with_numbers(value) for name, value in prompt["variables"].items()},
        "stakes": prompt.get("stakes", ""),
        "thinking_method": prompt.get("thinking_method", ""),
    }


def for_rules(score: CompiledScore, sheet: Sheet, workspace: str, instrument: str) -> dict[str, Any]:
    """In validations the built-in ones win (semantics §6.2)."""
    return {**score["prompt"]["variables"], **built_in(score, sheet, workspace), "instrument_name": instrument}


def _with_numbers(value: Any) -> Any:  # noqa: ANN401  (a template variable is any JSON value)
    """Keys that look like integers are integers: authors index their maps by `sheet_num`."""
    if isinstance(value, dict):
        return {_key(key): _with_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    return value


def _key(key: str) -> str | int:
    return int(key) if key.removeprefix("-").isdecimal() and key.isascii() else key
