"""What a written field does here, where it does not do what Marianne's engine does.

Refused: its neglect would change what runs, what passes or what it costs, and nobody would know. Without effect:
accepted and told in the job's `Accepted` condition. Either only where the score writes something else than the default.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from marianne_operator.score.fields import Score
from marianne_operator.score.fields.base import Part
from marianne_operator.score.refused import ScoreRefusedError


@dataclass(frozen=True, slots=True)
class Effect:
    """A field by its path, and why it does nothing."""

    path: str
    kind: Literal["refused", "none"]
    why: str


_NOT_YET: Final = "not performed yet"
_CLUSTER: Final = "the cluster takes its place"
_ENGINE: Final = "of Marianne's own process"

EFFECTS: Final = (
    *(
        Effect(path, "refused", _NOT_YET)
        for path in (
            "sheet.skip_when",
            "sheet.skip_when_command",
            "sheet.prelude",
            "sheet.cadenzas",
            "sheet.spec_tags",
            "sheet.prompt_extensions",
            "prompt.prompt_extensions",
            "spec.fragments",
            "spec.spec_dir",
            "cost_limits.max_cost_per_sheet",
            "cost_limits.max_cost_per_job",
            "grounding.enabled",
            "ai_review.enabled",
            "checkpoints.enabled",
            "on_success",
            "backend.cli_model",
            "backend.allowed_tools",
            "backend.system_prompt_file",
            "backend.working_directory",
            "backend.cli_extra_args",
        )
    ),
    *(
        Effect(path, "none", _NOT_YET)
        for path in (
            "instrument_fallbacks",
            "sheet.per_sheet_fallbacks",
            "retry.max_completion_attempts",
            "retry.completion_delay_seconds",
            "retry.completion_threshold_percent",
            "rate_limit",
            "circuit_breaker",
            "stale_detection",
            "notifications",
            "learning",
            "feedback",
            "techniques",
            "agent_card",
            "cost_limits.cost_per_1k_input_tokens",
            "cost_limits.cost_per_1k_output_tokens",
            "cost_limits.warn_at_percent",
            "workspace_lifecycle",
            "concert",
            "spec.include_claude_md",
        )
    ),
    *(Effect(path, "none", _CLUSTER) for path in ("workspace", "isolation", "state_backend", "state_path")),
    *(
        Effect(path, "none", _ENGINE)
        for path in (
            "logging",
            "conductor",
            "bridge",
            "backend.skip_permissions",
            "backend.disable_mcp",
            "backend.output_format",
            "backend.model",
            "backend.api_key_env",
            "backend.max_tokens",
            "backend.temperature",
            "backend.recursive_light",
            "backend.ollama",
        )
    ),
)


def without_effect(score: Score) -> list[str]:
    """Paths that this score writes in vain; raises `ScoreRefusedError` for those that must not be neglected."""
    written = [effect for effect in EFFECTS if _written(score, effect.path)]
    refused = [effect for effect in written if effect.kind == "refused" and not _switched_off(score, effect.path)]
    if refused:
        told = "; ".join(f"{effect.path}: {effect.why}, and it would change the result" for effect in refused[:5])
        raise ScoreRefusedError("ScoreUnsupported", told)
    vain = [effect.path for effect in written if effect.kind == "none"]
    return [*vain, *_fallbacks_of_movements(score), *_overrides(score)]


def _written(score: Score, path: str) -> bool:
    """Whether the value differs from what stands there when nothing is written."""
    part: Part = score
    *above, field = path.split(".")
    for name in above:
        part = getattr(part, name)
    value: Any = getattr(part, field)
    return bool(value != type(part).model_fields[field].get_default(call_default_factory=True))


def _switched_off(score: Score, path: str) -> bool:
    """A cost limit beside a written `enabled: false` limits nothing."""
    return path.startswith("cost_limits.max") and not score.cost_limits.limits


def _fallbacks_of_movements(score: Score) -> Iterator[str]:
    for number, movement in score.movements.items():
        if movement.instrument_fallbacks:
            yield f"movements.{number}.instrument_fallbacks"


def _overrides(score: Score) -> Iterator[str]:
    """Of a sheet's backend override, only the time-out is an engine's; the rest speaks to Marianne's own clients."""
    for number, override in score.backend.sheet_overrides.items():
        for field in ("cli_model", "model", "temperature", "max_tokens"):
            if getattr(override, field) is not None:
                yield f"backend.sheet_overrides.{number}.{field}"
