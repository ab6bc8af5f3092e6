"""What goes to the terminal, or to whatever reads instead: decided once, written at one place."""

import json
import locale
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubectl_marianne.lines import Line, line, plain
from kubectl_marianne.palette import ASCII, FANCY, Signs

JOB: Final = "mariannejob.marianne.dev"


@dataclass(frozen=True, slots=True)
class Screen:
    """`width` and `height` are None where nobody looks: then nothing is cut."""

    width: int | None
    height: int | None
    fancy: bool
    """Colours and signs."""
    redraws: bool
    """Its cursor can be moved."""

    @property
    def signs(self) -> Signs:
        """What it can show."""
        return FANCY if self.fancy else ASCII


def screen(environ: Mapping[str, str], size: tuple[int, int] | None, encoding: str, *, no_color: bool) -> Screen:
    """`size` is (columns, lines) of a terminal. `NO_COLOR` counts if it is not empty, as its own page says."""
    if size is None:
        return Screen(None, None, fancy=False, redraws=False)
    dumb = environ.get("TERM", "dumb") in ("", "dumb")
    fancy = not (no_color or environ.get("NO_COLOR") or dumb or not unicode_wanted(environ, encoding))
    return Screen(size[0] or 80, size[1] or 24, fancy, not dumb)


def unicode_wanted(environ: Mapping[str, str], encoding: str) -> bool:
    """What the locale says. Python writes UTF-8 under `LANG=C` too, and sets `LC_CTYPE=C.UTF-8` for its children."""
    told = environ.get("LANG", "")
    coerced = environ.get("LC_CTYPE") == "C.UTF-8" and told in ("", "C", "POSIX")
    wanted = environ.get("LC_ALL") or (not coerced and environ.get("LC_CTYPE")) or told
    return encoding.lower().replace("-", "") == "utf8" and wanted.lower().replace("-", "").endswith("utf8")


def standard_screen(*, no_color: bool) -> Screen:
    """Of this process's stdout."""
    try:
        found = os.get_terminal_size(sys.stdout.fileno())
        size = (found.columns, found.lines) if sys.stdout.isatty() else None
    except (OSError, ValueError):  # no terminal, or no file at all
        size = None
    return screen(os.environ, size, sys.stdout.encoding or locale.getencoding(), no_color=no_color)


def show(lines: Iterable[Line], to: Screen) -> None:
    """On stdout."""
    if to.fancy:
        from rich.console import Console  # noqa: PLC0415  (80 ms that plain output need not pay)

        console = Console(highlight=False, markup=False, emoji=False)
        for each in lines:
            console.print(rich_text(each), soft_wrap=True)
        return
    for each in lines:
        tell(plain(each))


def rich_text(of: Line) -> Any:  # noqa: ANN401  (Rich's `Text`, imported late)
    """Spans as Rich has them; no markup is read in them."""
    from rich.text import Text  # noqa: PLC0415

    return Text.assemble(*((span.text, span.style) for span in of), no_wrap=True)


def tell(text: str) -> None:
    """One line on stdout."""
    print(text)


def complain(text: str) -> None:
    """One line on stderr, of text that others may have written."""
    print(plain(line(text)).encode("utf-8", "replace").decode(), file=sys.stderr, flush=True)


def show_json(body: Mapping[str, Any]) -> None:
    """ASCII only: JSON has its own escapes, for hostile characters too."""
    tell(json.dumps(body, indent=2))


def show_yaml(body: Mapping[str, Any]) -> None:
    """ASCII only, as JSON."""
    import yaml  # noqa: PLC0415

    tell(yaml.safe_dump(dict(body), sort_keys=False).rstrip("\n"))


def show_object(output: str, body: Mapping[str, Any]) -> None:
    """As `-o json` or `-o yaml` wants it."""
    (show_json if output == "json" else show_yaml)(body)


def show_objects(output: str, objects: list[Mapping[str, Any]], *, one: bool) -> None:
    """As kubectl: `name` feeds it again; several objects are a `List`."""
    if output == "name":
        for each in objects:
            tell(f"{JOB}/{each['metadata']['name']}")
        return
    whole: Mapping[str, Any] = objects[0] if one else {"apiVersion": "v1", "kind": "List", "items": objects}
    show_object(output, whole)
