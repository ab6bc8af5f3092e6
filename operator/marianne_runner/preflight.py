"""A look at the prompt before anything is paid for (semantics §3). It warns, and stops nothing."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

CHARACTERS_PER_TOKEN: Final = 3.5
MANY_TOKENS, TOO_MANY_TOKENS = 50_000, 150_000
MANY_LINES: Final = 5000
SHOWN: Final = 5
NAME_CHARACTERS: Final = 150
_RELATIVE: Final = r"\.{1,2}(?:/[\w.@+-]+)+"


def warnings(prompt: str, folders: Sequence[Path], to_be_made: Collection[Path]) -> list[str]:
    """`folders`: absolute ones whose files a prompt may speak of; relative paths count from the first.

    `to_be_made`: what the sheet's rules look for is not there yet, and nothing is wrong with that.
    """
    return [*_sizes(prompt), *_missing(prompt, folders, to_be_made)]


def _sizes(prompt: str) -> Iterator[str]:
    tokens = round(len(prompt) / CHARACTERS_PER_TOKEN)
    if tokens > TOO_MANY_TOKENS:
        yield f"the prompt has about {tokens} tokens, more than {TOO_MANY_TOKENS}: most models take less"
    elif tokens > MANY_TOKENS:
        yield f"the prompt has about {tokens} tokens, more than {MANY_TOKENS}"
    lines = prompt.count("\n") + 1
    if lines > MANY_LINES:
        yield f"the prompt has {lines} lines, more than {MANY_LINES}"


def _missing(prompt: str, folders: Sequence[Path], to_be_made: Collection[Path]) -> Iterator[str]:
    """Only below the folders, since a prompt speaks of URLs and other machines too; the first few."""
    roots = "|".join(re.escape(str(folder)) for folder in folders)
    pattern = re.compile(rf"(?<![\w/.])(?:(?:{roots})(?:/[\w.@+-]+)+|{_RELATIVE})")
    shown = 0
    for name in dict.fromkeys(match.rstrip(".") for match in pattern.findall(prompt)):
        path = folders[0] / name
        if path in to_be_made or _exists(path):
            continue
        yield f"the prompt speaks of {name[:NAME_CHARACTERS]}, which does not exist"
        shown += 1
        if shown == SHOWN:
            return


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:  # it cannot be looked at: that proves nothing
        return True
    return True
