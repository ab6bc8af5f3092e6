"""What Marianne learns and asks (semantics §4.6)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from marianne_operator.score.fields.base import Fraction, Number, Part, Seconds


class LearningConfig(Part):
    """Patterns from earlier runs."""

    enabled: bool = True
    outcome_store_type: Literal["json", "sqlite"] = "json"
    outcome_store_path: str | None = None
    min_confidence_threshold: Fraction = 0.3
    high_confidence_threshold: Fraction = 0.7
    escalation_enabled: bool = False
    use_global_patterns: bool = True
    exploration_rate: Fraction = 0.15
    exploration_min_priority: Fraction = 0.05
    entropy_alert_threshold: Fraction = 0.5
    entropy_check_interval: Number = 100
    auto_apply_enabled: bool = False
    auto_apply_trust_threshold: Fraction = 0.85
    exploration_budget: dict[str, Any] = {}
    entropy_response: dict[str, Any] = {}
    auto_apply: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_confidence_threshold > self.high_confidence_threshold:
            raise ValueError("min_confidence_threshold is above high_confidence_threshold")
        return self


class GroundingHookConfig(Part):
    """A check of facts."""

    type: Literal["file_checksum"]
    name: str | None = None
    expected_checksums: dict[str, str] = {}
    checksum_algorithm: Literal["md5", "sha256"] = "sha256"


class GroundingConfig(Part):
    """Checks of facts beside the validations."""

    enabled: bool = False
    hooks: list[GroundingHookConfig] = []
    fail_on_grounding_failure: bool = True
    escalate_on_failure: bool = True
    timeout_seconds: Seconds = 30.0

    @model_validator(mode="after")
    def _has_hooks(self) -> Self:
        if self.enabled and not self.hooks:
            raise ValueError("enabled without hooks checks nothing")
        return self


class CheckpointTriggerConfig(Part):
    """When a person is asked."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    sheet_nums: list[int] | None = None
    prompt_contains: list[str] | None = None
    min_retry_count: Annotated[int, Field(ge=0)] | None = None
    requires_confirmation: bool = True
    message: str = ""


class CheckpointConfig(Part):
    """Sheets that wait for a person."""

    enabled: bool = False
    triggers: Annotated[list[CheckpointTriggerConfig], Field(max_length=10)] = []
