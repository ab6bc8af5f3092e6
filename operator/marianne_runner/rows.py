"""Table L1 of the design as a pure function: what is on the disk of an attempt, and what to do about it.

The same rows decide on our own attempt (may we perform?) and on the one before ours (has it ended for good?).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple


class Step(Enum):
    """What follows."""

    PERFORM = "nothing was ever done"
    CLOSE_LOST = "it ran, but nothing of it is left"
    CLOSED = "a later attempt closed it before it had started"
    END = "there is a verdict"
    WAIT = "somebody works on it"
    FENCE = "nobody has been seen to work on it for too long"
    CONCLUDE_LOST = "it was started, and whoever did it is gone"
    CONCLUDE_FORGED = "somebody else has made a mark of it, and whoever worked on it is gone"
    JUDGE = "it was performed and never judged, and whoever did it is gone"


class Sight(NamedTuple):
    """An attempt as its folder and our own clock show it."""

    started: Mapping[str, Any] | None = None
    performed: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None
    fenced_by: str = ""
    still: bool = False
    """No new beat for as long as it takes."""
    fenced: bool = False
    """By us."""
    obeyed: bool = False
    """We fenced it, and have given the fence its time."""
    forged: bool = False
    """Something stood in the place of a mark, and was set aside."""

    @property
    def worker(self) -> str:
        """The Pod whose attempt it is: the one that took it over, else the one that started it."""
        return self.fenced_by or str((self.started or self.performed or {}).get("pod_uid", ""))


def next_step(seen: Sight, ran: bool, ended: frozenset[str]) -> Step:
    """`ran`: a container of it was seen running. `ended`: Pods that the kubelet reported terminated."""
    if seen.verdict is not None:
        return Step.END
    gone = seen.worker in ended or (seen.still and seen.obeyed)
    if seen.forged:
        return _of_forged(seen, gone=gone or (not seen.worker and bool(ended)))
    if seen.started is None and seen.performed is None:
        return Step.CLOSE_LOST if ran else Step.PERFORM
    if _is_closed(seen):
        return Step.CLOSED
    if gone:
        return Step.CONCLUDE_LOST if seen.performed is None else Step.JUDGE
    return Step.FENCE if seen.still and not seen.fenced else Step.WAIT


def _of_forged(seen: Sight, *, gone: bool) -> Step:
    """It ends as lost, whatever else is there: but an instrument may have begun, and nobody starts beside it."""
    if gone or _is_closed(seen):
        return Step.CONCLUDE_FORGED
    return Step.FENCE if seen.still and not seen.fenced else Step.WAIT


def _is_closed(seen: Sight) -> bool:
    return seen.performed is None and seen.started is not None and "closer" in seen.started


def is_same_work(seen: Sight, run: int, digest: str) -> bool:
    """Whether what stands there is of this run and of these inputs. What holds nothing, or was only closed, is."""
    marks = [mark for mark in (seen.started, seen.performed, seen.verdict) if mark is not None and "closer" not in mark]
    return all((mark.get("run"), mark.get("digest")) == (run, digest) for mark in marks[:1])
