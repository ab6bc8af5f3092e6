"""Whether the watches still speak: every own write must come back through one.

A watch can go silent without ending. Nothing in the process notices, but a write that was answered and is not heard
of within a minute proves it (the health endpoint reads `oldest_seconds`). A listing proves nothing about a watch, so
it is not counted as hearing.
"""

from collections.abc import Callable


class Echo:
    """`clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: dict[str, tuple[int, float]] = {}

    def wrote(self, uid: str, version: int) -> None:
        """The API server answered a write with this version."""
        since = self._pending[uid][1] if uid in self._pending else self._clock()
        self._pending[uid] = version, since

    def heard(self, uid: str, version: int) -> None:
        """A watch told this version, or a later one; an earlier one is progress, and the time starts again."""
        if uid not in self._pending:
            return
        waited_for, _ = self._pending[uid]
        if version >= waited_for:
            del self._pending[uid]
        else:
            self._pending[uid] = waited_for, self._clock()

    def gone(self, uid: str) -> None:
        """The object is no more: a watch that was cut meanwhile will never tell of it."""
        self._pending.pop(uid, None)

    def oldest_seconds(self) -> float:
        """How long the oldest write has not been heard of."""
        now = self._clock()
        return now - min((since for _, since in self._pending.values()), default=now)
