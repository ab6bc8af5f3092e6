"""What one watch knows: the newest row of each job, in the order of their changes.

This order is all that a reader needs to catch up from where it stands, so no reader has a queue of its own: who is
slow sees the newest state of each job, and keeps nobody waiting.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from marianne_client.identity import JobId
from marianne_client.table import JobRow

MAX_GONE: Final = 1000
"""Deleted jobs that are remembered, for readers that have not heard of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as of `version`; `gone`: this is the last that was seen of it."""

    row: JobRow
    version: int
    gone: bool = False


class Roster:
    """`version` is the API server's, of the newest change that is in here."""

    def __init__(self) -> None:
        self.version = 0
        self._since = 0
        self._entries: OrderedDict[JobId, Entry] = OrderedDict()
        self._gone = 0

    @property
    def rows(self) -> list[JobRow]:
        """Of every job there is."""
        return [entry.row for entry in self._entries.values() if not entry.gone]

    def entry(self, job: JobId) -> Entry | None:
        """The newest of that job, even if it is gone."""
        return self._entries.get(job)

    def take_over(self, rows: Sequence[JobRow], version: int) -> None:
        """What there is: whatever differs from before has changed now.

        A version before the last one is another history, of a store that was restored: nobody can catch up with it.
        """
        if version < self.version or not self.version:
            self._begin(version)
        self.version = version
        listed = {row.id: row for row in rows}
        lost = [entry.row for job, entry in self._entries.items() if not entry.gone and job not in listed]
        changed = [row for row in listed.values() if self._differs(row)]
        for row in lost:
            self._put(Entry(row, version, gone=True))
        for row in changed:
            self._put(Entry(row, version))

    def change(self, row: JobRow, version: int, *, gone: bool = False) -> None:
        """An event of the watch."""
        self.version = version
        self._put(Entry(row, version, gone))

    def passed(self, version: int) -> None:
        """Nothing that concerns us has changed up to that version."""
        self.version = version

    def since(self, version: int) -> list[Entry] | None:
        """What changed after that version, oldest first; None where that is not known any more."""
        if version < self._since or version > self.version:
            return None
        return list(self._newer(version))[::-1]

    def _begin(self, version: int) -> None:
        self._since = version
        for job, entry in self._entries.items():
            self._entries[job] = replace(entry, version=version)

    def _differs(self, row: JobRow) -> bool:
        held = self._entries.get(row.id)
        return held is None or held.gone or held.row != row

    def _newer(self, version: int) -> Iterator[Entry]:
        for entry in reversed(self._entries.values()):
            if entry.version <= version:
                return
            yield entry

    def _put(self, entry: Entry) -> None:
        before = self._entries.pop(entry.row.id, None)
        self._gone += entry.gone - (before is not None and before.gone)
        self._entries[entry.row.id] = entry
        if self._gone > MAX_GONE:
            self._forget_first_gone()

    def _forget_first_gone(self) -> None:
        job, first = next((job, entry) for job, entry in self._entries.items() if entry.gone)
        self._since = first.version
        self._gone -= 1
        del self._entries[job]
