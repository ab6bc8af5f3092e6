"""A Pod of ours that has not started: why, until when it may, and that it is made again where it never does."""

from typing import NamedTuple

from marianne_operator.model.pod import PodView
from marianne_operator.plan import waiting
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.plan import PodDeletion


class Start(NamedTuple):
    """`why` it has not started, as (reason, message), where that is known. `given_up`: it is deleted."""

    why: tuple[str, str] | None
    deadline: float
    given_up: bool


def start_of(draft: Draft, pod: PodView, whose: str) -> Start:
    """Past the start deadline it is deleted, and told of as `whose`; until then it is looked at again."""
    limit = draft.seen.settings.start_deadline_seconds
    why = waiting.of_pod(pod, draft.seen.pod_events.get(pod.uid, ""), draft.now)
    start = Start(why, pod.created_at + limit, given_up=False)
    if pod.deleting_at is not None:
        return start
    if draft.now < start.deadline:
        draft.wake_at(min(start.deadline, waiting.next_look(pod, draft.now)))
        return start
    draft.deletions.append(PodDeletion(pod.name, pod.uid))
    reason = "no reason is known" if why is None else f"{why[0]}: {why[1]}"
    draft.warn("NotStarted", f"{whose}: Pod {pod.name} did not start within {limit:.0f} s; {reason}")
    return start._replace(given_up=True)
