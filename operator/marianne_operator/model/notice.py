"""Who was told what became of a job: one entry of `status.notifications` for each notice of the run."""

from typing import Annotated, Literal

from pydantic import Field

from marianne_operator.model.base import Resource, Tail, Time


class NoticeStatus(Resource):
    """`index`: its place in the score's `notifications`. `lost`: it may have been sent."""

    index: Annotated[int, Field(ge=0)]
    event: Annotated[str, Field(max_length=16)]
    cause: Annotated[str, Field(max_length=80)] | None = None
    """What holds the job, where it does: each is told of once in a run."""
    run: Annotated[int, Field(ge=1)]
    state: Literal["dispatched", "sent", "failed", "lost"]
    pod_name: Annotated[str, Field(max_length=63)]
    time: Time
    """When it happened."""
    phase: Annotated[str, Field(max_length=16)] | None = None
    progress: Annotated[str, Field(max_length=16)] | None = None
    message: Tail | None = None
    """What is told; once it is over, why it was not sent."""

    @property
    def active(self) -> bool:
        """It has a Pod, or the intent to have one."""
        return self.state == "dispatched"
