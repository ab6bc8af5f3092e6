"""A score to its compiled form: stages and rules once, per sheet only numbers (design §3). Pure."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, cast

from marianne_operator.score import effects, templates
from marianne_operator.score.around import add_what_is_around
from marianne_operator.score.checkpoints import never_asked
from marianne_operator.score.conditions import applies
from marianne_operator.score.cost_limits import cost_limits
from marianne_operator.score.expansion import Place, dependencies, fan_out, items, places
from marianne_operator.score.fields import Score, ValidationRule
from marianne_operator.score.fields.execution import RateLimitConfig
from marianne_operator.score.fields.sheet import SkipWhenCommand
from marianne_operator.score.instruments import fallbacks, performer
from marianne_operator.score.load import MAX_TEXT, score_of, tree_of
from marianne_operator.score.plain import canonical, plain
from marianne_operator.score.prompts import prompt
from marianne_operator.score.refused import ScoreRefusedError
from marianne_operator.score.skip_expression import problem
from marianne_operator.score.templates import SHOWN
from marianne_runner.contract import (
    PROTOCOL,
    CircuitBreaker,
    CompiledScore,
    CrossSheet,
    Parallel,
    Performer,
    RateLimit,
    Retry,
    Rule,
    Sheet,
    SkipCommand,
    StaleDetection,
)

MAX_COMPILED: Final = 900 * 1024
"""Bytes of JSON: what a ConfigMap holds, with room for the rest of the object."""


def compile_source(source: str | Mapping[str, Any]) -> CompiledScore:
    """From `scoreText` or the typed `score`; raises `ScoreRefusedError`."""
    tree = tree_of(source) if isinstance(source, str) else source
    written = canonical(plain(tree))
    if tree is source and len(written) > MAX_TEXT:
        raise ScoreRefusedError("ScoreTooLarge", f"the score has {len(written)} bytes of JSON; at most {MAX_TEXT}")
    return compile_score(score_of(tree), hashlib.sha256(written).hexdigest())


def compile_score(score: Score, digest: str) -> CompiledScore:
    """What the operator schedules by and the runner performs by, as JSON has it; raises `ScoreRefusedError`.

    `digest` is of what the author wrote, never of defaults: a newer operator must not take it for another score.
    """
    return assembled(score, digest, effects.without_effect(score), templates.warnings(score))


def assembled(score: Score, digest: str, vain: list[str], warned: list[str]) -> CompiledScore:
    """The same of a score whose fields and template have been looked at, or are looked at elsewhere."""
    every = places(score)
    sheets, performers = _sheets(score, every, dependencies(score, every))
    compiled = CompiledScore(
        protocol=PROTOCOL,
        name=score.name,
        digest=digest,
        total_sheets=len(every),
        total_stages=max(place.stage for place in every),
        sheets=sheets,
        performers=performers,
        rules=[_rule(rule) for rule in score.validations],
        prompt=prompt(score),
        retry=_retry(score),
        parallel=Parallel(
            enabled=score.parallel.enabled,
            max_concurrent=score.parallel.max_concurrent,
            fail_fast=score.parallel.fail_fast,
            stagger_delay_ms=score.parallel.stagger_delay_ms,
        ),
        pause_between_sheets_seconds=_pause(score),
        max_output_capture_bytes=score.backend.max_output_capture_bytes,
        dependencies_declared=bool(score.sheet.dependencies),
        warnings=warned,
        without_effect=vain,
    )
    _add_optional(compiled, score)
    _add_skips(compiled, score, every)
    add_what_is_around(compiled, score)
    compiled["warnings"] = [*compiled["warnings"], *never_asked(score, len(every))]
    text = json.dumps(compiled, ensure_ascii=False, default=str)  # str: dates, as a template would print them
    if (size := len(text.encode())) > MAX_COMPILED:
        raise ScoreRefusedError("ScoreTooLarge", f"compiled, the score has {size} bytes; at most {MAX_COMPILED}")
    return cast(CompiledScore, json.loads(text))


def _sheets(
    score: Score, every: tuple[Place, ...], needs: Mapping[int, list[int]]
) -> tuple[list[Sheet], list[Performer]]:
    performers: list[Performer] = []
    sheets: list[Sheet] = []
    total_stages = max(place.stage for place in every)
    for place in every:
        plays = performer(score, place)
        others = fallbacks(score, place, plays)
        performers += [each for each in (plays, *others) if each not in performers]
        first, last = items(score, place, len(every))
        sheet = Sheet(
            num=place.num,
            stage=place.stage,
            instance=place.instance,
            fan_count=place.fan_count,
            start_item=first,
            end_item=last,
            needs=needs.get(place.num, []),
            rules=[],
            performer=performers.index(plays),
        )
        if others:
            sheet["fallbacks"] = [performers.index(each) for each in others]
        context = condition_context(score, sheet, len(every), total_stages)
        sheet["rules"] = [index for index, rule in enumerate(score.validations) if applies(condition_of(rule), context)]
        sheets.append(sheet)
    return sheets, performers


def condition_context(score: Score, sheet: Sheet, total_sheets: int, total_stages: int) -> dict[str, Any]:
    """What a validation's condition may speak of: built-ins win over the author's variables (semantics §6.2)."""
    return {
        **score.prompt.variables,
        "sheet_num": sheet["num"],
        "total_sheets": total_sheets,
        "stage": sheet["stage"],
        "movement": sheet["stage"],
        "total_stages": total_stages,
        "total_movements": total_stages,
        "instance": sheet["instance"],
        "voice": sheet["instance"],
        "fan_count": sheet["fan_count"],
        "voice_count": sheet["fan_count"],
        "start_item": sheet["start_item"],
        "end_item": sheet["end_item"],
    }


def condition_of(rule: ValidationRule) -> str | None:
    """A rule for one sheet is a condition too; one that is written wins."""
    if rule.condition is None and rule.sheet is not None:
        return f"sheet_num == {rule.sheet}"
    return rule.condition


def _rule(rule: ValidationRule) -> Rule:
    """A command that fails fails again: its unwritten retries are none (design §6)."""
    command = rule.type == "command_succeeds"
    written = "retry_count" in rule.model_fields_set
    made = Rule(
        type=rule.type,
        stage=rule.stage,
        retry_count=rule.retry_count if written or not command else 0,
        retry_delay_ms=rule.retry_delay_ms,
    )
    if rule.path is not None:
        made["path"] = rule.path
    if rule.pattern is not None:
        made["pattern"] = rule.pattern
    if rule.description is not None:
        made["description"] = rule.description
    if (condition := condition_of(rule)) is not None:
        made["condition"] = condition
    if rule.command is not None:
        made["command"] = rule.command
    if rule.working_directory is not None:
        made["working_directory"] = rule.working_directory
    if rule.timeout_seconds is not None:
        made["timeout_seconds"] = rule.timeout_seconds
    return made


def _retry(score: Score) -> Retry:
    return Retry(
        max_retries=score.retry.max_retries,
        base_delay_seconds=score.retry.base_delay_seconds,
        max_delay_seconds=score.retry.max_delay_seconds,
        exponential_base=score.retry.exponential_base,
        jitter=score.retry.jitter,
        max_completion_attempts=score.retry.max_completion_attempts,
        completion_delay_seconds=score.retry.completion_delay_seconds,
        completion_threshold_percent=score.retry.completion_threshold_percent,
    )


def _rate_limit(written: RateLimitConfig) -> RateLimit:
    made = RateLimit(
        wait_minutes=written.wait_minutes, max_waits=written.max_waits, max_quota_waits=written.max_quota_waits
    )
    if "detection_patterns" in written.model_fields_set:
        made["detection_patterns"] = written.detection_patterns
    return made


def _pause(score: Score) -> float:
    """Only as written: Marianne's default of two seconds would be the whole gap (decision 002)."""
    written = "pause_between_sheets_seconds" in score.model_fields_set
    return float(score.pause_between_sheets_seconds) if written else 0.0


def _add_skips(compiled: CompiledScore, score: Score, every: tuple[Place, ...]) -> None:
    """Written for a stage, meant for each of its instances; after an earlier expansion, written for each of them."""
    sheet, by_stage = score.sheet, bool(fan_out(score))
    keys = {str(place.num): place.stage if by_stage else place.num for place in every}
    if sheet.skip_when:
        given = {num: sheet.skip_when.get(key) for num, key in keys.items()}
        compiled["skip_when"] = {num: expression for num, expression in given.items() if expression is not None}
        compiled["warnings"] = [*compiled["warnings"], *_doubtful(sheet.skip_when)]
    if sheet.skip_when_command:
        commands = {num: sheet.skip_when_command.get(key) for num, key in keys.items()}
        compiled["skip_when_command"] = {num: _skip(command) for num, command in commands.items() if command}


def _doubtful(expressions: Mapping[int, str]) -> list[str]:
    """Conditions that can never be evaluated: their sheets run, which is Marianne's documented behaviour."""
    found = [(stage, problem(expression)) for stage, expression in expressions.items()]
    return [f"sheet.skip_when.{stage}: never skips: {why}" for stage, why in found if why][:SHOWN]


def _skip(written: SkipWhenCommand) -> SkipCommand:
    made = SkipCommand(command=written.command, timeout_seconds=written.timeout_seconds)
    if written.description is not None:
        made["description"] = written.description
    return made


def _add_optional(compiled: CompiledScore, score: Score) -> None:
    if (limits := cost_limits(score)) is not None:
        compiled["cost_limits"] = limits
    cross = score.cross_sheet
    if cross is not None:
        compiled["cross_sheet"] = CrossSheet(
            auto_capture_stdout=cross.auto_capture_stdout,
            max_output_chars=cross.max_output_chars,
            capture_files=cross.capture_files,
            lookback_sheets=cross.lookback_sheets,
        )
    if "rate_limit" in score.model_fields_set:
        compiled["rate_limit"] = _rate_limit(score.rate_limit)
    if "circuit_breaker" in score.model_fields_set:
        compiled["circuit_breaker"] = CircuitBreaker(
            enabled=score.circuit_breaker.enabled,
            failure_threshold=score.circuit_breaker.failure_threshold,
            recovery_timeout_seconds=score.circuit_breaker.recovery_timeout_seconds,
        )
    if score.stale_detection.enabled:
        compiled["stale_detection"] = StaleDetection(
            idle_timeout_seconds=score.stale_detection.idle_timeout_seconds,
            check_interval_seconds=score.stale_detection.check_interval_seconds,
        )
    if names := {str(number): each.name for number, each in score.movements.items() if each.name}:
        compiled["stage_names"] = names
    if score.sheet.descriptions:
        compiled["descriptions"] = {str(number): text for number, text in score.sheet.descriptions.items()}
