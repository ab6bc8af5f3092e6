"""The real runner as a process, in the place of a sheet's container."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from marianne_runner.contract import MESSAGE_LIMIT, TERMINATION_FILE

SOURCE: Final = Path(__file__).parents[2] / "operator"


class Container:
    """Its output goes to `<root>.log`, as a container's does to a file of the node."""

    def __init__(self, root: Path, process: asyncio.subprocess.Process) -> None:
        self._root = root
        self._process = process

    @classmethod
    async def start(cls, root: Path, variables: Mapping[str, str]) -> "Container":
        """Of a Pod whose mounts are laid out in `root`."""
        given = {
            **variables,
            "PATH": os.environ["PATH"],
            "HOME": str(root / "tmp"),
            "TMPDIR": str(root / "tmp"),
            "PYTHONPATH": str(SOURCE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MARIANNE_ROOT": str(root),
        }
        with Path(f"{root}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "marianne_runner",
                cwd=root / "workspace",
                env=given,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return cls(root, process)

    async def wait(self) -> int:
        """The exit code, as a container's: 128 + n after signal n."""
        code = await self._process.wait()
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
