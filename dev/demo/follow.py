"""Watch both jobs until they have ended: a live table on a terminal, a line for each change elsewhere."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dev.cluster.progress import SetupError, say
from dev.demo import picture
from dev.demo.jobs import Job

Statuses = dict[str, dict[str, Any]]
Show = Callable[[Statuses], None]
LOOK_EVERY_SECONDS: Final = 0.5
STYLES: Final = {"completed": "green", "failed": "red", "retry_scheduled": "yellow", "in_progress": "cyan"}


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds, and a wait of so many."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


def follow(
    jobs: Sequence[Job], read: Callable[[], Statuses], deadline_seconds: float, console: Console, clock: Clock
) -> Statuses:
    """The last statuses; raises `SetupError` when the deadline passes, saying what each job waits for."""
    begun = clock.now()
    painter = _painted(jobs, console) if console.is_terminal else _told(jobs, lambda: clock.now() - begun)
    with painter as show:
        while True:
            seen = read()
            show(seen)
            if all(picture.ended(seen.get(job.name, {})) for job in jobs):
                return seen
            if clock.now() - begun > deadline_seconds:
                told = "\n".join(f"  {job.name}: {picture.summary(seen.get(job.name, {}))}" for job in jobs)
                raise SetupError(f"the jobs have not ended within {deadline_seconds:.0f} s:\n{told}")
            clock.wait(LOOK_EVERY_SECONDS)


@contextmanager
def _told(jobs: Sequence[Job], seconds: Callable[[], float]) -> Iterator[Show]:
    before: list[picture.Row] = []

    def show(seen: Statuses) -> None:
        after = [row for job in jobs for row in picture.rows(job.name, job.score, seen.get(job.name, {}))]
        for line in picture.lines(before, after):
            say(f"{seconds():6.1f} s  {line}")
        before[:] = after

    yield show


@contextmanager
def _painted(jobs: Sequence[Job], console: Console) -> Iterator[Show]:
    with Live(console=console, auto_refresh=False) as live:
        yield lambda seen: live.update(_picture(jobs, seen), refresh=True)


def _picture(jobs: Sequence[Job], seen: Statuses) -> Group:
    """Sheets in a table, whose remarks go first where the terminal is narrow; below it each job in a line."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in picture.HEADINGS:
        table.add_column(heading, no_wrap=True)
    table.add_column()
    for job in jobs:
        for row in picture.rows(job.name, job.score, seen.get(job.name, {})):
            table.add_row(*row.cells, row.remark, style=STYLES.get(row.state, ""))
        table.add_section()
    told = [Text(f"{job.name}: {picture.summary(seen.get(job.name, {}))}", style="bold") for job in jobs]
    return Group(table, "", *told)
