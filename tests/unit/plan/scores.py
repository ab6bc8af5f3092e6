"""Compiled scores made short."""

from collections.abc import Iterable, Mapping
from typing import Any

from marianne_runner.contract import PROTOCOL, CompiledScore, CrossSheet, Parallel, Retry, Rule

DIGEST = "d" * 64


def score(
    sheets: int = 1,
    *,
    needs: Mapping[int, Iterable[int]] | None = None,
    max_concurrent: int | None = None,
    fail_fast: bool = False,
    stagger_ms: int = 0,
    pause_seconds: float = 0.0,
    tries: int = 2,
    delay_seconds: float = 10.0,
    jitter: bool = False,
    completions: int = 5,
    rules: Iterable[Rule] = (),
    cross_sheet: CrossSheet | None = None,
    instruments: Mapping[int, str] | None = None,
    fallbacks: Mapping[int, Iterable[str]] | None = None,
    **changes: Any,
) -> CompiledScore:
    """`needs` None: no dependencies are written. `max_concurrent` None: not parallel."""
    others = {number: list(names) for number, names in (fallbacks or {}).items()}
    named = dict.fromkeys([*(instruments or {}).values(), *(each for names in others.values() for each in names)])
    performers = list(dict.fromkeys(["cli", *named]))
    rules = list(rules)
    compiled = CompiledScore(
        protocol=PROTOCOL,
        name="tune",
        digest=DIGEST,
        total_sheets=sheets,
        total_stages=sheets,
        sheets=[
            {
                "num": number,
                "stage": number,
                "instance": 1,
                "fan_count": 1,
                "start_item": number,
                "end_item": number,
                "needs": list((needs or {}).get(number, ())),
                "rules": list(range(len(rules))),
                "performer": performers.index((instruments or {}).get(number, "cli")),
            }
            for number in range(1, sheets + 1)
        ],
        performers=[{"instrument": each} for each in performers],
        rules=rules,
        prompt={"template": "play", "variables": {}},
        retry=Retry(
            max_retries=tries,
            base_delay_seconds=delay_seconds,
            max_delay_seconds=3600.0,
            exponential_base=2.0,
            jitter=jitter,
            max_completion_attempts=completions,
            completion_delay_seconds=5.0,
            completion_threshold_percent=50.0,
        ),
        parallel=Parallel(
            enabled=max_concurrent is not None,
            max_concurrent=max_concurrent or 3,
            fail_fast=fail_fast,
            stagger_delay_ms=stagger_ms,
        ),
        pause_between_sheets_seconds=pause_seconds,
        max_output_capture_bytes=51200,
        dependencies_declared=needs is not None,
        warnings=[],
        without_effect=[],
    )
    for number, names in others.items():
        compiled["sheets"][number - 1]["fallbacks"] = [performers.index(each) for each in names]
    if cross_sheet is not None:
        compiled["cross_sheet"] = cross_sheet
    return CompiledScore(**(compiled | changes))  # type: ignore[typeddict-item]
