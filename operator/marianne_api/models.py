"""The seed's requests and answers, with its names and types."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class StartJobRequest(BaseModel):
    """Exactly one of `config_content` and `config_path`. What is not known here is ignored, as in the original."""

    config_content: Annotated[str | None, Field(description="A score, as YAML")] = None
    config_path: Annotated[str | None, Field(description="A score in a ConfigMap: `configmap/key.yaml`")] = None
    workspace: Annotated[
        str | None, Field(description="A PersistentVolumeClaim, or a folder in it: `claim/folder`")
    ] = None
    start_sheet: Annotated[int, Field(ge=1)] = 1
    self_healing: bool = False
    name: Annotated[str | None, Field(description="The job's own name; without it, one is made of the score's")] = None
    namespace: Annotated[str | None, Field(description="Where the job is made")] = None


class StartJobResponse(BaseModel):
    """There is no process, so `pid` is null; `workspace` is a claim, or a folder of it."""

    success: bool
    job_id: str
    job_name: str
    status: str
    workspace: str
    total_sheets: int
    pid: int | None
    message: str
    via_daemon: bool


class RestartJobRequest(BaseModel):
    """`spec.restart` without its token; all of it may be left out."""

    scope: Literal["Failed", "FromSheet", "All"] = "Failed"
    from_sheet: Annotated[
        int | None, Field(ge=1, description="With `FromSheet`: this sheet and what depends on it, too")
    ] = None
    mode: Annotated[
        Literal["Run", "ValidateOnly"], Field(description="`ValidateOnly`: no instrument, only the rules again")
    ] = "Run"

    @model_validator(mode="after")
    def _from_a_sheet(self) -> Self:
        if (self.scope == "FromSheet") != (self.from_sheet is not None):
            raise ValueError("from_sheet goes with scope FromSheet, and with no other")
        return self


class ApproveSheetRequest(BaseModel):
    """What becomes of a sheet that waits for a person; all of it may be left out."""

    decision: Literal["approve", "reject", "retry", "skip", "accept", "abort"] = "approve"


class JobActionResponse(BaseModel):
    """`status` is what the job says after the write, not what it will come to."""

    success: bool
    job_id: str
    status: str
    message: str
    via_daemon: bool


class DeleteJobResponse(BaseModel):
    """Gone."""

    success: bool
    job_id: str
    message: str


class DaemonStatus(BaseModel):
    """Of the conductor that holds the Lease."""

    model_config = ConfigDict(extra="ignore")

    connected: Literal[True] = True
    pid: int | None
    uptime_seconds: float | None
    running_jobs: int
    total_jobs_active: int
    memory_usage_mb: float | None
    version: str | None


class DisconnectedStatus(BaseModel):
    """Nobody conducts, or nobody knows."""

    connected: Literal[False] = False
    message: str


class SheetDetails(BaseModel):
    """The 33 keys, always all of them."""

    sheet_num: int
    status: str
    started_at: str | None
    completed_at: str | None
    attempt_count: int
    exit_code: int | None
    error_message: str | None
    error_category: str | None
    validation_passed: bool | None
    validation_details: list[dict[str, Any]]
    execution_duration_seconds: float | None
    exit_signal: int | None
    exit_reason: str | None
    completion_attempts: int
    passed_validations: list[str]
    failed_validations: list[str]
    last_pass_percentage: float | None
    execution_mode: str | None
    confidence_score: float | None
    outcome_category: str | None
    success_without_retry: bool
    stdout_tail: str | None
    stderr_tail: str | None
    output_truncated: bool
    preflight_warnings: list[str]
    applied_pattern_descriptions: list[str]
    grounding_passed: bool | None
    grounding_confidence: float | None
    grounding_guidance: str | None
    input_tokens: int | None
    output_tokens: int | None
    estimated_cost: float | None
    cost_confidence: float
