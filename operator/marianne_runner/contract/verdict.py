"""The verdict of one attempt: in the ledger whole, in the termination message as much as fits."""

from typing import Literal, NotRequired, TypedDict

Outcome = Literal["completed", "failed", "skipped", "interrupted", "lost", "not_started"]
"""`lost`: it was started, and how it ended is not known. `not_started`: nothing ran and nothing is charged."""

VerdictReason = Literal[
    "",
    "ValidationFailed",
    "GroundingFailed",
    "ExitCode",
    "Timeout",
    "Signal",
    "OutOfMemory",
    "TemplateInvalid",
    "InstrumentMissing",
    "ApprovalNeeded",
    "LedgerMissing",
    "LedgerOther",
    "LedgerTampered",
    "PodLost",
    "WorkspaceBehind",
    "WorkspaceUnusable",
    "ProtocolMismatch",
    "RunnerFailed",
]


class Check(TypedDict):
    """One rule's outcome; the keys of Marianne's `validation_details`, absent where there is nothing to say."""

    rule_type: str
    description: NotRequired[str]
    path: NotRequired[str]
    pattern: NotRequired[str]
    passed: bool
    actual_value: NotRequired[str]
    expected_value: NotRequired[str]
    error_message: NotRequired[str]
    checked_at: str
    check_duration_ms: float
    confidence: float
    confidence_factors: NotRequired[dict[str, float]]
    """In the ledger only."""
    failure_category: NotRequired[Literal["missing", "malformed", "incomplete", "stale", "error", "skipped"]]
    error_type: NotRequired[str]


class Verdict(TypedDict):
    """How one attempt ended. Times are seconds of wall clock since the epoch, durations monotonic seconds."""

    protocol: int
    pod_uid: str
    """The Pod that speaks; a repeated verdict carries the repeating Pod's UID and `performed_by`."""
    run: int
    sheet: int
    attempt: int
    outcome: Outcome
    reason: VerdictReason
    message: str
    performed_by: NotRequired[str]
    head: NotRequired[int]
    """With `LedgerOther` and `WorkspaceBehind`: the highest attempt that the ledger holds for this sheet."""
    checkpoints: NotRequired[list[int]]
    """With `ApprovalNeeded`: which of the brief's have stopped it."""
    exit_code: NotRequired[int]
    exit_signal: NotRequired[int]
    exit_reason: NotRequired[Literal["completed", "timeout", "killed", "error"]]
    started_at: NotRequired[float]
    ended_at: NotRequired[float]
    duration_seconds: NotRequired[float]
    validation_passed: NotRequired[bool]
    pass_percentage: NotRequired[float]
    executed_pass_percentage: NotRequired[float]
    """Of the rules that were looked at; a stage that failed keeps the later ones from it."""
    confidence: NotRequired[float]
    """How sure the checks were of what they saw."""
    passed_rules: list[str]
    """Labels."""
    failed_rules: list[str]
    """Labels."""
    rules_by_kind: NotRequired[dict[str, list[int]]]
    """By the type of rule: how many hold, and of how many."""
    checks: NotRequired[list[Check]]
    """In the ledger all of them; in the termination message the failed ones."""
    stdout_tail: NotRequired[str]
    stderr_tail: NotRequired[str]
    output_truncated: NotRequired[bool]
    error_code: NotRequired[str]
    """Of a failed performance, why it failed, or the limit that its answer tells of; `retriable`: by another try."""
    error_category: NotRequired[str]
    retriable: NotRequired[bool]
    wait_seconds: NotRequired[float]
    """What is to be waited before it, if that is known."""
    resets_at: NotRequired[float]
    """Of a limit, when it is over, where the provider told it to the second."""
    input_tokens: NotRequired[int]
    output_tokens: NotRequired[int]
    cost_micro_usd: NotRequired[int]
    """What the CLI itself says that the attempt cost, in millionths of a dollar."""
    prompt_characters: NotRequired[int]
    disk_full: NotRequired[str]
    """Which one, when the instrument had ended; once the work is judged, the message of a failure says so."""
    preflight_warnings: NotRequired[list[str]]
    """What is doubtful about the prompt."""
    grounding_passed: NotRequired[bool]
    grounding_confidence: NotRequired[float]
    """How much of what had to be looked at could be."""
    grounding_guidance: NotRequired[str]
    """Of the facts that do not hold: what to do about them."""
    agent_feedback: NotRequired[str]
    """What the agent says of its own work; in the termination message its beginning."""
    remedies: NotRequired[list[str]]
    """Of a failed attempt of a job that heals itself: what could be mended before another one."""
    healing: NotRequired[list[str]]
    """What was mended before this one."""
    output_characters: NotRequired[int]
    """Of all that the instrument wrote to standard output; with the prompt's, an estimate where no tokens are told."""
    output_digest: NotRequired[str]
    """Of the output that is kept for later sheets, where the score hands any on."""
