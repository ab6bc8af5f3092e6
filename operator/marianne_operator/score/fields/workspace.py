"""What sheets hand on, review and leave behind; and process settings of the old engine (semantics §4.6)."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from marianne_operator.score.fields.base import Number, Part


class CrossSheetConfig(Part):
    """What earlier sheets hand to later ones."""

    auto_capture_stdout: bool = Field(default=False, description="Hand on what earlier sheets printed.")
    max_output_chars: Number = 2000
    capture_files: list[str] = []
    lookback_sheets: int = Field(default=3, ge=0, description="From how many sheets before; 0 means all.")


class WorkspaceLifecycleConfig(Part):
    """What a fresh run does with an old workspace."""

    archive_on_fresh: bool = False
    archive_dir: str = "archive"
    archive_naming: Literal["iteration", "timestamp"] = "iteration"
    max_archives: Annotated[int, Field(ge=0)] = 0
    preserve_patterns: list[str] = [".iteration", ".marianne-*", ".coverage", "archive/**", ".worktrees/**"]

    @model_validator(mode="after")
    def _archives_inside(self) -> Self:
        parts = self.archive_dir.split("/")
        if self.archive_on_fresh and any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"archive_dir {self.archive_dir!r} is no plain path inside the workspace, as 'archive' is")
        return self


class FeedbackConfig(Part):
    """What an agent says of its own work."""

    enabled: bool = False
    pattern: str = "(?s)FEEDBACK_START(.+?)FEEDBACK_END"
    format: Literal["json", "yaml", "text"] = "json"

    @model_validator(mode="after")
    def _has_a_group(self) -> Self:
        try:
            groups = re.compile(self.pattern).groups
        except (re.error, OverflowError, RecursionError) as error:
            why = {"error": str(error)}
            raise PydanticCustomError("bad_regex", "pattern is no regular expression: {error}", why) from error
        if self.enabled and not groups:
            raise ValueError("pattern has no group: put parentheses around what is the feedback")
        return self


class AIReviewConfig(Part):
    """A review of the whole when it is done."""

    enabled: bool = False
    min_score: Annotated[int, Field(ge=0, le=100)] = 60
    target_score: Annotated[int, Field(ge=0, le=100)] = 80
    on_low_score: Literal["retry", "warn", "fail"] = "warn"
    max_retry_for_review: Annotated[int, Field(ge=0, le=5)] = 2
    review_prompt_template: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_score > self.target_score:
            raise ValueError("min_score is above target_score")
        return self


class IsolationConfig(Part):
    """Git worktrees; a volume takes their place in a cluster."""

    enabled: bool = False
    mode: Literal["none", "worktree"] = "worktree"
    worktree_base: str | None = None
    branch_prefix: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_-]*$")] = "marianne"
    source_branch: str | None = None
    cleanup_on_success: bool = True
    cleanup_on_failure: bool = False
    lock_during_execution: bool = True
    fallback_on_error: bool = True


class LogConfig(Part):
    """Logs of the old engine's process."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console", "both"] = "console"
    file_path: str | None = None
    max_file_size_mb: Annotated[int, Field(gt=0, le=1000)] = 50
    backup_count: Annotated[int, Field(ge=0, le=100)] = 5
    include_timestamps: bool = True
    include_context: bool = True


class SpecFragment(Part):
    """A piece of specification put into prompts by tag."""

    name: str
    content: str
    tags: list[str] = []
    kind: Literal["text", "structured"] = "text"
    data: dict[str, Any] | None = None


class SpecCorpusConfig(Part):
    """The specification that sheets work from."""

    spec_dir: str = ""
    include_claude_md: bool = False
    fragments: list[SpecFragment] = []


class TechniqueConfig(Part):
    """A way of working."""

    kind: str
    phases: list[str]
    config: dict[str, Any] = {}


class AgentCard(Part):
    """How an agent presents itself."""

    name: str
    description: str
    skills: list[dict[str, Any]] = []
