"""`kubectl marianne` without a terminal: what a script sees of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.apiserver.terminal import PROGRAM, environment

DEADLINE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """How one call ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Of stdout."""
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        """stdout, parsed whole."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """In one namespace, with one kubeconfig."""

    kubeconfig: Path
    namespace: str

    async def __call__(self, *arguments: str, text: str | None = None) -> Said:
        """To its end."""
        async with self.running(*arguments, stdin=text is not None) as process:
            given = text.encode() if text is not None else None
            out, err = await asyncio.wait_for(process.communicate(given), DEADLINE)
            return Said(process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *arguments: str, stdin: bool = False) -> AsyncIterator[asyncio.subprocess.Process]:
        """While the test does something else; killed on leaving."""
        verb, *rest = arguments
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            verb,
            *([] if verb in ("lint", "convert") else [f"--namespace={self.namespace}"]),
            *rest,
            env=environment(self.kubeconfig),
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
