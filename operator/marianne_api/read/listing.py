"""Filters, search, order and pages of rows. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from marianne_api.read.detail import percent
from marianne_client.table import JobRow
from marianne_client.words import JobWord

Sort = Literal[
    "created_at", "-created_at", "updated_at", "-updated_at", "name", "-name", "status", "-status",
    "progress", "-progress", "score", "-score",
]  # fmt: skip
KEYS: Final[dict[str, Callable[[JobRow], Any]]] = {
    "created_at": lambda row: row.created,
    "updated_at": lambda row: row.updated_at,
    "name": lambda row: row.name,
    "status": lambda row: row.status,
    "progress": lambda row: percent(row.completed, row.total),
    "score": lambda row: row.score,
}
ANY: Final = "any"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`search` is found in a job's namespace, name or score; `waiting` is a reason, or `any`."""

    status: JobWord | None = None
    search: str = ""
    waiting: str = ""
    sort: Sort = "-created_at"
    offset: int = 0
    limit: int = 50


def select(rows: Iterable[JobRow], wanted: Wanted) -> tuple[list[JobRow], int]:
    """One page, and how many there are on all.

    The order is total, and by default that of creation: a job that changes stays where it is, so pages do not shift.
    """
    found = [row for row in rows if _matches(row, wanted)]
    found.sort(key=lambda row: (row.namespace, row.name))
    found.sort(key=KEYS[wanted.sort.lstrip("-")], reverse=wanted.sort.startswith("-"))
    return found[wanted.offset : wanted.offset + wanted.limit], len(found)


def item(row: JobRow, job_id: str) -> dict[str, Any]:
    """As the seed's API lists it, and what Kubernetes adds."""
    waiting = {"reason": row.waiting_reason, "until": row.waiting_until or None} if row.waiting_reason else None
    return {
        "job_id": job_id,
        "job_name": row.score or row.name,
        "status": row.status,
        "total_sheets": row.total,
        "completed_sheets": row.completed,
        "progress_percent": percent(row.completed, row.total),
        "created_at": row.created,
        "updated_at": row.updated_at,
        "namespace": row.namespace,
        "uid": row.uid,
        "phase": row.phase or None,
        "waiting": waiting,
        "run": row.run or None,
        "total_retry_count": row.retries,
        "started_at": row.started or None,
        "completed_at": row.finished or None,
        "message": row.message or None,
    }


def _matches(row: JobRow, wanted: Wanted) -> bool:
    if wanted.status is not None and row.status != wanted.status:
        return False
    if wanted.waiting and (not row.waiting_reason or wanted.waiting.lower() not in (ANY, row.waiting_reason.lower())):
        return False
    text = wanted.search.lower()
    return not text or text in f"{row.namespace}.{row.name}" or text in row.score.lower()
