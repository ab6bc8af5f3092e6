"""Jobs as rows of printer columns: what a list needs, at about 150 bytes a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marianne_client.identity import JobId
from marianne_client.words import FINISHED, JobWord, job_status

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job. Times are RFC 3339 or empty; `total` is 0 until the score was compiled."""

    namespace: str
    name: str
    uid: str
    phase: str
    completed: int
    total: int
    waiting_reason: str
    waiting_until: str
    score: str
    run: int
    retries: int
    created: str
    started: str
    finished: str
    message: str
    cost: str = ""
    """`$0.42`; empty where nothing was spent, or nobody knows a price."""

    @property
    def id(self) -> JobId:
        """As the API server named it, so it needs no check."""
        return JobId(self.namespace, self.name)

    @property
    def status(self) -> JobWord:
        """Marianne's word."""
        return job_status(self.phase, started=bool(self.started))

    @property
    def ended(self) -> bool:
        """Nothing runs until somebody wants it to."""
        return self.phase in FINISHED

    @property
    def updated_at(self) -> str:
        """The last of the times that a row tells; a sheet's are in the object alone."""
        return max((self.created, self.started, self.finished), key=_moment)


def columns(table: Table) -> list[str]:
    """Names of the columns; a watch tells them with its first event only."""
    return [column["name"] for column in table.get("columnDefinitions") or ()]


def rows(table: Table, names: list[str] | None = None) -> list[JobRow]:
    """Of a list's or an event's table."""
    names = names or columns(table)
    return [_row(dict(zip(names, each["cells"], strict=False))) for each in table.get("rows") or ()]


def _row(cells: Mapping[str, Any]) -> JobRow:
    completed, _, total = _text(cells.get("Progress")).partition("/")
    return JobRow(
        namespace=_text(cells.get("Namespace")),
        name=_text(cells.get("Name")),
        uid=_text(cells.get("UID")),
        phase=_text(cells.get("Phase")),
        completed=_whole(completed),
        total=_whole(total),
        waiting_reason=_text(cells.get("Waiting")),
        waiting_until=_text(cells.get("Until")),
        score=_text(cells.get("Score")),
        run=_whole(cells.get("Run")),
        retries=_whole(cells.get("Retries")),
        created=_text(cells.get("Created")),
        started=_text(cells.get("Started")),
        finished=_text(cells.get("Finished")),
        message=_text(cells.get("Message")),
        cost=_text(cells.get("Cost")),
    )


def _moment(time: str) -> float:
    return datetime.fromisoformat(time).timestamp() if time else 0.0


def _text(cell: object) -> str:
    return "" if cell is None or cell == "<none>" else str(cell)


def _whole(cell: object) -> int:
    text = str(cell or "")
    return int(text) if text.isdecimal() else 0
