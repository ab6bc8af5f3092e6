"""What jobs use, as a table."""

from collections.abc import Sequence
from typing import Final

from kubectl_marianne import palette
from kubectl_marianne.lines import Cell, Line, Span, grid
from kubectl_marianne.reading import Look
from kubectl_marianne.times import since
from kubectl_marianne.usage import Row

LETTERS: Final = ("", "Ki", "Mi", "Gi", "Ti")


def top_lines(rows: Sequence[Row], look: Look, *, namespaces: bool) -> list[Line]:
    """A row each; tokens and dollars are of the run so far, over all attempts."""
    titles = [
        *(["NAMESPACE"] if namespaces else []),
        "NAME",
        "STATE",
        "PODS",
        "CPU",
        "MEMORY",
        "IN",
        "OUT",
        "COST",
        "TIME",
    ]
    header: list[Cell] = [Span(title, palette.HEADER) for title in titles]
    cells = [header, *([*([row.namespace] if namespaces else []), *_cells(row, look)] for row in rows)]
    return grid(cells, look.width, look.signs.more, [titles.index("NAME"), titles.index("STATE")])


def _cells(row: Row, look: Look) -> list[Cell]:
    return [
        row.name,
        row.of,
        str(row.pods or "-"),
        "-" if row.used.cpu is None else f"{row.used.cpu * 1000:.0f}m",
        _bytes(row.used.memory),
        _count(row.input_tokens),
        _count(row.output_tokens),
        "-" if row.cost is None else f"{'' if row.sure else '~'}${row.cost:.4f}",
        since(row.started, look.now),
    ]


def _bytes(value: float | None) -> str:
    if value is None:
        return "-"
    letter = 0
    while value >= 1024 and letter < len(LETTERS) - 1:
        value, letter = value / 1024, letter + 1
    return f"{value:.0f}{LETTERS[letter]}"


def _count(value: int | None) -> str:
    if value is None:
        return "-"
    return str(value) if value < 10_000 else f"{value / 1000:.0f}k" if value < 10_000_000 else f"{value / 1e6:.0f}M"
