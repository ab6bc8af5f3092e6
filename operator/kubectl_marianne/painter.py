"""A block of lines that is painted again in place, and leaves the terminal as it was."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from kubectl_marianne.lines import Line
from kubectl_marianne.output import Screen, rich_text


class Paint(Protocol):
    """Takes the whole block each time; what looks the same is not painted again."""

    def __call__(self, lines: Sequence[Line]) -> None:
        """Paint."""


@contextlib.contextmanager
def painter(screen: Screen) -> Iterator[Paint]:
    """The block is wiped in the end, whatever ends it: what is to stay is printed by the caller."""
    from rich.console import Console  # noqa: PLC0415  (80 ms that other verbs need not pay)
    from rich.live import Live  # noqa: PLC0415

    console = Console(highlight=False, markup=False, emoji=False, no_color=not screen.fancy)
    painted: list[Sequence[Line]] = []
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as live:

        def paint(lines: Sequence[Line]) -> None:
            if painted != [lines]:
                painted[:] = [lines]
                live.update(_block(lines), refresh=True)

        yield paint


def _block(lines: Sequence[Line]) -> Any:  # noqa: ANN401  (Rich is imported late)
    from rich.console import Group  # noqa: PLC0415

    return Group(*(rich_text(each) for each in lines))
