"""Logs as one text: what is there now, sheet by sheet, handed on while it is read."""

import contextlib
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from marianne_api.logs_routes.models import LogInfo
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow import LogLine
from marianne_client.terminal_text import visible
from marianne_client.words import job_status

CHUNK: Final = 64 * 1024
"""Characters that are sent at once."""
BROKEN: Final = "# Incomplete: the cluster stopped telling\n"


def file_name(name: str) -> str:
    """Of a job's name, which is a valid one already; a header takes no other characters."""
    return f"{re.sub(r'[^a-z0-9.-]', '_', name)}.log"


def head(job_id: str, job: Mapping[str, Any], now: str) -> str:
    """Five lines that say what follows."""
    status = job.get("status") or {}
    score = status.get("score") or {}
    word = job_status(status.get("phase") or "", started="startTime" in status)
    told = (
        f"# Job: {job_id}",
        f"# Score: {visible(str(score.get('name', '')))}",
        f"# Status: {word}",
        f"# Sheets: {score.get('totalSheets', 0)}",
        f"# Read: {now}",
    )
    return "".join(f"{line}\n" for line in told)


def text_of(line: LogLine) -> str:
    """The sheet and attempt it is of, its time if it has one, and what was printed."""
    mark = " (tail)" if line.source == "tail" else ""
    time = f" {line.timestamp}" if line.timestamp else ""
    return f"[{line.sheet} a{line.attempt}]{mark}{time} {line.text}\n"


async def begun(lines: AsyncGenerator[LogLine, None]) -> LogLine | None:
    """The first line. What speaks against the reading is raised before an answer begins."""
    return await anext(lines, None)


async def text(top: str, first: LogLine | None, rest: AsyncGenerator[LogLine, None]) -> AsyncGenerator[bytes, None]:
    """In pieces; nothing is kept."""
    held, size = [top, *([text_of(first)] if first else [])], 0
    try:
        async with contextlib.aclosing(rest):
            async for line in rest:
                held.append(text_of(line))
                size += len(held[-1])
                if size > CHUNK:
                    yield _encoded(held)
                    held, size = [], 0
    except (ApiError, UnreachableError):
        held.append(BROKEN)
    yield _encoded(held)


async def count(job_id: str, name: str, first: LogLine | None, rest: AsyncGenerator[LogLine, None]) -> LogInfo:
    """Of the lines as they would be sent."""
    told = LogInfo(job_id=job_id, log_file=file_name(name), size_bytes=0, lines=0, last_modified=None)
    if first is not None:
        _add(told, first)
    async with contextlib.aclosing(rest):
        async for line in rest:
            _add(told, line)
    return told


def _add(told: LogInfo, line: LogLine) -> None:
    told.size_bytes += len(text_of(line).encode(errors="replace"))
    told.lines += 1
    told.last_modified = max(filter(None, (told.last_modified, line.timestamp)), default=None)


def _encoded(held: list[str]) -> bytes:
    return "".join(held).encode(errors="replace")
