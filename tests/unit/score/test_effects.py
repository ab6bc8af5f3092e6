"""What a score writes in vain is told; what must not be neglected is refused; every field is one or is performed."""

import pytest
from pydantic import BaseModel

from marianne_operator.score.effects import EFFECTS, without_effect
from marianne_operator.score.fields import Score
from marianne_operator.score.load import score_of
from marianne_operator.score.refused import ScoreRefusedError
from tests.unit.score.given import nested, score, tree

PERFORMED = {
    "name",
    "description",
    "backend.type",
    "backend.timeout_seconds",
    "backend.timeout_overrides",
    "backend.sheet_overrides",
    "backend.max_output_capture_bytes",
    # for the instrument of that type alone: test_backend.py
    "backend.cli_model",
    "backend.allowed_tools",
    "backend.cli_extra_args",
    "backend.model",
    "backend.max_tokens",
    "backend.temperature",
    "backend.ollama.model",
    "backend.ollama.num_ctx",
    "backend.ollama.keep_alive",
    "backend.ollama.timeout_seconds",
    "instrument",
    "instrument_config",
    "instrument_fallbacks",
    "instruments",
    "movements",
    "on_success",
    "concert.enabled",
    "concert.max_chain_depth",
    "concert.cooldown_between_jobs_seconds",
    "concert.inherit_workspace",
    "concert.abort_concert_on_hook_failure",
    "sheet.size",
    "sheet.total_items",
    "sheet.start_item",
    "sheet.descriptions",
    "sheet.dependencies",
    "sheet.skip_when",
    "sheet.skip_when_command",
    "sheet.prelude",
    "sheet.cadenzas",
    "sheet.prompt_extensions",
    "sheet.spec_tags",
    "spec.fragments",
    "prompt.prompt_extensions",
    "sheet.fan_out",
    "sheet.fan_out_stage_map",
    "sheet.per_sheet_instruments",
    "sheet.per_sheet_instrument_config",
    "sheet.per_sheet_fallbacks",
    "sheet.instrument_map",
    "sheet.total_sheets",
    "prompt.template",
    "prompt.template_file",
    "prompt.variables",
    "prompt.stakes",
    "prompt.thinking_method",
    "rate_limit.detection_patterns",
    "rate_limit.wait_minutes",
    "rate_limit.max_waits",
    "rate_limit.max_quota_waits",
    "circuit_breaker.enabled",
    "circuit_breaker.failure_threshold",
    "circuit_breaker.recovery_timeout_seconds",
    "stale_detection",
    "retry.max_retries",
    "retry.base_delay_seconds",
    "retry.max_delay_seconds",
    "retry.exponential_base",
    "retry.jitter",
    "retry.max_completion_attempts",
    "retry.completion_delay_seconds",
    "retry.completion_threshold_percent",
    "parallel.enabled",
    "parallel.max_concurrent",
    "parallel.fail_fast",
    "parallel.budget_partition",
    "parallel.stagger_delay_ms",
    "cross_sheet",
    "validations",
    "notifications",
    "workspace_lifecycle.archive_on_fresh",
    "workspace_lifecycle.archive_dir",
    "workspace_lifecycle.archive_naming",
    "workspace_lifecycle.max_archives",
    "workspace_lifecycle.preserve_patterns",
    "cost_limits.max_cost_per_sheet",
    "cost_limits.max_cost_per_job",
    "cost_limits.cost_per_1k_input_tokens",
    "cost_limits.cost_per_1k_output_tokens",
    "cost_limits.warn_at_percent",
    "pause_between_sheets_seconds",
    "feedback.enabled",
    "feedback.pattern",
    "feedback.format",
    # mean nothing without the switch beside them, and that one is in the table
    "cost_limits.enabled",
    "grounding.enabled",
    "grounding.hooks",
    "grounding.fail_on_grounding_failure",
    "grounding.escalate_on_failure",
    "grounding.timeout_seconds",
    "ai_review.min_score",
    "ai_review.target_score",
    "ai_review.on_low_score",
    "ai_review.max_retry_for_review",
    "ai_review.review_prompt_template",
    "checkpoints.enabled",
    "checkpoints.triggers",
    "learning.escalation_enabled",
}

SAMPLES = {
    "spec.spec_dir": "specs",
    "spec.include_claude_md": True,
    "techniques": {"a": {"kind": "skill", "phases": []}},
    "backend.ollama.health_check_timeout": 1,
    "backend.ollama.dynamic_tools": False,
    "backend.ollama.compression_level": "minimal",
    "backend.ollama.max_tool_iterations": 1,
    "backend.skip_permissions": False,
    "backend.disable_mcp": False,
    "backend.output_format": "json",
    "backend.recursive_light": {"timeout": 1},
    "retry.max_completion_attempts": 1,
    "retry.completion_delay_seconds": 1,
    "retry.completion_threshold_percent": 1,
    "rate_limit": {"max_waits": 1},
    "circuit_breaker.cross_workspace_coordination": False,
    "circuit_breaker.honor_other_jobs_rate_limits": False,
    "learning.enabled": False,
    "learning.outcome_store_type": "sqlite",
    "learning.min_confidence_threshold": 0.1,
    "learning.high_confidence_threshold": 0.9,
    "learning.use_global_patterns": False,
    "learning.exploration_rate": 0.5,
    "learning.exploration_min_priority": 0.5,
    "learning.entropy_alert_threshold": 0.1,
    "learning.entropy_check_interval": 1,
    "learning.auto_apply_enabled": True,
    "learning.auto_apply_trust_threshold": 0.5,
    "learning.exploration_budget": {"a": 1},
    "learning.entropy_response": {"a": 1},
    "learning.auto_apply": {"a": 1},
    "agent_card": {"name": "a", "description": "b"},
    "concert.concert_log_path": "log",
    "isolation": {"enabled": True},
    "state_backend": "json",
    "logging": {"level": "DEBUG"},
    "conductor": {"name": "a"},
    "bridge": {},
    "ai_review.enabled": True,
}
"""Something else than the default; for the fields that are not here, any text is."""


def written(path):
    """A score that writes this one field."""
    sample = nested(path, SAMPLES.get(path, "something"))
    top = path.partition(".")[0]
    fields = tree()
    if isinstance(sample[top], dict) and isinstance(fields.get(top, {}), dict):
        fields[top] = fields.get(top, {}) | sample[top]
    else:
        fields[top] = sample[top]
    return fields


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.path)
def test_every_row(effect):
    read = score_of(written(effect.path))
    if effect.kind == "none":
        assert without_effect(read) == [effect.path]
        return
    with pytest.raises(ScoreRefusedError) as refused:
        without_effect(read)
    assert refused.value.reason == "ScoreUnsupported"
    assert refused.value.message == f"{effect.path}: not performed yet, and {effect.why}: leave it out"


def fields_of(model, path=""):
    """Paths of every field, down to where a row of the table says something of the whole."""
    rows = {effect.path for effect in EFFECTS}
    for name, field in model.model_fields.items():
        inner = field.annotation
        whole = f"{path}{name}"
        if whole not in rows | PERFORMED and isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from fields_of(inner, f"{whole}.")
        else:
            yield whole


def test_every_field_is_performed_or_in_the_table():
    assert set(fields_of(Score)) == PERFORMED | {effect.path for effect in EFFECTS}
    assert not PERFORMED & {effect.path for effect in EFFECTS}


def test_a_default_that_is_written_is_silent():
    assert without_effect(score()) == []
    defaults = Score.model_validate(tree()).model_dump(by_alias=True)
    assert without_effect(score_of(defaults)) == []


def test_a_limit_that_is_switched_off_is_no_limit():
    assert without_effect(score(cost_limits={"enabled": False, "max_cost_per_job": 1})) == []


def test_five_refusals_are_told():
    backend = {"working_directory": "a", "system_prompt_file": "b"}
    more = {"techniques": {"a": {"kind": "skill", "phases": []}}, "ai_review": {"enabled": True}}
    many = score(backend=backend, spec={"spec_dir": "a", "include_claude_md": True}, **more)
    with pytest.raises(ScoreRefusedError) as refused:
        without_effect(many)
    assert refused.value.message.count("not performed yet") == 5
