"""What happens around a job: notifications, hooks, concerts, the conductor (semantics §4.6)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from marianne_operator.score.fields.base import Part, Seconds

NotifiedEvent = Literal[
    "job_start", "sheet_start", "sheet_complete", "sheet_failed", "job_complete", "job_failed", "job_paused"
]


class NotificationConfig(Part):
    """Whom to tell of what."""

    type: Literal["desktop", "slack", "webhook", "email"]
    on_events: list[NotifiedEvent] = ["job_complete", "job_failed"]
    config: dict[str, Any] = {}

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        targets = {"slack": ("webhook_url", "webhook_url_env"), "webhook": ("url", "url_env")}.get(self.type)
        if targets and not any(self.config.get(target) for target in targets):
            raise ValueError(f"{self.type} needs config.{' or config.'.join(targets)}")
        return self


class PostSuccessHookConfig(Part):
    """What follows a job that completed."""

    type: Literal["run_job", "run_command", "run_script"]
    job_path: str | None = None
    job_workspace: str | None = None
    inherit_learning: bool = True
    command: str | None = None
    working_directory: str | None = None
    description: str | None = None
    on_failure: Literal["continue", "abort"] = "continue"
    timeout_seconds: Seconds = 300.0
    detached: bool = False
    fresh: bool = False
    pause_before_chain: bool = False

    @model_validator(mode="after")
    def _has_what_it_runs(self) -> Self:
        needed = "job_path" if self.type == "run_job" else "command"
        if getattr(self, needed) is None:
            raise ValueError(f"{self.type} needs {needed}")
        return self


class ConcertConfig(Part):
    """Bounds of a chain of jobs."""

    enabled: bool = False
    max_chain_depth: Annotated[int, Field(ge=1, le=100)] = 5
    cooldown_between_jobs_seconds: Annotated[float, Field(ge=0)] = 5.0
    inherit_workspace: bool = True
    concert_log_path: str | None = None
    abort_concert_on_hook_failure: bool = False


class ConductorConfig(Part):
    """Who conducts; identity only."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "default"
    role: str = "human"
    identity_context: Annotated[str, Field(max_length=500)] | None = None
    preferences: dict[str, Any] = {}
