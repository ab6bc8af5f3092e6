"""A verb as a process: its coroutine is run, and what it raises becomes one clear line and an exit code."""

import asyncio
import contextlib
import io
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator

from kubectl_marianne import exits
from kubectl_marianne.options import Options
from kubectl_marianne.output import complain
from marianne_client.errors import ApiError, UnknownIdError, UnreachableError
from marianne_client.kubeconfig import KubeconfigError


def ended(start: Callable[[], Awaitable[int]], options: Options) -> int:
    """The exit code. A pipe whose reader has left, as `head`, ends quietly."""

    async def whole() -> int:
        task = asyncio.current_task()
        if task is not None:  # as Ctrl-C: what was opened is closed, and the terminal given back
            for number in _heard(signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await start()

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe gets each line when it is said, and `?` for what the locale's encoding lacks.
        sys.stdout.reconfigure(line_buffering=True, errors="replace")
    try:
        code = asyncio.run(whole())
        sys.stdout.flush()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except asyncio.CancelledError:
        return exits.TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.ERROR
    except (ApiError, UnreachableError, UnknownIdError, KubeconfigError) as error:
        complain(told(error))
        if options.verbose:
            raise
        return exits.ERROR
    return code


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """While a person or a pipe is read from, signals end the program: the loop, which has them, stands still."""
    usual = {number: signal.getsignal(number) for number in _heard(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in usual:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def _heard(*numbers: signal.Signals) -> list[signal.Signals]:
    """Without those that whoever started this wants ignored, as `nohup` does."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def told(error: Exception) -> str:
    """The API server's words as kubectl passes them on."""
    match error:
        case ApiError():
            return f"Error from server ({error.reason or error.status}): {error.message}"
        case UnreachableError():
            return f"error: no answer from the API server: {error}"
        case UnknownIdError():
            return f"error: {str(error).partition('.')[2]!r} cannot be the name of a job"
        case _:
            return f"error: kubeconfig: {error}"
