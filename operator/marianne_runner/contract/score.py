"""The compiled score: constant for a job's score, in a ConfigMap mounted at ``/marianne/score/score.json``."""

from typing import Any, Literal, NotRequired, TypedDict

from marianne_runner.contract.around import Archive, Concert, Hook, Notification
from marianne_runner.contract.bounds import CircuitBreaker, CostLimits, Parallel, RateLimit, Retry, StaleDetection


class Rule(TypedDict):
    """One validation as written, its own retries resolved (unwritten: 3 for file and content rules, 0 for commands)."""

    type: Literal["file_exists", "file_modified", "content_contains", "content_regex", "command_succeeds"]
    path: NotRequired[str]
    pattern: NotRequired[str]
    description: NotRequired[str]
    condition: NotRequired[str]
    """As written: which sheets it is for stands in each sheet, when it was new is read from its text."""
    command: NotRequired[str]
    working_directory: NotRequired[str]
    stage: int
    retry_count: int
    retry_delay_ms: int
    timeout_seconds: NotRequired[float]


class Performer(TypedDict):
    """An instrument as one or more sheets use it: its name after aliases, and what the score says beside it."""

    instrument: str
    model: NotRequired[str]
    config: NotRequired[dict[str, Any]]
    timeout_seconds: NotRequired[float]


class Sheet(TypedDict):
    """Numbers only: rules and performers are shared and stand once in the score."""

    num: int
    stage: int
    instance: int
    fan_count: int
    start_item: int
    end_item: int
    needs: list[int]
    rules: list[int]
    performer: int
    fallbacks: NotRequired[list[int]]
    """Performers that take its place, in this order."""
    timeouts: NotRequired[list[float | None]]
    """An edited score's, of each of these; the operator's alone, so never in the ConfigMap."""


class Injection(TypedDict):
    """A file, or the files of a directory, put into prompts; the path is a template."""

    category: Literal["context", "skill", "tool"]
    file: NotRequired[str]
    directory: NotRequired[str]


class Fragment(TypedDict):
    """A piece of specification; a sheet with tags gets those that have one of them, a sheet without gets all."""

    name: str
    content: str
    tags: list[str]


class Prompt(TypedDict):
    """`template` or `template_file` (relative: the score's folder, then the workspace); neither: the default prompt."""

    template: NotRequired[str]
    template_file: NotRequired[str]
    variables: dict[str, Any]
    stakes: NotRequired[str]
    thinking_method: NotRequired[str]
    prelude: NotRequired[list[Injection]]
    cadenzas: NotRequired[dict[str, list[Injection]]]
    """By sheet number, beside the prelude."""
    fragments: NotRequired[list[Fragment]]
    fragment_tags: NotRequired[dict[str, list[str]]]
    """By sheet number."""
    extensions: NotRequired[list[str]]
    """Text, or the name of a file with it; put at the end of every prompt."""
    sheet_extensions: NotRequired[dict[str, list[str]]]
    """By sheet number, after those."""


class CrossSheet(TypedDict):
    """What earlier sheets hand to later ones."""

    auto_capture_stdout: bool
    max_output_chars: int
    capture_files: list[str]
    lookback_sheets: int


class Checkpoint(TypedDict):
    """When a person is asked before a sheet starts: every condition that is written must hold."""

    name: str
    confirm: bool
    """Wait for the answer; else it is only told."""
    sheets: NotRequired[list[int]]
    contains: NotRequired[list[str]]
    """One of them, in lower case, is in the prompt: only the runner has it."""
    retries: NotRequired[int]
    """So many tries have failed."""
    message: NotRequired[str]


class SkipCommand(TypedDict):
    """`skip_when_command`: a command whose success skips the sheet."""

    command: str
    description: NotRequired[str]
    timeout_seconds: float


class GroundingHook(TypedDict):
    """Files and what they must hash to; the paths are written as in rules."""

    name: str
    algorithm: Literal["md5", "sha256"]
    checksums: dict[str, str]


class Grounding(TypedDict):
    """Facts that are checked once all rules hold."""

    hooks: list[GroundingHook]
    timeout_seconds: float
    """For all of them together."""
    decides: bool
    """Whether an attempt whose facts do not hold has failed."""


class Feedback(TypedDict):
    """Where in its output an agent speaks of its own work: the first group of `pattern`."""

    pattern: str
    format: Literal["json", "yaml", "text"]


class CompiledScore(TypedDict):
    """Everything that is constant for a score; `sheets[n - 1]` is sheet n."""

    protocol: int
    name: str
    digest: str
    total_sheets: int
    total_stages: int
    sheets: list[Sheet]
    performers: list[Performer]
    rules: list[Rule]
    prompt: Prompt
    retry: Retry
    parallel: Parallel
    pause_between_sheets_seconds: float
    max_output_capture_bytes: int
    rate_limit: NotRequired[RateLimit]
    """Where the score writes it."""
    circuit_breaker: NotRequired[CircuitBreaker]
    """Where the score writes it."""
    stale_detection: NotRequired[StaleDetection]
    """Absent: silence is no fault."""
    cost_limits: NotRequired[CostLimits]
    """Absent where the score limits no cost and writes no price."""
    cross_sheet: NotRequired[CrossSheet]
    dependencies_declared: bool
    stage_names: NotRequired[dict[str, str]]
    descriptions: NotRequired[dict[str, str]]
    skip_when: NotRequired[dict[str, str]]
    """By sheet number; the operator evaluates it."""
    skip_when_command: NotRequired[dict[str, SkipCommand]]
    """By sheet number; the runner runs it."""
    archive: NotRequired[Archive]
    notifications: NotRequired[list[Notification]]
    grounding: NotRequired[Grounding]
    feedback: NotRequired[Feedback]
    hooks: NotRequired[list[Hook]]
    """What follows once every sheet is done well, in this order."""
    concert: NotRequired[Concert]
    """With hooks."""
    checkpoints: NotRequired[list[Checkpoint]]
    escalation: NotRequired[bool]
    """A person decides what becomes of a sheet that has used up its tries."""
    warnings: list[str]
    without_effect: list[str]
