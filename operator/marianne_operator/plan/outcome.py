"""What a Pod tells of its attempt: table L2 of the design, one row after the other.

A readable verdict of this Pod's UID always wins; the Pod's own reasons only explain its absence.
"""

from dataclasses import dataclass
from typing import Final

from marianne_operator.model.pod import PodView
from marianne_operator.model.told import NEVER_STARTED, verdict_of
from marianne_runner.contract import Verdict

LOST_AFTER_SECONDS: Final = 60.0
"""A Pod still Terminating so long after its grace has a kubelet that does not answer."""
OUTLIVED: Final = "the Pod outlived its deadline without a verdict"
OWN_STORAGE: Final = ("exceeds the limit", "exceeds the total limit", "exceeded its local ephemeral storage limit")
"""The kubelet's words for an eviction that the Pod itself caused; all others tell of the node."""
TERMINATED_ITSELF: Final = "SIGTERM from inside the Pod ended the sheet"


@dataclass(frozen=True, slots=True)
class Gone:
    """No Pod where one was intended: create the same name again."""

    last: PodView | None


@dataclass(frozen=True, slots=True)
class Going:
    """It waits or runs."""

    pod: PodView


@dataclass(frozen=True, slots=True)
class NodeLost:
    """It can neither go on nor be known to have ended."""

    pod: PodView
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over. `reason` is a key of `failures.FAILURES`, empty for success; `told` is the sheet's own account."""

    pod: PodView
    reason: str
    message: str
    told: Verdict | None = None


def judge(
    pod: PodView | None, ghost: PodView | None, now: float, key: str | None = None
) -> Gone | Going | NodeLost | Ended:
    """The state of an intended Pod: as it is, else as it was last seen. `key`: the job's, for what it says."""
    if pod is None:
        return _end(ghost, key) if ghost is not None and (ghost.over or spoke(ghost, key)) else Gone(ghost)
    if pod.over or spoke(pod, key):
        return _end(pod, key)
    if pod.terminal:
        return NodeLost(pod, f"Pod {pod.name} is {pod.phase} ({pod.reason or 'no reason'}) but its containers live on")
    if pod.deleting_at is not None and now >= pod.deleting_at + LOST_AFTER_SECONDS:
        return NodeLost(pod, f"Pod {pod.name} is still terminating; node {pod.node} does not answer")
    return Going(pod)


def spoke(pod: PodView, key: str | None = None) -> bool:
    """Its container has ended and left a verdict that nothing which follows can change (decision 013).

    What an interruption means is known with the phase alone: the Pod's reason says who sent the SIGTERM.
    """
    verdict, _ = verdict_of(pod, key) if pod.ended else (None, "")
    return verdict is not None and verdict["outcome"] != "interrupted"


def _end(pod: PodView, key: str | None) -> Ended:
    verdict, unreadable = verdict_of(pod, key)
    if verdict is None:
        return _unspoken(pod, unreadable)
    if verdict["outcome"] == "interrupted":
        return _interrupted(pod, verdict)
    if verdict["outcome"] == "lost":
        return Ended(pod, verdict["reason"] or "PodLost", verdict["message"], verdict)
    return Ended(pod, verdict["reason"], verdict["message"], verdict)


def _interrupted(pod: PodView, verdict: Verdict) -> Ended:
    """Who sent the SIGTERM decides who pays; the runner cannot know."""
    if pod.reason == "DeadlineExceeded":
        return Ended(pod, "Timeout", OUTLIVED, verdict)
    if _filled_its_storage(pod):
        return Ended(pod, "StorageExceeded", pod.message, verdict)
    if verdict.get("performed_by", pod.uid) != pod.uid:
        return Ended(pod, "Interrupted", "its first Pod was deleted while it worked", verdict)
    if pod.deleting_at is not None or pod.disrupted or pod.reason == "Evicted":
        return Ended(pod, "Interrupted", "the Pod was deleted or disrupted while it worked", verdict)
    return Ended(pod, "SelfTerminated", TERMINATED_ITSELF, verdict)


def _unspoken(pod: PodView, unreadable: str) -> Ended:
    """No verdict: the kubelet's word."""
    ended = pod.container
    if ended is not None and ended.reason in NEVER_STARTED:
        return Ended(pod, "RunnerMissing", ended.message)
    if unreadable.startswith("protocol"):
        return Ended(pod, "ProtocolMismatch", f"the image's runner answers in {unreadable}")
    if ended is not None and ended.reason == "OOMKilled":
        return Ended(pod, "OutOfMemory", "the sheet used more memory than its limit; raise sheetTemplate.resources")
    if pod.reason == "DeadlineExceeded":
        return Ended(pod, "Timeout", OUTLIVED)
    if _filled_its_storage(pod):
        return Ended(pod, "StorageExceeded", pod.message)
    if pod.reason == "Evicted" or pod.disrupted:
        return Ended(pod, "Evicted", pod.message or "the Pod was evicted")
    if ended is not None and ended.exit_code == 143 and pod.deleting_at is None:
        return Ended(pod, "SelfTerminated", TERMINATED_ITSELF)
    code = "" if ended is None or ended.exit_code is None else f", exit code {ended.exit_code}"
    why = unreadable or pod.message or "no verdict"
    return Ended(pod, "VerdictMissing", f"Pod {pod.name} ended as {pod.reason or pod.phase}{code}: {why}")


def _filled_its_storage(pod: PodView) -> bool:
    return pod.reason == "Evicted" and any(words in pod.message for words in OWN_STORAGE)
