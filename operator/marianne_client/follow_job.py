"""One job's newest state, kept by a watch for all who wait for something to become true of it."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from marianne_client.job_versions import job_versions
from marianne_operator.model.names import pod_name
from marianne_operator.model.status import ACTIVE, TERMINAL


@dataclass(frozen=True, slots=True)
class SheetNow:
    """What following needs of a sheet."""

    num: int
    attempt: int
    state: str
    tails: tuple[str, ...] = ()
    """Of the newest attempt's output and of its errors, once it is over."""

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "SheetNow":
        """From one item of `status.sheets`."""
        tails = (item.get("stdoutTail"), item.get("stderrTail"))
        return cls(item["num"], item.get("attempt", 0), item["state"], tuple(each for each in tails if each))

    def over(self, attempt: int) -> bool:
        """That attempt has ended, and its end is accounted for."""
        return self.attempt > attempt or (self.attempt == attempt and self.state not in ACTIVE)


@dataclass(frozen=True, slots=True)
class JobNow:
    """A version of a job. `over`: nothing of it runs, or will, unless somebody restarts it."""

    name: str
    uid: str
    over: bool
    sheets: Mapping[int, SheetNow] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "JobNow":
        """From the API's object."""
        meta, status = body["metadata"], body.get("status") or {}
        sheets = (SheetNow.of(item) for item in status.get("sheets") or ())
        over = "completionTime" in status or status.get("phase") == "Refused"
        return cls(meta["name"], meta["uid"], over, {sheet.num: sheet for sheet in sheets})

    def pod(self, sheet: int, attempt: int) -> str:
        """The name of that attempt's Pod, whether it is there or not."""
        return pod_name(self.name, self.uid, sheet, attempt)

    def settled(self, sheet: int) -> bool:
        """No further attempt of it is to come."""
        found = self.sheets.get(sheet)
        return self.over or found is None or found.state in TERMINAL

    def began(self, sheet: int, attempt: int) -> bool:
        """There is or was such an attempt."""
        found = self.sheets.get(sheet)
        return found is not None and found.attempt >= attempt

    def over_for(self, sheet: int, attempt: int) -> bool:
        """That attempt has ended, or will never be told of any more."""
        found = self.sheets.get(sheet)
        return self.over or found is None or found.over(attempt)

    def performing(self, sheet: int, attempt: int) -> bool:
        """That attempt's container was started, so its Pod has a log; it may be over meanwhile."""
        found = self.sheets.get(sheet)
        started = found is not None and found.attempt == attempt and found.state == "in_progress"
        return started or self.over_for(sheet, attempt)


async def job_now(connection: Connection, job: JobId) -> JobNow:
    """The job as it is. Raises `ApiError` and `UnreachableError`."""
    return JobNow.of(await connection.get(paths.job(job.namespace, job.name)))


class JobWatch:
    """`run` keeps it up to date; `until` waits."""

    def __init__(self, connection: Connection, job: JobId) -> None:
        self._connection, self._job = connection, job
        self._now: JobNow | None = None
        self._changed = asyncio.Event()

    async def until(self, satisfied: Callable[[JobNow], bool]) -> JobNow:
        """The first version, of those that were not overtaken, of which it is true."""
        while self._now is None or not satisfied(self._now):
            await self._changed.wait()
        return self._now

    async def run(self) -> None:
        """Until the job is deleted, or followed by another of its name. Raises what `job_versions` raises."""
        async with contextlib.aclosing(job_versions(self._connection, self._job)) as versions:
            async for body in versions:
                if body is None:
                    self._end()
                    return
                self._set(JobNow.of(body))

    def _end(self) -> None:
        """What was known of it last stands."""
        if self._now is None:
            raise ApiError(404, "NotFound", f'mariannejobs.marianne.dev "{self._job.name}" not found')
        self._set(replace(self._now, over=True))

    def _set(self, now: JobNow) -> None:
        self._now, changed, self._changed = now, self._changed, asyncio.Event()
        changed.set()
