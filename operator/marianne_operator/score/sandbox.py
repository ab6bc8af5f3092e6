"""Loading and compiling in a child with limits, so that a hostile score costs its author and nobody else.

One warm server process, started anew and never forked from the operator, forks a child for each score (3 ms; a fresh
interpreter takes over 100). The operator speaks with the child alone, over a socket that the server hands on; a child
that dies, hangs or grows is a refused score. This side imports neither pydantic's models of a score nor a parser.
"""

import asyncio
import collections
import contextlib
import hashlib
import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Literal, Self, cast

from marianne_operator.score.lint.findings import Finding, unread
from marianne_operator.score.refused import ScoreRefusedError
from marianne_runner.contract import CompiledScore

WALL_SECONDS: Final = 35.0
"""Longer than a child's own clock, so that it is heard as long as it can speak."""
AT_ONCE: Final = 2
"""Children; each may grow to its limit, and the operator lives beside them."""
TRIES: Final = 2
"""A child may have been killed for something that is not its score's fault."""
REMEMBERED: Final = 2 << 20
"""Characters of answers."""
Asked = Literal["compiled", "findings"]
"""What is to be told of a score, and by which name the answer has it."""
SERVER: Final = "marianne_operator.score.sandbox_server"

SILENT: Final = "the reader of scores died over this one, twice; make it smaller or simpler, then apply it again"
TOO_DEEP: Final = "the score is nested too deeply to be read"


class Sandbox:
    """An async context manager; any number of tasks may ask."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._answers = _Answers()

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    async def compile(self, source: str | Mapping[str, Any]) -> CompiledScore:
        """The compiled score, a copy of the caller's own.

        Raises `ScoreRefusedError`, also for whatever befalls the child, and `OSError` where no server can be started.
        """
        return cast(CompiledScore, await self._told("compiled", source))

    async def lint(self, text: str) -> list[Finding]:
        """What an author should know of the score; whatever befalls the child is a finding too.

        Raises `OSError` where no server can be started.
        """
        try:
            return [Finding(**found) for found in await self._told("findings", text)]
        except ScoreRefusedError as refused:
            return [unread(refused)]

    async def _told(self, asked: Asked, source: str | Mapping[str, Any]) -> Any:  # noqa: ANN401  (any JSON)
        try:
            question = json.dumps({"asked": asked, "score": source}).encode()
        except RecursionError as error:
            raise ScoreRefusedError("ScoreTooLarge", TOO_DEEP) from error
        digest = hashlib.sha256(question).digest()
        answer = self._answers.get(digest)
        if answer is None:
            async with self._slots:
                answer = await self._answer(question)
            self._answers.add(digest, answer)
        told = json.loads(answer)
        if "refused" in told:
            raise ScoreRefusedError(told["refused"], told["message"])
        return told[asked]

    async def _answer(self, question: bytes) -> str:
        for _ in range(TRIES):
            answer = await self._ask(question)
            if answer.endswith(b"\n"):
                return answer.decode()
        raise ScoreRefusedError("ScoreTooLarge", SILENT)

    async def _ask(self, question: bytes) -> bytes:
        """One line of JSON; anything else means that the child did not come to its end."""
        reader, writer = await asyncio.open_connection(sock=self._hand_over())
        try:
            async with asyncio.timeout(WALL_SECONDS):
                writer.write(question + b"\n")
                writer.write_eof()
                return await reader.read()
        except OSError:  # and so is a time-out
            return b""
        finally:
            writer.close()

    def _hand_over(self) -> socket.socket:
        """Our end of a socket whose other end a new child holds; a dead server is started again."""
        ours, theirs = socket.socketpair()
        with theirs:
            for _ in range(2):
                if self._server is None:
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
            command = [sys.executable, "-W", "ignore", "-m", SERVER, str(theirs.fileno())]
            # A group of its own: Ctrl-C in a terminal is for whoever asks; the server ends with its door.
            self._server = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, process_group=0
            )

    def _stop(self) -> None:
        if self._door is not None:
            self._door.close()
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self._door = self._server = None


class _Answers:
    """By digest of the question; the least lately used go first."""

    def __init__(self) -> None:
        self._held: collections.OrderedDict[bytes, str] = collections.OrderedDict()
        self._characters = 0

    def get(self, digest: bytes) -> str | None:
        answer = self._held.get(digest)
        if answer is not None:
            self._held.move_to_end(digest)
        return answer

    def add(self, digest: bytes, answer: str) -> None:
        """Kept unless it alone is more than may be held."""
        self._characters += len(answer) - len(self._held.pop(digest, ""))
        self._held[digest] = answer
        while self._characters > REMEMBERED:
            _, dropped = self._held.popitem(last=False)
            self._characters -= len(dropped)
