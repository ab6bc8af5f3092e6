"""Parts of a compiled score: how often, how long and how dearly to try."""

from typing import NotRequired, TypedDict


class Retry(TypedDict):
    """`max_retries` is the number of tries, not of re-tries; 0 still tries once."""

    max_retries: int
    base_delay_seconds: float
    max_delay_seconds: float
    exponential_base: float
    jitter: bool
    max_completion_attempts: int
    completion_delay_seconds: float
    completion_threshold_percent: float
    """Of the rules that were looked at: above it, what is missing is completed, in place of another try."""


class Parallel(TypedDict):
    """At most `max_concurrent` sheets at once; disabled: one, the lowest ready number."""

    enabled: bool
    max_concurrent: int
    fail_fast: bool
    stagger_delay_ms: int


class RateLimit(TypedDict):
    """How long to wait for a limit whose end is not told, and how often, before a person is asked."""

    wait_minutes: int
    max_waits: int
    max_quota_waits: int
    detection_patterns: NotRequired[list[str]]
    """Words of a limit, beside the profile's and those that are known of all programs; looked for by the runner."""


class CircuitBreaker(TypedDict):
    """When an instrument that fails again and again is left alone, and for how long."""

    enabled: bool
    failure_threshold: int
    recovery_timeout_seconds: float


class StaleDetection(TypedDict):
    """How long an instrument may say nothing, and how often that is looked at."""

    idle_timeout_seconds: float
    check_interval_seconds: float


class CostLimits(TypedDict):
    """Caps in millionths of a dollar, and the prices that the score itself writes, in dollars for a thousand tokens."""

    per_sheet: NotRequired[int]
    """Over all attempts of the sheet."""
    per_job: NotRequired[int]
    input_per_1k: NotRequired[float]
    output_per_1k: NotRequired[float]
    warn_at_percent: float
    """Of `per_job`."""
