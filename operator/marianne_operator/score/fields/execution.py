"""Limits, validations and the pace of a run (semantics §4.6, §6)."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from marianne_operator.score.fields.base import Number, Part, Percent, Seconds

RATE_LIMIT_PATTERNS: Final = [
    "rate.?limit",
    "usage.?limit",
    "quota",
    "too many requests",
    "429",
    "capacity",
    "try again later",
]


class RateLimitConfig(Part):
    """How a provider's limit is told and how long to wait."""

    detection_patterns: list[str] = RATE_LIMIT_PATTERNS
    wait_minutes: Number = 60
    max_waits: Number = 24
    max_quota_waits: Number = 48


class CircuitBreakerConfig(Part):
    """When an instrument that fails again and again is left alone."""

    enabled: bool = True
    failure_threshold: Annotated[int, Field(ge=1, le=100)] = 5
    recovery_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    cross_workspace_coordination: bool = True
    honor_other_jobs_rate_limits: bool = True


class CostLimitConfig(Part):
    """A limit switches itself on, unless `enabled: false` is written."""

    enabled: bool = False
    max_cost_per_sheet: Annotated[float, Field(gt=0)] | None = None
    max_cost_per_job: Annotated[float, Field(gt=0)] | None = None
    cost_per_1k_input_tokens: Annotated[float, Field(gt=0)] = 0.003
    cost_per_1k_output_tokens: Annotated[float, Field(gt=0)] = 0.015
    warn_at_percent: Percent = 80.0

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.enabled and self.max_cost_per_sheet is None and self.max_cost_per_job is None:
            raise ValueError("enabled without max_cost_per_sheet or max_cost_per_job limits nothing")
        return self

    @property
    def limits(self) -> bool:
        """Whether anything is limited."""
        limited = self.max_cost_per_sheet is not None or self.max_cost_per_job is not None
        return limited and (self.enabled or "enabled" not in self.model_fields_set)


class StaleDetectionConfig(Part):
    """When silence means that an instrument hangs."""

    enabled: bool = Field(default=False, description="Stop an instrument that prints nothing for so long.")
    idle_timeout_seconds: Seconds = Field(default=300.0, description="Longer than it works without printing anything.")
    check_interval_seconds: Seconds = Field(default=30.0, description="How often its silence is looked at.")

    @model_validator(mode="after")
    def _checks_in_time(self) -> Self:
        if self.check_interval_seconds >= self.idle_timeout_seconds:
            raise ValueError("check_interval_seconds must be below idle_timeout_seconds")
        return self


class ParallelConfig(Part):
    """How many sheets of a job run at once."""

    enabled: bool = False
    max_concurrent: int = Field(default=3, ge=1, le=20, description="Sheets of this job that run at once, at most.")
    fail_fast: bool = Field(default=True, description="Start nothing more after a sheet has failed for good.")
    budget_partition: bool = True
    stagger_delay_ms: int = Field(default=0, ge=0, le=5000, description="The least time between two starts.")

    @model_validator(mode="after")
    def _partition(self) -> Self:
        if not self.budget_partition:
            raise ValueError("budget_partition: false is not supported by Marianne")
        return self


class ValidationRule(Part):
    """One check of what a sheet made. `sheet: N` is short for `condition: "sheet_num == N"`."""

    type: Literal["file_exists", "file_modified", "content_contains", "content_regex", "command_succeeds"]
    path: str | None = None
    pattern: str | None = None
    description: str | None = None
    command: str | None = None
    working_directory: str | None = None
    stage: int = Field(default=1, ge=1, le=10, description="Later stages are checked once all earlier ones passed.")
    condition: str | None = Field(default=None, description="For which sheets, as in: stage == 2 and instance > 1")
    retry_count: Annotated[int, Field(ge=0, le=10)] = 3
    timeout_seconds: Seconds | None = None
    retry_delay_ms: Annotated[int, Field(ge=0, le=5000)] = 200
    sheet: Number | None = Field(default=None, description="For this sheet only; a condition wins.")

    @model_validator(mode="after")
    def _has_what_it_checks(self) -> Self:
        needed = ["command" if self.type == "command_succeeds" else "path"]
        needed += ["pattern"] if self.type.startswith("content_") else []
        if missing := [field for field in needed if getattr(self, field) is None]:
            raise PydanticCustomError(
                "rule_incomplete", "{rule} needs {fields}", {"rule": self.type, "fields": " and ".join(missing)}
            )
        if self.type == "content_regex":
            try:
                re.compile(self.pattern or "")
            except (re.error, OverflowError, RecursionError) as error:
                raise PydanticCustomError(
                    "bad_regex", "pattern is no regular expression: {error}", {"error": str(error)}
                ) from error
        return self
