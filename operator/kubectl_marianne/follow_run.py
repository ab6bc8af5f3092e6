"""What `run` does once the job is made: watch it, print its logs, or just wait; the job's ending is the exit code."""

import asyncio
import contextlib
from dataclasses import dataclass

from kubectl_marianne import exits
from kubectl_marianne.awaiting import await_job
from kubectl_marianne.lines import line
from kubectl_marianne.log_lines import LogStyle, print_log
from kubectl_marianne.output import complain, show
from kubectl_marianne.session import Session
from kubectl_marianne.waits import wait_for
from kubectl_marianne.watch import watch_job
from marianne_client.follow import Wanted, follow
from marianne_client.identity import JobId


@dataclass(frozen=True, slots=True)
class Follow:
    """What was asked for; waiting is a part of each."""

    watch: bool
    wait: bool
    logs: bool
    timeout_seconds: float | None

    @property
    def wanted(self) -> bool:
        """Any of it."""
        return self.watch or self.wait or self.logs


async def follow_run(opened: Session, job: JobId, how: Follow) -> int:
    """The exit code; the job goes on where this gives up or is interrupted, and the way back to it is told."""
    try:
        async with asyncio.timeout(how.timeout_seconds):
            if how.watch:
                return await watch_job(opened, job)
            if how.logs:
                return await _with_logs(opened, job)
            return await wait_for(opened, [job], "completed", None)
    except TimeoutError:
        complain(f"error: {job.name} has not ended within the time-out; it goes on")
        return exits.TIMED_OUT
    except asyncio.CancelledError:
        complain(f"{job.name} goes on: kubectl marianne status {job.name} -n {job.namespace} -w")
        raise


async def _with_logs(opened: Session, job: JobId) -> int:
    """Logs while it lasts. Those of a paused job have no end of their own: there the wait ends them."""
    printing = asyncio.create_task(_print(opened, job))
    waiting = asyncio.create_task(await_job(opened.connection, job, "completed"))
    try:
        await asyncio.wait({printing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if printing.done():
            printing.result()
        found = await waiting
        if found.code != exits.PAUSED:
            await printing
    finally:
        for task in (printing, waiting):
            task.cancel()
        await asyncio.gather(printing, waiting, return_exceptions=True)
    show([line(f"{job.name}: {found.told}")], opened.screen)
    return found.code


async def _print(opened: Session, job: JobId) -> None:
    async with contextlib.aclosing(follow(opened.connection, job, Wanted())) as lines:
        await print_log(opened, job, lines, LogStyle())
