"""A program in a terminal of its own: a pty, whose bytes a terminal emulator turns into what a person would see."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import pyte

from tests.apiserver.waiting import wait_for

PROGRAM: Final = (sys.executable, "-m", "kubectl_marianne")
"""As `kubectl marianne`, without kubectl looking for it in PATH."""
ROOT: Final = Path(__file__).parents[2]


def environment(kubeconfig: Path, **more: str) -> dict[str, str]:
    """Of a terminal that shows everything, whatever this process was started from."""
    without = ("NO_COLOR", "LC_ALL", "LC_CTYPE", "PYTHONUNBUFFERED")
    kept = {key: value for key, value in os.environ.items() if key not in without}
    return {
        **kept,
        "KUBECONFIG": str(kubeconfig),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT / "operator"),
        **more,
    }


class Terminal:
    """`raw` is all that was sent, `rows` what is on the screen now. The program is killed on leaving."""

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        columns: int = 80,
        height: int = 24,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, height)
        self._stream = pyte.ByteStream(self._screen)
        self._command = [*program, *arguments]
        self._environ = dict(environ)
        self._main, self._side = pty.openpty()
        self.resize(columns, height)

    async def __aenter__(self) -> Self:
        os.set_blocking(self._main, False)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=self._side,
            stdout=self._side,
            stderr=self._side,
            env=self._environ,
            preexec_fn=_own_terminal,
        )
        os.close(self._side)
        asyncio.get_running_loop().add_reader(self._main, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._main)
        os.close(self._main)

    @property
    def rows(self) -> list[str]:
        """Lines of the screen, without blanks at their ends."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.rows).rstrip()

    @property
    def cursor_hidden(self) -> bool:
        """As a program that was not careful would leave it."""
        return bool(self._screen.cursor.hidden)

    def resize(self, columns: int, height: int) -> None:
        """As the user's hand does it."""
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", height, columns, 0, 0))
        self._screen.resize(height, columns)

    def type(self, keys: str) -> None:
        """Keys; `\\x03` is Ctrl-C, which the terminal turns into a signal."""
        os.write(self._main, keys.encode())

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    async def until(self, shown: str, deadline: float = 30.0) -> None:
        """Returns when that stands on the screen."""
        await self._wait(f"{shown!r} on the screen", lambda: shown in self.text, deadline)

    async def until_gone(self, shown: str, deadline: float = 30.0) -> None:
        """Returns when that stands on the screen no more."""
        await self._wait(f"{shown!r} to leave the screen", lambda: shown not in self.text, deadline)

    async def _wait(self, what: str, seen: Callable[[], bool], deadline: float) -> None:
        async def found() -> bool:
            return seen()

        try:
            await wait_for(what, found, deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows:\n{self.text}") from error

    async def ended(self, deadline: float = 30.0) -> int:
        """The exit code, once everything it wrote was read."""
        code = await asyncio.wait_for(self._process.wait(), deadline)
        self._read()
        return code

    def _read(self) -> None:
        try:
            while chunk := os.read(self._main, 65536):
                self.raw += chunk
                self._stream.feed(chunk)
        except BlockingIOError:
            return
        except OSError:  # EIO: the program's side is closed
            asyncio.get_running_loop().remove_reader(self._main)


def _own_terminal() -> None:
    """A session whose controlling terminal is the pty, so that Ctrl-C reaches the program and nothing else."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
