"""Files that a score puts into its prompts: the prelude for every sheet, a cadenza for one (semantics §5.6).

A path is a template; it is looked for beside the score, then in the workspace. What is missing never fails a sheet: it
is told in the Pod's log.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from marianne_runner.contract import Injection

LARGEST: Final = 1 << 20
"""Bytes of one file that go into a prompt."""
CUT: Final = "\n... [truncated]"
_KINDS: Final = {
    ".pdf": "PDF document",
    ".doc": "Word document",
    ".docx": "Word document",
    ".xls": "spreadsheet",
    ".xlsx": "spreadsheet",
    ".ods": "spreadsheet",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"), "image"),
}
Expand = Callable[[str], str]
"""A path's template to a path; what it does not know is empty there."""


class Injected(NamedTuple):
    """Contents by category, in the order in which they were written."""

    context: Sequence[str] = ()
    skills: Sequence[str] = ()
    tools: Sequence[str] = ()

    def variables(self) -> dict[str, list[str]]:
        """As templates see them."""
        return {
            "injected_context": list(self.context),
            "injected_skills": list(self.skills),
            "injected_tools": list(self.tools),
        }


NOTHING_INJECTED: Final = Injected()


def injected(
    items: Sequence[Injection], folders: Sequence[Path], expand: Expand, warn: Callable[[str], None]
) -> Injected:
    """`folders`: the score's, then the workspace."""
    found: dict[str, list[str]] = {"context": [], "skill": [], "tool": []}
    for item in items:
        written = item.get("file") or item.get("directory") or ""
        try:
            found[item["category"]] += _contents(item, expand(written), folders)
        except OSError as error:
            what = "a file" if "file" in item else "a directory"
            warn(f"{item['category']} {written!r}: not injected, {what} was expected: {error.strerror or error}")
    return Injected(found["context"], found["skill"], found["tool"])


def _contents(item: Injection, name: str, folders: Sequence[Path]) -> Iterator[str] | list[str]:
    """Raises `OSError`."""
    if "file" in item:
        return [_content(_found(name, folders, Path.is_file))]
    folder = _found(name, folders, Path.is_dir)
    files = sorted(each for each in folder.iterdir() if each.is_file())
    return [f"### {each.name}\n\n{_content(each)}" for each in files]


def _found(name: str, folders: Sequence[Path], fits: Callable[[Path], bool]) -> Path:
    for folder in folders:
        if fits(path := folder / name):
            return path
    raise FileNotFoundError(2, f"neither in {' nor in '.join(map(str, folders))}")


def _content(path: Path) -> str:
    """What is no text is named instead, for an agent that can open it."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    try:
        text = content[:LARGEST].decode()
    except UnicodeDecodeError as error:
        if len(content) <= LARGEST or error.start < LARGEST - 3:
            kind = _KINDS.get(path.suffix.lower(), "file")
            return f"Read the {kind} at {os.path.abspath(path)}: it is no text."  # noqa: PTH100  (links stay as they are)
        text = content[: error.start].decode()
    return text + CUT if len(content) > LARGEST else text


def sections(found: Injected) -> Iterator[str]:
    """What stands before the rendered template, in Marianne's order."""
    for title, contents in (
        ("## Injected Skills", found.skills),
        ("## Injected Tools", found.tools),
        ("## Injected Context", found.context),
    ):
        if contents:
            yield "\n\n".join((title, *contents))


def text_or_file(entry: str, folders: Sequence[Path]) -> str:
    """An extension is text, or the name of a file that holds it."""
    if "\n" not in entry and 0 < len(entry) <= 255:
        for folder in folders:
            path = folder / entry
            try:
                if path.is_file():
                    return _content(path)
            except (OSError, ValueError):
                continue
    return entry


def lenient(variables: Mapping[str, Any]) -> Expand:
    """A path's template, in which what is undefined is empty. Raises `FileNotFoundError` if it does not render."""

    def expand(text: str) -> str:
        if "{" not in text:
            return text
        import jinja2  # noqa: PLC0415  (costs 40 ms)

        try:
            return jinja2.Environment(autoescape=False).from_string(text).render(variables)  # noqa: S701
        except Exception as error:  # the template is code of the score's author: it may raise anything
            raise FileNotFoundError(2, f"its path does not render: {error}") from error

    return expand
