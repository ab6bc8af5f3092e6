"""Facts that must hold beside the rules: what files hash to (semantics §8, `file_checksum`)."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from marianne_runner.checks import Ground
from marianne_runner.contract import Grounding, GroundingHook
from marianne_runner.expansion import ExpansionError, expand_path

CHUNK: Final = 1 << 20
GUIDANCE_CHARACTERS: Final = 400
SHOWN_DIGITS: Final = 12


class Grounded(NamedTuple):
    """`confidence`: the mean over the hooks of the share of their files that could be looked at.

    `failed`: a line for each hook that does not hold, under its name.
    """

    passed: bool
    confidence: float
    guidance: str
    failed: list[str]


class _UnseenError(Exception):
    """Nobody knows what the file hashes to."""


def grounded(asked: Grounding, ground: Ground) -> Grounded:
    """Every hook, within the time that they have together."""
    until = ground.clock.monotonic() + asked["timeout_seconds"]
    failed, guidance, sure = [], list[str](), 0.0
    for hook in asked["hooks"]:
        found = list(_held_against(hook, ground, until))
        wrong = [said for said, _ in found if said]
        sure += sum(seen for _, seen in found) / len(found) if found else 1.0
        if wrong:
            failed.append(f"{hook['name']}: {wrong[0]}")
            guidance += wrong
    return Grounded(
        passed=not failed,
        confidence=sure / len(asked["hooks"]),
        guidance="; ".join(guidance)[:GUIDANCE_CHARACTERS],
        failed=failed,
    )


def _held_against(hook: GroundingHook, ground: Ground, until: float) -> Iterator[tuple[str, bool]]:
    """For each file what is wrong, if anything is, and whether it could be looked at."""
    for written, expected in hook["checksums"].items():
        try:
            path = expand_path(written, ground.context, ground.workspace)
            actual = _checksum(path, hook["algorithm"], ground, until)
        except FileNotFoundError:
            yield f"{written} does not exist: make it", True
        except (ExpansionError, OSError, ValueError, _UnseenError) as error:
            yield f"{written} cannot be looked at: {error}", False
        else:
            yield _compared(written, hook["algorithm"], actual, expected.strip().lower()), True


def _compared(written: str, algorithm: str, actual: str, expected: str) -> str:
    if actual == expected:
        return ""
    shown, wanted = actual[:SHOWN_DIGITS], expected[:SHOWN_DIGITS]
    return f"{written} has {algorithm} {shown}…, expected {wanted}…: restore its content"


def _checksum(path: Path, algorithm: str, ground: Ground, until: float) -> str:
    """Only of what is a file: whatever else the instrument left there may have no end."""
    import hashlib  # noqa: PLC0415  (few scores need it, and it costs every sheet some time to start)

    made = hashlib.new(algorithm, usedforsecurity=False)
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _UnseenError("it is no regular file")
        while chunk := file.read(CHUNK):
            made.update(chunk)
            if ground.clock.monotonic() > until:
                raise _UnseenError("the time for grounding is over")
    return made.hexdigest()
