"""The whole score, field by field as Marianne has it (semantics §4.6)."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from marianne_operator.score.fields.backend import BackendConfig, BridgeConfig
from marianne_operator.score.fields.base import Filled, Part
from marianne_operator.score.fields.execution import (
    CircuitBreakerConfig,
    CostLimitConfig,
    ParallelConfig,
    RateLimitConfig,
    StaleDetectionConfig,
    ValidationRule,
)
from marianne_operator.score.fields.learning import CheckpointConfig, GroundingConfig, LearningConfig
from marianne_operator.score.fields.orchestration import (
    ConcertConfig,
    ConductorConfig,
    NotificationConfig,
    PostSuccessHookConfig,
)
from marianne_operator.score.fields.prompt import InstrumentDef, MovementDef, PromptConfig, RetryConfig
from marianne_operator.score.fields.sheet import SheetConfig
from marianne_operator.score.fields.workspace import (
    AgentCard,
    AIReviewConfig,
    CrossSheetConfig,
    FeedbackConfig,
    IsolationConfig,
    LogConfig,
    SpecCorpusConfig,
    TechniqueConfig,
    WorkspaceLifecycleConfig,
)


class Score(Part):
    """One score. What does nothing here is accepted and said (`score.effects`), not refused."""

    name: str = Field(description="What the score is called.")
    description: str | None = None
    workspace: str = "workspace"
    backend: BackendConfig = BackendConfig()
    instrument: Filled | None = Field(default=None, description="Who performs, where nothing more special is said.")
    instrument_config: dict[str, Any] = {}
    instrument_fallbacks: list[str] = []
    instruments: dict[str, InstrumentDef] = Field(default={}, description="The score's own names for instruments.")
    movements: dict[int, MovementDef] = Field(default={}, description="What is said of whole stages.")
    sheet: SheetConfig
    prompt: PromptConfig
    spec: SpecCorpusConfig = SpecCorpusConfig()
    retry: RetryConfig = RetryConfig()
    rate_limit: RateLimitConfig = RateLimitConfig()
    circuit_breaker: CircuitBreakerConfig = CircuitBreakerConfig()
    cost_limits: CostLimitConfig = CostLimitConfig()
    learning: LearningConfig = LearningConfig()
    grounding: GroundingConfig = GroundingConfig()
    ai_review: AIReviewConfig = AIReviewConfig()
    logging: LogConfig = LogConfig()
    workspace_lifecycle: WorkspaceLifecycleConfig = WorkspaceLifecycleConfig()
    isolation: IsolationConfig = IsolationConfig()
    conductor: ConductorConfig = ConductorConfig()
    parallel: ParallelConfig = ParallelConfig()
    stale_detection: StaleDetectionConfig = StaleDetectionConfig()
    checkpoints: CheckpointConfig = CheckpointConfig()
    bridge: BridgeConfig | None = None
    cross_sheet: CrossSheetConfig | None = None
    feedback: FeedbackConfig = FeedbackConfig()
    techniques: dict[str, TechniqueConfig] = {}
    agent_card: AgentCard | None = None
    validations: list[ValidationRule] = Field(default=[], description="A sheet is done when its validations pass.")
    notifications: list[NotificationConfig] = []
    on_success: list[PostSuccessHookConfig] = []
    concert: ConcertConfig = ConcertConfig()
    state_backend: Literal["json", "sqlite"] = "sqlite"
    state_path: str | None = None
    pause_between_sheets_seconds: int = Field(default=2, ge=0, description="Acts only where it is written.")

    @field_validator("movements")
    @classmethod
    def _stages_from_one(cls, movements: dict[int, MovementDef]) -> dict[int, MovementDef]:
        if bad := [number for number in movements if number < 1]:
            raise ValueError(f"movements are numbered from 1, not {bad[0]}")
        return movements

    @model_validator(mode="after")
    def _one_executor(self) -> Self:
        if self.instrument is not None and self.backend.type != "claude_cli":
            raise ValueError("write instrument or backend.type, not both")
        return self
