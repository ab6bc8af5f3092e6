"""`MarianneJob.status`: the truth about a job, and the operator's only memory.

A sheet's keys are Marianne's 33 sheet details in camelCase (`sheet_num` is `num`, `status` is `state`, cost is an
integer), and what the operator needs beside them. Nulls and defaults are omitted: a plain pending sheet is three keys.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field

from marianne_operator.model.base import Resource, Tail, Text, Time
from marianne_operator.model.hook import HookStatus
from marianne_operator.model.notice import NoticeStatus

SheetState = Literal[
    "pending",
    "ready",
    "dispatched",
    "in_progress",
    "waiting",
    "retry_scheduled",
    "fermata",
    "completed",
    "failed",
    "skipped",
    "cancelled",
]
TERMINAL: Final = frozenset({"completed", "failed", "skipped", "cancelled"})
ACTIVE: Final = frozenset({"dispatched", "in_progress"})
"""States with a Pod, or with the intent to have one."""

Phase = Literal[
    "Pending", "Running", "Waiting", "Paused", "PausedAtChain", "Completed", "Failed", "Cancelled", "Refused"
]


class Waiting(Resource):
    """Why nothing happens, since when, and until when if that is known."""

    reason: Annotated[str, Field(max_length=64)]
    message: Text = ""
    since: Time
    until: Time | None = None


class SheetError(Resource):
    """One failure of an instrument, as long as the sheet may try again: what fails how often decides on the wait."""

    code: Annotated[str, Field(max_length=8)]
    time: Time


class InstrumentFallback(Resource):
    """Another instrument took the place of one that could not play."""

    from_: Annotated[str, Field(max_length=253, alias="from")]
    to: Annotated[str, Field(max_length=253)]
    reason: Annotated[str, Field(max_length=32)]
    time: Time


class InstrumentRecord(Resource):
    """What this job has seen of an instrument that was in trouble; for all jobs that use it."""

    instrument: Annotated[str, Field(max_length=253)]
    """The object's name."""
    limited_until: Time | None = None
    """The end of the last limit that a sheet met; the sheet may have gone on with another instrument."""
    unlimited_at: Time | None = None
    """When a sheet was started that tried first after a limit, and was let in."""
    failures: Annotated[int, Field(ge=0)] = 0
    """In a row, without a success of this job."""
    failed_at: Time | None = None
    """The last of them."""
    succeeded_at: Time | None = None
    """The last success, where anybody had failed."""
    open_until: Time | None = None
    """The instrument is left alone until then."""
    openings: Annotated[int, Field(ge=0)] = 0
    """How often in a row: each makes the next twice as long."""


class Approval(Resource):
    """A decision about this sheet: at a checkpoint, or `escalation` where it had used up its tries."""

    checkpoint: Annotated[str, Field(max_length=63)]
    decision: Annotated[str, Field(max_length=16)]
    by: Annotated[str, Field(max_length=64)]
    time: Time


class SheetStatus(Resource):
    """One sheet. `attempt` is the number of the latest Pod; it only grows, over all runs."""

    num: Annotated[int, Field(ge=1)]
    state: SheetState
    attempt: Annotated[int, Field(ge=0)] = 0
    pod_name: Annotated[str, Field(max_length=63)] | None = None
    pod_uid: Annotated[str, Field(max_length=64)] | None = None
    """The Pod that runs; once the sheet is not active, the Pod that is known to have ended."""
    previous_pod_uid: Annotated[str, Field(max_length=64)] | None = None
    """While it is active: the Pod of the attempt before, if known to have ended, as the ledger's rules need (§4)."""
    instrument: Annotated[str, Field(max_length=253)] | None = None
    model: Annotated[str, Field(max_length=253)] | None = None
    fallback: Annotated[int, Field(ge=0)] = 0
    """Which place of its chain of instruments plays: 0 is the sheet's own."""
    instrument_fallbacks: Annotated[list[InstrumentFallback], Field(max_length=10)] = []
    checkpoints: Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=10)] = []
    """While it waits for a person: what is asked. Empty then: what becomes of it, since it failed."""
    approvals: Annotated[list[Approval], Field(max_length=20)] = []
    answer: Annotated[str, Field(max_length=80)] | None = None
    """Of `spec.approve`: the one that was heard last."""
    normal_attempts: int = 0
    infrastructure_ends: int = 0
    rate_limit_waits: int = 0
    quota_waits: int = 0
    probe_since: Time | None = None
    """It tries first, after a limit or a breaker: when it was started. The others wait for how it ends."""
    recent_errors: Annotated[list[SheetError], Field(max_length=5)] = []
    attempt_count: int = 0
    waiting: Waiting | None = None
    next_retry_at: Time | None = None
    started_at: Time | None = None
    completed_at: Time | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    exit_reason: Annotated[str, Field(max_length=16)] | None = None
    error_message: Text | None = None
    error_category: Annotated[str, Field(max_length=32)] | None = None
    error_code: Annotated[str, Field(max_length=8)] | None = None
    execution_duration_seconds: float | None = None
    execution_mode: Annotated[str, Field(max_length=16)] | None = None
    completion_attempts: int = 0
    validation_passed: bool | None = None
    validation_details: Annotated[list[dict[str, Any]], Field(max_length=50)] = []
    passed_validations: Annotated[list[Tail], Field(max_length=50)] = []
    failed_validations: Annotated[list[Tail], Field(max_length=50)] = []
    last_pass_percentage: float | None = None
    confidence_score: float | None = None
    outcome_category: Annotated[str, Field(max_length=32)] | None = None
    success_without_retry: bool = False
    stdout_tail: Tail | None = None
    stderr_tail: Tail | None = None
    output_truncated: bool = False
    preflight_warnings: Annotated[list[Tail], Field(max_length=8)] = []
    grounding_passed: bool | None = None
    grounding_confidence: float | None = None
    grounding_guidance: Tail | None = None
    agent_feedback: Tail | None = None
    """What the agent says of its own work, where the score asks for it; whole in the ledger."""
    healing_attempts: int = 0
    healing: Annotated[list[Tail], Field(max_length=10)] = []
    """What was mended before the latest attempt."""
    diagnosis: Tail | None = None
    """Of a failed sheet: what most likely has to be done."""
    first_started_at: Time | None = None
    """Of a sheet that was started more than once in this run: the first time; gone when it has ended."""
    output_digest: Annotated[str, Field(max_length=16)] | None = None
    """Of the output that it hands to later sheets, where the score hands any on."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    estimated_cost_micro_usd: int | None = None
    cost_confidence: float = 1.0
    cost_source: Literal["reported", "estimated", "unknown"] | None = None

    @property
    def terminal(self) -> bool:
        """No event changes it any more within this run."""
        return self.state in TERMINAL

    @property
    def active(self) -> bool:
        """It has a Pod, or the intent to have one."""
        return self.state in ACTIVE

    @property
    def asleep(self) -> bool:
        """A person has to decide; until then it keeps no turn, and no other sheet from its own."""
        return self.state == "fermata"

    @property
    def satisfied(self) -> bool:
        """Dependants may start: completed, or skipped on purpose (a cascade carries an error code)."""
        return self.state == "completed" or (self.state == "skipped" and self.error_code is None)

    def to(self, **changes: Any) -> Self:  # noqa: ANN401  (field names are checked by the model's own tests)
        """A copy with these fields changed; where none is, this very object."""
        if all(getattr(self, name) == value for name, value in changes.items()):
            return self
        return self.model_copy(update=changes)


class ScoreStatus(Resource):
    """The score that this job runs, pinned at its start."""

    name: Annotated[str, Field(max_length=253)]
    digest: Annotated[str, Field(max_length=64)]
    total_sheets: int
    config_map: Annotated[str, Field(max_length=253)]
    source: Annotated[str, Field(max_length=600)]
    """`spec.scoreText`, `spec.score`, or `configmap/<name>/<key>@<resourceVersion>`."""


class Ending(Resource):
    """Why this run is stopped before its sheets are through; latched, so that un-setting the verb undoes nothing."""

    reason: Literal["Cancelled", "DeadlineExceeded"]
    since: Time


class Condition(Resource):
    """As `metav1.Condition`."""

    type: Annotated[str, Field(max_length=64)]
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, Field(min_length=1, max_length=64)]
    message: Annotated[str, Field(max_length=4096)] = ""
    last_transition_time: Time
    observed_generation: int | None = None


class JobStatus(Resource):
    """The whole status. `phase` is derived, for people; programs read `conditions`."""

    observed_generation: int = -1
    run: Annotated[int, Field(ge=1)] | None = None
    run_mode: Literal["Run", "ValidateOnly"] = "Run"
    fresh: bool = False
    """Of this run: before its first instrument, the workspace is archived."""
    nonce: Annotated[str, Field(pattern="^[0-9a-f]{32}$", max_length=32)] | None = None
    """The job's key: with it its runners sign what they say and leave in the ledger (decision 023)."""
    phase: Phase | None = None
    conditions: Annotated[list[Condition], Field(max_length=16)] = []
    progress: Annotated[str, Field(max_length=16)] | None = None
    waiting: Waiting | None = None
    score: ScoreStatus | None = None
    ending: Ending | None = None
    verb: Annotated[str, Field(max_length=128)] | None = None
    restart_token: Annotated[str, Field(max_length=64)] | None = None
    resume_token: Annotated[str, Field(max_length=64)] | None = None
    """Of `spec.resume`, as it stood when the chain was paused, or that was obeyed: another one is new."""
    start_time: Time | None = None
    completion_time: Time | None = None
    last_launch_time: Time | None = None
    total_retries: int = 0
    total_input_tokens: int = 0
    total_output_tokens: int = 0
    total_cost_micro_usd: int = 0
    cost: Annotated[str, Field(max_length=32)] | None = None
    """`total_cost_micro_usd` in dollars, for people."""
    budget_warned_micro_usd: int | None = None
    """The cap of which most is known to be spent; another cap is warned of again."""
    attempt_floor: Annotated[int, Field(ge=0)] | None = None
    errands: Annotated[int, Field(ge=0)] = 0
    """How many Pods beside the sheets were ordered, over all runs: their numbers never come again."""
    worked: bool = False
    """Of this run, where hooks follow: a sheet was started in it."""
    hooks: Annotated[list[HookStatus], Field(max_length=32)] = []
    instruments: Annotated[list[InstrumentRecord], Field(max_length=16)] = []
    notifications: Annotated[list[NoticeStatus], Field(max_length=100)] = []
    sheets: Annotated[list[SheetStatus], Field(max_length=500)] = []

    @property
    def finished(self) -> bool:
        """The run is over; only a restart begins another."""
        return self.completion_time is not None

    @property
    def active_errands(self) -> frozenset[str]:
        """Names of the Pods beside the sheets that are intended and not accounted for."""
        hooks = {hook.pod_name for hook in self.hooks if hook.active and hook.pod_name}
        return frozenset(hooks | {notice.pod_name for notice in self.notifications if notice.active})

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, if it was ever set."""
        return next((each for each in self.conditions if each.type == kind), None)

    def dump(self) -> dict[str, Any]:
        """As it stands in the object: camelCase, without nulls and defaults, but with what the CRD's rules read."""
        body = self.model_dump(by_alias=True, exclude_defaults=True, mode="json")
        body["observedGeneration"] = self.observed_generation
        for sheet, item in zip(self.sheets, body.get("sheets", ()), strict=True):
            item["attempt"] = sheet.attempt
        return body
