"""`prompt`, `instruments`, `movements`: what is performed, and by whom (semantics §4.5)."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from marianne_operator.score.fields.base import Filled, Number, Part


class PromptConfig(Part):
    """A Jinja template, in line or in a file; without one, a default prompt."""

    template: str | None = Field(default=None, description="A Jinja template, rendered for each sheet.")
    template_file: str | None = Field(
        default=None, description="Relative to the score's folder, then to the workspace."
    )
    variables: dict[str, Any] = Field(default={}, description="For the template; these win over the built-in ones.")
    stakes: str | None = None
    thinking_method: str | None = None
    prompt_extensions: list[str] = []

    @model_validator(mode="after")
    def _one_template(self) -> Self:
        if self.template is not None and self.template_file is not None:
            raise ValueError("write template or template_file, not both")
        return self


class InstrumentDef(Part):
    """A name of the score's own for an instrument, with configuration."""

    profile: Filled = Field(description="The instrument's real name.")
    config: dict[str, Any] = {}


class MovementDef(Part):
    """What is said of one stage; `voices` is its fan-out where `sheet.fan_out` says none."""

    name: str | None = None
    instrument: Filled | None = None
    instrument_config: dict[str, Any] = {}
    voices: Number | None = Field(default=None, description="Instances of this stage, where sheet.fan_out says none.")
    instrument_fallbacks: list[str] = []


class RetryConfig(Part):
    """`max_retries` is the number of tries."""

    max_retries: int = Field(default=3, ge=0, description="Tries in all, the first one counted.")
    base_delay_seconds: float = Field(default=10.0, gt=0, description="The wait after the first failed try.")
    max_delay_seconds: Annotated[float, Field(gt=0)] = 3600.0
    exponential_base: Annotated[float, Field(gt=1)] = 2.0
    jitter: bool = True
    max_completion_attempts: Annotated[int, Field(ge=0)] = 5
    completion_delay_seconds: Annotated[float, Field(ge=0)] = 5.0
    completion_threshold_percent: Annotated[float, Field(gt=0, le=100)] = 50.0

    @model_validator(mode="after")
    def _delays(self) -> Self:
        if self.base_delay_seconds > self.max_delay_seconds:
            raise ValueError("base_delay_seconds is above max_delay_seconds")
        return self
