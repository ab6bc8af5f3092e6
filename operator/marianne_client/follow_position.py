"""How far a Pod's log was read, so that a broken stream goes on where it ended: no line lost, none twice."""

from dataclasses import dataclass
from datetime import UTC, datetime

Stamp = tuple[int, int]
"""Seconds since the epoch and nanoseconds: a `datetime` holds microseconds only."""


def split(line: str) -> tuple[str, Stamp, str] | None:
    """(time as it is written, its stamp, the container's own text); None where the line has no time.

    Every line of a container has one when times are asked for: one without is the kubelet's own word about a log that
    it cannot read.
    """
    time, _, text = line.partition(" ")
    stamp = stamp_of(time)
    return None if stamp is None else (time, stamp, text)


def stamp_of(time: str) -> Stamp | None:
    """Of an RFC 3339 time with up to nine digits of a second, in whatever zone the node has."""
    if len(time) < 20 or time[10] != "T":
        return None
    whole, rest = time[:19], time[19:]
    digits = ""
    if rest.startswith("."):
        digits = rest[1 : len(rest) - len(rest[1:].lstrip("0123456789"))]
        rest = rest[1 + len(digits) :]
    try:
        moment = datetime.fromisoformat(whole + rest)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return int(moment.timestamp()), int(digits[:9].ljust(9, "0"))


def rfc3339(seconds: int) -> str:
    """As the API server takes it; of `sinceTime` it passes on whole seconds only."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Position:
    """The last line's stamp, and how many lines in a row share it."""

    last: Stamp | None = None
    sharing: int = 0

    def advance(self, stamp: Stamp) -> None:
        """One more line was handed on."""
        self.last, self.sharing = stamp, self.sharing + 1 if stamp == self.last else 1

    def replay(self) -> "Replay":
        """For a connection that is about to be read."""
        return Replay(self.last, self.sharing)


class Replay:
    """Tells, line by line, what one connection repeats of a log that was read up to a position.

    After the first new line all are new: a node's clock may be set back.
    """

    def __init__(self, last: Stamp | None, sharing: int) -> None:
        self._last, self._left, self._past = last, sharing, last is None

    def is_new(self, stamp: Stamp) -> bool:
        """Asked once for each line, in order."""
        if self._past or self._last is None:
            return True
        if stamp == self._last and self._left:
            self._left -= 1
            return False
        self._past = stamp >= self._last
        return self._past
