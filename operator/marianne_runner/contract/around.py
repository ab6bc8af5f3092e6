"""Parts of a compiled score: what happens before, beside and after its sheets."""

from typing import Literal, NotRequired, TypedDict


class Archive(TypedDict):
    """What a fresh run does with the files that it finds in the workspace."""

    folder: str
    """Inside the workspace."""
    naming: Literal["iteration", "timestamp"]
    keep: int
    """So many archives; 0: all."""
    preserve: list[str]
    """Patterns of what stays where it is."""


class Notification(TypedDict):
    """Whom to tell of what becomes of the job. `index`: its place in the score."""

    index: int
    type: Literal["webhook", "slack"]
    events: list[str]
    url: NotRequired[str]
    url_env: NotRequired[str]
    """The environment variable that holds it."""
    headers: NotRequired[dict[str, str]]
    beside: NotRequired[dict[str, str]]
    """What Slack is told beside the text."""


class ChainedJob(TypedDict):
    """The score of the job that a hook starts: a ConfigMap's key, a file of this job, or one of its workspace."""

    path: str
    config_map: NotRequired[str]
    key: NotRequired[str]
    file: NotRequired[str]
    """Of the workspace and nowhere else; without it `path` is first looked for in `spec.files`."""
    workspace: NotRequired[str]
    """A folder of this job's workspace, for the child to work in."""
    detached: bool
    """Nobody waits for its end."""
    pause: bool
    """Before it is started, until somebody resumes the chain."""


class Hook(TypedDict):
    """One of `on_success`; `abort`: its failure keeps the later ones from being run."""

    type: Literal["run_job", "run_command", "run_script"]
    abort: bool
    command: NotRequired[str]
    working_directory: NotRequired[str]
    timeout_seconds: NotRequired[float]
    """Of a job: only as written."""
    job: NotRequired[ChainedJob]


class Concert(TypedDict):
    """`max_chain_depth`: how many jobs may follow the first of a chain."""

    max_chain_depth: int
    cooldown_seconds: float
    inherit_workspace: bool
