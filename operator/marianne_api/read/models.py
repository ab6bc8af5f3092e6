"""Answers of the read routes: the seed's names, and beside them what a reader of a MarianneJob needs."""

from typing import Any

from pydantic import BaseModel

from marianne_client.words import JobWord


class Waiting(BaseModel):
    """Why nothing happens, and until when if that is known."""

    reason: str
    message: str | None = None
    since: str | None = None
    until: str | None = None


class JobItem(BaseModel):
    """A line of the list."""

    job_id: str
    job_name: str
    status: JobWord
    total_sheets: int
    completed_sheets: int
    progress_percent: float
    created_at: str
    updated_at: str
    namespace: str
    uid: str
    phase: str | None
    waiting: Waiting | None
    run: int | None
    total_retry_count: int
    started_at: str | None
    completed_at: str | None
    message: str | None


class JobList(BaseModel):
    """A page. `total` counts what the filters let through; a stream goes on from `version`."""

    jobs: list[JobItem]
    total: int
    offset: int
    limit: int
    version: str


class JobState(BaseModel):
    """What changes while a job runs."""

    job_id: str
    status: JobWord
    progress_percent: float
    completed_sheets: int
    total_sheets: int
    current_sheet: int | None
    error_message: str | None
    updated_at: str
    waiting: Waiting | None


class SheetSummary(BaseModel):
    """A line of the table of sheets."""

    sheet_num: int
    status: str
    attempt_count: int
    validation_passed: bool | None
    attempt: int
    instrument: str | None
    pod_name: str | None
    started_at: str | None
    completed_at: str | None
    execution_duration_seconds: float | None
    error_message: str | None
    next_retry_at: str | None
    waiting: Waiting | None


class Condition(BaseModel):
    """As `metav1.Condition`."""

    type: str
    status: str
    reason: str
    message: str
    last_transition_time: str


class HookResult(BaseModel):
    """One of the score's `on_success` whose turn has come. `job`: the one that it starts."""

    index: int
    type: str
    state: str
    job: str | None
    message: str | None
    exit_code: int | None
    started_at: str | None
    completed_at: str | None


class NoticeResult(BaseModel):
    """One event that is told by one of the score's `notifications`."""

    index: int
    event: str
    run: int
    state: str
    time: str
    message: str | None


class JobDetail(JobState):
    """Everything but the 33 details of each sheet."""

    job_name: str
    namespace: str
    uid: str
    labels: dict[str, str]
    phase: str | None
    run: int | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    last_completed_sheet: int
    total_retry_count: int
    rate_limit_waits: int
    total_input_tokens: int
    total_output_tokens: int
    total_estimated_cost: float
    pause_requested: bool
    cancel_requested: bool
    conditions: list[Condition]
    sheets: list[SheetSummary]
    hooks: list[HookResult]
    notifications: list[NoticeResult]


class SheetPage(BaseModel):
    """Some of a job's sheets; `total` counts what the filters let through."""

    job_id: str
    sheets: list[SheetSummary]
    total: int
    offset: int
    limit: int


class GraphNode(BaseModel):
    """A sheet, whether it has started or not. `level`: the longest way to it from a sheet that needs nothing."""

    sheet_num: int
    movement: int
    movement_name: str | None
    voice: int
    voice_count: int
    description: str | None
    instrument: str | None
    status: str
    level: int


class GraphEdge(BaseModel):
    """`to_sheet` waits for `from_sheet`."""

    from_sheet: int
    to_sheet: int


class JobGraph(BaseModel):
    """`levels` are the numbers of the sheets, level by level."""

    job_id: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    levels: list[list[int]]


class JobEvent(BaseModel):
    """A core/v1 Event."""

    type: str
    reason: str
    message: str
    count: int
    first_seen: str | None
    last_seen: str | None
    source: str | None
    object: dict[str, Any]


class JobEvents(BaseModel):
    """The newest last."""

    job_id: str
    events: list[JobEvent]
