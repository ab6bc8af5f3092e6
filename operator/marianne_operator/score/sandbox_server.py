"""The other end of the sandbox: a warm process that forks a child for every score.

Run as `python -m marianne_operator.score.sandbox_server FD`; it ends when the other end of that socket closes. A child
reads one line of JSON, `{"asked": …, "score": …}`, and answers with one: `{"compiled": …}` or `{"findings": […]}` as it
was asked, or `{"refused": reason, "message": …}`.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import socket
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from marianne_operator.score.compile import compile_source
from marianne_operator.score.lint.text import lint, warnings
from marianne_operator.score.refused import ScoreRefusedError

MEMORY: Final = 256 << 20
"""Bytes of address space. The largest scores that the loader lets pass take 150 MiB."""
CPU_SECONDS: Final = 5
"""The largest scores take 2.3 on a slow core."""
WALL_SECONDS: Final = 30
"""For a child that waits instead of working; many times the other, because processors are shared."""
LINTED: Final = 128 << 10
"""Characters of a score whose warnings the job tells: a larger one would need the time that it is compiled in."""


class _SpentError(BaseException):
    """The time is over; nothing but the edge of the child may catch this."""


def serve(door: socket.socket) -> None:
    """Hand every socket that comes through the door to a child of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps them
    gc.collect()
    gc.freeze()  # the children share these pages
    while True:
        _, sockets, _, _ = socket.recv_fds(door, 1, 1)
        if not sockets:
            return
        if os.fork() == 0:
            door.close()
            _child(sockets[0])
        os.close(sockets[0])


def _child(descriptor: int) -> NoReturn:
    """Never returns into the server's loop, whatever happens."""
    try:
        _limit()
        with socket.socket(fileno=descriptor) as caller, caller.makefile("rb") as lines:
            question = lines.read()
            if question.endswith(b"\n"):  # else the caller gave up in the middle
                caller.sendall(answer(question) + b"\n")
    finally:
        os._exit(0)


def _limit() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # the operator shares our memory limit: die first
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGXCPU, _spent)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WALL_SECONDS)


def _spent(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # there is one more second to say it in
    raise _SpentError


def answer(question: bytes) -> bytes:
    """What the caller is told of this score."""
    told: dict[str, Any]
    try:
        told = _answered(json.loads(question))
    except ScoreRefusedError as refused:
        told = {"refused": refused.reason, "message": refused.message}
    except RecursionError:
        told = {"refused": "ScoreTooLarge", "message": "the score is nested too deeply to be read"}
    except MemoryError:
        told = _too_much(f"{MEMORY >> 20} MiB of memory")
    except _SpentError:
        told = _too_much(f"{CPU_SECONDS} s of processor time")
    except Exception as error:  # the edge of the process: what was not foreseen is one score's trouble too
        traceback.print_exc()
        told = {"refused": "ScoreInvalid", "message": f"the score cannot be read: {type(error).__name__}: {error}"}
    return json.dumps(told, ensure_ascii=False).encode(errors="replace")


def _answered(read: dict[str, Any]) -> dict[str, Any]:
    if read["asked"] == "findings":
        return {"findings": [asdict(found) for found in lint(read["score"])]}
    written = read["score"]
    compiled = compile_source(written)
    if isinstance(written, str) and len(written) <= LINTED:
        compiled["warnings"] = warnings(lint(written))
    return {"compiled": compiled}


def _too_much(limit: str) -> dict[str, Any]:
    message = f"reading the score takes more than {limit}; make it smaller or simpler"
    return {"refused": "ScoreTooLarge", "message": message}


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
