"""A job as its stream tells it, and what is to be told between two versions of it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from marianne_api.read.detail import job_state, sheet_summary
from marianne_client.table import JobRow
from marianne_client.words import FINISHED

Told = tuple[str, dict[str, Any]]
"""An event's name and its data."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of one job. `final` is its last status, once it has ended; `gone`: it was deleted."""

    uid: str
    version: int
    state: dict[str, Any]
    sheets: tuple[dict[str, Any], ...]
    final: str | None
    gone: bool = False

    @classmethod
    def of(cls, job: Mapping[str, Any], job_id: str) -> Self:
        """From the API server's object. A spec that says something new has not ended, whatever the phase."""
        meta, status = job["metadata"], job.get("status") or {}
        state = job_state(job, job_id)
        ended = status.get("phase") in FINISHED and status.get("observedGeneration", -1) >= meta["generation"]
        return cls(
            uid=meta["uid"],
            version=int(meta["resourceVersion"]),
            state=state,
            sheets=tuple(sheet_summary(item) for item in status.get("sheets") or ()),
            final=state["status"] if ended else None,
        )

    def deleted(self, row: JobRow | None, version: int) -> Self:
        """The last that was seen of it tells how it ended."""
        final = row.status if row is not None and row.ended else self.final
        return replace(self, version=version, final=final, gone=True)

    @property
    def last(self) -> bool:
        """Nothing follows."""
        return self.gone or self.final is not None


def between(before: Snapshot | None, after: Snapshot) -> list[Told]:
    """What a reader who knows `before` has to be told, in the order in which it reads best."""
    job = {"job_id": after.state["job_id"]}
    if before is not None and before.uid != after.uid:  # deleted and made again, faster than we looked
        return [("job_deleted", job)]
    told: list[Told] = []
    if before is None or before.state != after.state:
        told.append(("job_status", after.state))
    told += [("sheet", {**job, **sheet}) for sheet in _changed(before.sheets if before else (), after.sheets)]
    if after.final is not None and (before is None or before.final is None):
        told.append(("job_finished", {**job, "final_status": after.final}))
    if after.gone:
        told.append(("job_deleted", job))
    return told


def _changed(before: tuple[dict[str, Any], ...], after: tuple[dict[str, Any], ...]) -> Iterator[dict[str, Any]]:
    """A sheet that was never heard of is pending: that needs no word."""
    for index, sheet in enumerate(after):
        known = before[index] if index < len(before) else None
        if known != sheet and (known is not None or sheet["status"] != "pending" or sheet["attempt"]):
            yield sheet
