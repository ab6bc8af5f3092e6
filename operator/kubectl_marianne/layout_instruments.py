"""Instruments as a table of one line each."""

from collections.abc import Sequence
from typing import Final

from kubectl_marianne import palette
from kubectl_marianne.instruments_look import Found
from kubectl_marianne.lines import Cell, Line, Span, grid
from kubectl_marianne.reading import Look

STYLES: Final = {
    "ready": "green",
    "image unset": palette.WAIT,
    "secret missing": palette.BAD,
    "limited": palette.WAIT,
    "overridden": palette.DIM,
}


def instrument_table(found: Sequence[Found], look: Look, *, namespaces: bool) -> list[Line]:
    """The first columns are Marianne's own; `-` in NAMESPACE is the cluster's."""
    header = [
        *(["NAMESPACE"] if namespaces else []),
        *("NAME", "KIND", "STATUS", "MODEL", "IMAGE"),
        *(["SCOPE", "CREDENTIALS"] if look.wide else []),
    ]
    rows: list[list[Cell]] = [[Span(title, palette.HEADER) for title in header]]
    rows += [_cells(each, look, namespaces=namespaces) for each in found]
    shrink = [header.index(title) for title in ("IMAGE", "MODEL", "NAME")]
    return grid(rows, look.width, look.signs.more, shrink)


def _cells(found: Found, look: Look, *, namespaces: bool) -> list[Cell]:
    instrument, spec = found.listed, found.listed.spec
    credentials = ", ".join(
        f"{each.name}={each.secret_key_ref.name}/{each.secret_key_ref.key}" for each in spec.credentials
    )
    wide: list[Cell] = ["namespace" if instrument.namespace else "cluster", credentials or "-"]
    runners = "(runner)" if spec.needs_no_image else "-"
    return [
        *([instrument.namespace or "-"] if namespaces else []),
        instrument.name,
        str(spec.profile.get("kind") or "cli"),
        Span(found.state, STYLES.get(found.state, "")),
        str(spec.profile.get("default_model") or "-"),
        spec.image or runners,
        *(wide if look.wide else []),
    ]
