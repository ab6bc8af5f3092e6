"""Conditions: the status for programs (design §5, the table of states)."""

from collections.abc import Iterable, Sequence
from typing import Literal

from marianne_operator.model.status import Condition
from marianne_operator.plan.clock import stamp

Told = tuple[str, Literal["True", "False", "Unknown"], str, str]
"""(type, status, reason, message)."""


def merge(old: Sequence[Condition], told: Iterable[Told], generation: int, now: float) -> list[Condition]:
    """The old conditions with these set; a transition time changes only with the status."""
    merged = {each.type: each for each in old}
    for kind, status, reason, message in told:
        before = merged.get(kind)
        if before is not None and _says(before) == (status, reason, message[:4096], generation):
            continue
        moved = before is None or before.status != status
        merged[kind] = Condition(
            type=kind,
            status=status,
            reason=reason,
            message=message[:4096],
            last_transition_time=stamp(now) if moved or before is None else before.last_transition_time,
            observed_generation=generation,
        )
    return list(merged.values())


def _says(condition: Condition) -> tuple[str, str, str, int | None]:
    return condition.status, condition.reason, condition.message, condition.observed_generation


def under_way(reason: Literal["Running", "Paused", "Waiting"], message: str) -> list[Told]:
    """Accepted and not finished. `Reconciling` is False: hours of work must not time out a sync."""
    return [
        ("Succeeded", "Unknown", reason, message),
        ("Reconciling", "False", "Accepted", ""),
        ("Stalled", "False", "Accepted", ""),
    ]


def completed(message: str) -> list[Told]:
    """Every sheet is completed or was skipped on purpose."""
    return [
        ("Succeeded", "True", "Completed", message),
        ("Reconciling", "False", "Completed", ""),
        ("Stalled", "False", "Completed", ""),
    ]


def failed(reason: str, message: str) -> list[Told]:
    """Nothing goes on without a restart."""
    return [
        ("Succeeded", "False", reason, message),
        ("Reconciling", "False", reason, ""),
        ("Stalled", "True", reason, message),
    ]


def cancelled(message: str) -> list[Told]:
    """As the user asked."""
    return [
        ("Succeeded", "False", "Cancelled", message),
        ("Reconciling", "False", "Cancelled", ""),
        ("Stalled", "False", "Cancelled", ""),
    ]


def refused(reason: str, message: str) -> list[Told]:
    """Nothing runs until the spec changes."""
    return [("Accepted", "False", reason, message), *failed(reason, message)]


def not_yet(reason: str, message: str) -> list[Told]:
    """Not compiled: something that the spec names is not there yet."""
    return [
        ("Succeeded", "Unknown", "Waiting", message),
        ("Reconciling", "True", reason, message),
        ("Stalled", "False", reason, ""),
    ]
