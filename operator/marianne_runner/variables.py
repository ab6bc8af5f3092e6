"""The variables of a sheet: what its template, its rules and its prompt may speak of (semantics §5.3, §6.2)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from marianne_runner.contract import CompiledScore, Sheet
from marianne_runner.injections import Injected

_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")


class Heard(NamedTuple):
    """What a prompt may quote: outputs by sheet, captured files by absolute path, skipped sheets, injections."""

    outputs: Mapping[int, str] = {}
    files: Mapping[str, str] = {}
    skipped: Sequence[int] = ()
    injected: Injected = Injected()


NOTHING_HEARD: Final = Heard()


def built_in(score: CompiledScore, sheet: Sheet, workspace: str) -> dict[str, Any]:
    """The sheet's numbers, under both of Marianne's vocabularies."""
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


def for_prompt(score: CompiledScore, sheet: Sheet, workspace: str, heard: Heard = NOTHING_HEARD) -> dict[str, Any]:
    """In a prompt the author's variables win over the built-in ones; `stakes` and `thinking_method` win over all."""
    prompt = score["prompt"]
    return {
        **built_in(score, sheet, workspace),
        "previous_outputs": dict(heard.outputs),
        "previous_files": dict(heard.files),
        "skipped_upstream": list(heard.skipped),
        **heard.injected.variables(),
        **_written(score),
        "stakes": prompt.get("stakes") or "",
        "thinking_method": prompt.get("thinking_method") or "",
    }


def for_rules(score: CompiledScore, sheet: Sheet, workspace: str, instrument: str = "") -> dict[str, Any]:
    """In a validation the built-in variables win over the author's."""
    return {**_written(score), **built_in(score, sheet, workspace), "instrument_name": instrument}


def _written(score: CompiledScore) -> dict[str, Any]:
    return {name: _with_numbers(value) for name, value in score["prompt"]["variables"].items()}


def _with_numbers(value: Any) -> Any:  # noqa: ANN401  (a template variable is any JSON value)
    """Keys that are integers in YAML are text in JSON, and authors index their maps by `sheet_num`."""
    if isinstance(value, dict):
        return {_key(key): _with_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    return value


def _key(key: str) -> str | int:
    return int(key) if _INTEGER.fullmatch(key) else key
