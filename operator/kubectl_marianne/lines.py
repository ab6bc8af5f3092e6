"""Lines of a terminal as data: spans with a style, aligned in columns, fitted to a width.

Every text goes through `visible` on its way into a line: names, messages and logs are written by others, and a
terminal obeys what it is sent. Nothing else makes a `Line`.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

from marianne_client.terminal_text import visible

GAP: Final = "  "
NARROWEST: Final = 8
"""Cells that a column keeps, whatever the width."""
TALLEST: Final = 4
_BREAKS: Final = re.compile(r"[\t\n\r\v\f]+")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text, and how it looks where looks are wanted: `red`, `bold`, as Rich names them."""

    text: str
    style: str = ""


Cell = Span | str
Line = tuple[Span, ...]


def line(*cells: Cell) -> Line:
    """One line; line breaks in it become blanks."""
    return tuple(_clean(cell) for cell in cells)


def plain(of: Line) -> str:
    """Without looks."""
    return "".join(span.text for span in of).rstrip()


def fit(of: Line, width: int | None, more: str) -> Line:
    """Cut to `width` cells, with `more` in the end where something is missing."""
    if width is None or sum(cell_len(span.text) for span in of) <= width:
        return of
    kept: list[Span] = []
    room = width - cell_len(more)
    for span in of:
        size = min(cell_len(span.text), room)
        kept.append(Span(set_cell_size(span.text, size), span.style))
        room -= size
    return (*kept, Span(more))


def wrap(of: Span, width: int | None, more: str) -> list[Line]:
    """A text that has to be read, on several lines, of which a screen gets `TALLEST` at most."""
    text = _clean(of).text
    if width is None:
        return [line(of)]
    return [line(Span(part, of.style)) for part in textwrap.wrap(text, width, max_lines=TALLEST, placeholder=more)]


def grid(rows: Sequence[Sequence[Cell]], width: int | None, more: str, shrink: Sequence[int]) -> list[Line]:
    """Rows in columns. Where they are wider than `width`, the columns `shrink` give way, in that order."""
    cleaned = [[_clean(cell) for cell in row] for row in rows]
    sizes = [max(cell_len(cell.text) for cell in column) for column in zip(*cleaned, strict=True)]
    excess = 0 if width is None else sum(sizes) + len(GAP) * (len(sizes) - 1) - width
    for column in shrink:
        given = max(0, min(excess, sizes[column] - NARROWEST))
        sizes[column] -= given
        excess -= given
    return [fit(_joined(row, sizes, more), width, more) for row in cleaned]


def _joined(row: Sequence[Span], sizes: Sequence[int], more: str) -> Line:
    spans: list[Span] = []
    for cell, size in zip(row, sizes, strict=True):
        shown = fit((cell,), size, more)
        padding = " " * (size - sum(cell_len(span.text) for span in shown))
        spans += [*shown, Span(padding + GAP)]
    return _without_end(spans)


def _without_end(spans: list[Span]) -> Line:
    """Blanks at the end of a line would wrap in a narrow terminal."""
    while spans and not spans[-1].text.strip():
        spans.pop()
    return tuple(spans)


def _clean(cell: Cell) -> Span:
    span = cell if isinstance(cell, Span) else Span(cell)
    return Span(visible(_BREAKS.sub(" ", span.text)), span.style)
