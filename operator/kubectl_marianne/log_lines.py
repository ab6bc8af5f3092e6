"""Log lines as they are shown: `[3 draft.v1 a2] text`, harmless for a terminal, coloured by sheet where colours are."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Final

from kubectl_marianne.fetch import score_of
from kubectl_marianne.output import tell
from kubectl_marianne.reading import Score
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.follow import LogLine
from marianne_client.identity import JobId
from marianne_client.terminal_text import RESET, visible

COLOURS: Final = (36, 32, 33, 35, 34, 31)
"""SGR codes; neighbours differ."""


@dataclass(frozen=True, slots=True)
class LogStyle:
    """What stands before each line."""

    prefix: bool = True
    timestamps: bool = False


def prefix(of: LogLine, score: Score) -> str:
    """`[3 draft.v1 a2]`: sheet, movement and voice where they have names, attempt; `tail` where the Pod has gone."""
    place = score.sheet(of.sheet)
    names = score.compiled.get("stage_names") or {}
    name = str(names.get(str(place["stage"]), "")) if place else ""
    voice = f"v{place['instance']}" if place and place["fan_count"] > 1 else ""
    told = ".".join(part for part in (name, voice) if part)
    parts = (str(of.sheet), told, f"a{of.attempt}", "tail" if of.source == "tail" else "")
    return f"[{' '.join(part for part in parts if part)}]"


def shown(of: LogLine, score: Score, style: LogStyle, *, colours: bool) -> str:
    """The whole line. What the container coloured keeps its colours where there are any."""
    head = ""
    if style.prefix:
        said = visible(prefix(of, score))
        head = f"\x1b[{COLOURS[of.sheet % len(COLOURS)]}m{said}{RESET} " if colours else f"{said} "
    time = f"{of.timestamp} " if style.timestamps and of.timestamp else ""
    return head + time + visible(of.text, colours=colours)


async def print_log(opened: Session, job: JobId, lines: AsyncIterable[LogLine], style: LogStyle) -> int:
    """Each line as it comes; how many there were. The score is asked for when there is a line: then it is compiled."""
    score, count = Score({}), 0
    async for each in lines:
        if count == 0 and style.prefix:
            score = await score_of(opened.connection, await opened.connection.get(paths.job(job.namespace, job.name)))
        count += 1
        tell(shown(each, score, style, colours=opened.screen.fancy))
    return count
