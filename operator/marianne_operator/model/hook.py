"""What follows a job that completed: one entry of `status.hooks` for each hook whose turn has come."""

from typing import Annotated, Final, Literal

from pydantic import Field

from marianne_operator.model.base import Resource, Tail, Time

HookState = Literal[
    "pending", "paused", "waiting", "dispatched", "running", "succeeded", "failed", "lost", "skipped", "cancelled"
]
"""`paused`: until somebody resumes the chain. `waiting`: for `notBefore`. `lost`: how it ended is not known."""
OVER: Final = frozenset({"succeeded", "failed", "lost", "skipped", "cancelled"})
BAD: Final = frozenset({"failed", "lost"})


class HookStatus(Resource):
    """One of the score's `on_success`, by its place there, from 0."""

    index: Annotated[int, Field(ge=0)]
    type: Annotated[str, Field(max_length=16)]
    state: HookState
    pod_name: Annotated[str, Field(max_length=63)] | None = None
    job: Annotated[str, Field(max_length=63)] | None = None
    """The child that it starts."""
    job_uid: Annotated[str, Field(max_length=64)] | None = None
    """Once it was seen."""
    number: int = 0
    """Of its errand or child: grows over all runs."""
    not_before: Time | None = None
    started_at: Time | None = None
    completed_at: Time | None = None
    exit_code: int | None = None
    message: Tail | None = None
    """The end of its output, or why it failed."""

    @property
    def over(self) -> bool:
        """Nothing changes it any more within this run."""
        return self.state in OVER

    @property
    def active(self) -> bool:
        """It has a Pod or a child, or the intent to have one."""
        return self.state in ("dispatched", "running")
