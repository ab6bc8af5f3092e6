"""Loading and compiling in a child with limits, so that a hostile score costs its author and nobody else.

One warm server process, started anew and never forked from the operator, forks a child for each score (3 ms; a fresh
interpreter takes over 100). The operator speaks with the child alone, over a socket that the server hands on; a child
that dies, hangs or grows is a refused score. Answers are remembered by digest.
"""

import asyncio
import collections
import contextlib
import gc
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self, cast

from marianne_operator.score.compile import compile_source
from marianne_operator.score.refused import ScoreRefusedError
from marianne_runner.contract import CompiledScore

MEMORY: Final = 768 << 20
"""Bytes of address space of a child."""
CPU_SECONDS: Final = 5
WALL_SECONDS: Final = 10
AT_ONCE: Final = 4
REMEMBERED: Final = 256
"""Answers; and no answer that is longer than this many characters of JSON."""
REMEMBERED_LENGTH: Final = 64 << 10


class Sandbox:
    """An async context manager; `compile` may be called by any number of tasks."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._answers: collections.OrderedDict[bytes, str] = collections.OrderedDict()

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    async def compile(self, source: str | Mapping[str, Any]) -> CompiledScore:
        """The compiled score; raises `ScoreRefusedError`, also for whatever befalls the child."""
        question = json.dumps(source).encode()
        digest = hashlib.sha256(question).digest()
        answer = self._answers.get(digest)
        if answer is None:
            async with self._slots:
                answer = await self._ask(question)
            self._remember(digest, answer)
        told = json.loads(answer)
        if "refused" in told:
            raise ScoreRefusedError(told["refused"], told["message"])
        return cast(CompiledScore, told["compiled"])

    async def _ask(self, question: bytes) -> str:
        ours = self._hand_over()
        reader, writer = await asyncio.open_connection(sock=ours, limit=1 << 24)
        try:
            async with asyncio.timeout(WALL_SECONDS + 2):
                writer.write(question)
                writer.write_eof()
                answer = await reader.read()
        except (TimeoutError, OSError):
            answer = b""
        finally:
            writer.close()
        return answer.decode() if answer else _died()

    def _hand_over(self) -> socket.socket:
        """Our end of a socket whose other end a new child holds; a dead server is started again."""
        ours, theirs = socket.socketpair()
        with theirs:
            for _ in range(2):
                if self._server is None or self._server.poll() is not None or self._door is None:
                    self._stop()
                    self._start()
                with contextlib.suppress(OSError):
                    socket.send_fds(cast(socket.socket, self._door), [b"."], [theirs.fileno()])
                    break
                self._stop()
        ours.setblocking(False)
        return ours

    def _start(self) -> None:
        self._door, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "marianne_operator.score.sandbox", str(theirs.fileno())]
            self._server = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def _stop(self) -> None:
        if self._door is not None:
            self._door.close()
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self._door = self._server = None

    def _remember(self, digest: bytes, answer: str) -> None:
        if len(answer) <= REMEMBERED_LENGTH:
            self._answers[digest] = answer
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)


def _died() -> str:
    limits = f"{CPU_SECONDS} s of CPU, {MEMORY >> 20} MiB"
    message = f"reading the score took more than its reader may use ({limits}); make it smaller or simpler"
    return json.dumps({"refused": "ScoreTooLarge", "message": message})


def serve(door: socket.socket) -> None:
    """The server: hand every socket that comes through the door to a child of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps them
    gc.collect()
    gc.freeze()  # the children share these pages
    while True:
        _, sockets, _, _ = socket.recv_fds(door, 1, 1)
        if not sockets:
            return
        if os.fork() == 0:
            door.close()
            with socket.socket(fileno=sockets[0]) as caller:
                _answer(caller)
            os._exit(0)
        os.close(sockets[0])


def _answer(caller: socket.socket) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.alarm(WALL_SECONDS)
    with caller.makefile("rb") as lines:
        source = json.loads(lines.read())
    try:
        answer: dict[str, Any] = {"compiled": compile_source(source)}
    except ScoreRefusedError as refused:
        answer = {"refused": refused.reason, "message": refused.message}
    except (MemoryError, RecursionError):
        os._exit(1)
    caller.sendall(json.dumps(answer, ensure_ascii=False, default=str).encode(errors="replace"))


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
