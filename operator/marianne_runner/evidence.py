"""What is kept of an attempt for people to read, how much of it, and for how long (decision 024).

Marks are kept for ever: they are what the promise rests on. These files are not.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from marianne_runner.contract import CompiledScore
from marianne_runner.cross_sheet import STDERR, STDOUT
from marianne_runner.marks import VERDICT, AttemptFolder
from marianne_runner.redact import redact
from marianne_runner.seal import Seal, UnreadableMarkError

PROMPT: Final = "prompt"
FILES: Final = (PROMPT, STDOUT, STDERR)
PROMPT_BYTES: Final = 256 << 10
CAPTURE_BYTES: Final = 1 << 20
"""Of each stream, whatever the score asks for."""
ATTEMPTS: Final = 10
"""Of a sheet, the newest, have their files."""
BYTES: Final = 8 << 20
"""Of a sheet's files in all; the newest attempt's are kept, however large."""
_CUT: Final = b"\n... [truncated]\n"


def capture_bytes(score: CompiledScore) -> int:
    """How much of the end of each stream is kept."""
    return min(score["max_output_capture_bytes"], CAPTURE_BYTES)


def of_prompt(prompt: str) -> bytes:
    """Redacted, and its beginning where it is too long."""
    text = redact(prompt.encode(errors="replace"))
    return text if len(text) <= PROMPT_BYTES else text[:PROMPT_BYTES] + _CUT


def prune(sheet: Path, attempt: int, seal: Seal | None = None) -> None:
    """Make room for that attempt of the sheet, whose folder of the ledger this is. Never fails, never takes a mark.

    What the sheet handed on to others stays: of the latest attempt that completed it, standard output.
    """
    older = _older(sheet, attempt, seal)
    surplus = list(_surplus(older))
    handed_on = next((folder for folder in older if _completed(folder)), None) if surplus else None
    for folder in older:
        _remove(folder, folder.path.glob(".*"))  # of a Pod that was killed: its room, a file that was not whole
    for folder in surplus:
        kept = STDOUT if folder is handed_on else None
        _remove(folder, (folder.path / name for name in FILES if name != kept))


def _older(sheet: Path, attempt: int, seal: Seal | None) -> list[AttemptFolder]:
    """The newest first."""
    numbers = (int(each.name[1:]) for each in sheet.glob("a*") if each.name[1:].isdecimal())
    return [AttemptFolder(sheet / f"a{number}", seal) for number in sorted(numbers, reverse=True) if number < attempt]


def _surplus(older: Sequence[AttemptFolder]) -> Iterator[AttemptFolder]:
    total = 0
    for place, folder in enumerate(older, 2):
        total += sum(map(_size, (folder.path / name for name in FILES)))
        if place > 2 and (place > ATTEMPTS or total > BYTES):
            yield folder


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _completed(folder: AttemptFolder) -> bool:
    try:
        return (folder.read(VERDICT) or {}).get("outcome") == "completed"
    except (OSError, UnreadableMarkError):
        return False


def _remove(folder: AttemptFolder, files: Iterator[Path]) -> None:
    there = [path for path in files if path.exists()]
    if there:
        folder.open()
        for path in there:
            with contextlib.suppress(OSError):
                path.unlink()
        folder.close()
