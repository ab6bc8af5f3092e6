"""The real runner as a process, in the place of a sheet's container."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from marianne_runner.contract import MESSAGE_LIMIT, TERMINATION_FILE
from tests.simulated_kubelet.container_log import LONGEST_LINE, ContainerLog

LAST_WORDS_SECONDS: Final = 1.0
SOURCE: Final = Path(__file__).parents[2] / "operator"


class Container:
    """Its output goes to a log of the node's."""

    def __init__(self, root: Path, process: asyncio.subprocess.Process, log: ContainerLog) -> None:
        self._root = root
        self._process = process
        self._logging = asyncio.create_task(log.keep(cast(asyncio.StreamReader, process.stdout)))

    @classmethod
    async def start(
        cls, root: Path, variables: Mapping[str, str], log: ContainerLog, arguments: Sequence[str] = ()
    ) -> "Container":
        """Of a Pod whose mounts are laid out in `root`; `arguments` follow the runner's name in its command."""
        given = {
            **variables,
            "PATH": os.environ["PATH"],
            "HOME": str(root / "tmp"),
            "TMPDIR": str(root / "tmp"),
            "PYTHONPATH": str(SOURCE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MARIANNE_ROOT": str(root),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "marianne_runner",
            *arguments,
            cwd=root / "workspace",
            env=given,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        return cls(root, process, log)

    async def wait(self) -> int:
        """The exit code, as a container's: 128 + n after signal n. What it left behind is heard no longer."""
        code = await self._process.wait()
        await asyncio.wait({self._logging}, timeout=LAST_WORDS_SECONDS)
        self._logging.cancel()
        await asyncio.gather(self._logging, return_exceptions=True)
        return 128 - code if code < 0 else code

    @property
    def message(self) -> str:
        """The termination message: the kubelet keeps the end of the file."""
        content = (self._root / TERMINATION_FILE).read_bytes()
        return content[-MESSAGE_LIMIT:].decode("utf-8", "replace")

    def terminate(self) -> None:
        """SIGTERM to the container's first process."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to all of it, as the end of a PID namespace does."""
        if self._process.returncode is None:
            for pid in [self._process.pid, *descendants(self._process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def descendants(ancestor: int) -> list[int]:
    """PIDs of its children, theirs, and so on."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, look = [], [ancestor]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found
