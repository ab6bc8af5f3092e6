"""A verb as a process: its coroutine is run, and what it raises becomes one clear line and an exit code."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from kubectl_marianne import exits
from kubectl_marianne.options import Options
from kubectl_marianne.output import complain
from marianne_client.errors import ApiError, UnknownIdError, UnreachableError
from marianne_client.kubeconfig import KubeconfigError


def ended(start: Callable[[], Awaitable[int]], options: Options) -> int:
    """The exit code. A pipe whose reader has left, as `head`, ends quietly."""

    async def whole() -> int:
        task = asyncio.current_task()
        if task is not None:  # SIGTERM as Ctrl-C: what was opened is closed, and the terminal given back
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await start()

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
