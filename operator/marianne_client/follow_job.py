"""One job's newest state, kept by a watch for all who wait for something to become true of it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId
from marianne_operator.model.names import pod_name
from marianne_operator.model.status import ACTIVE, TERMINAL

T = TypeVar("T")
WATCH_SECONDS: Final = 60
"""Each watch is asked to end by then, so that one whose connection died in silence is missed soon."""
PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0)
"""Seconds between tries when the API server does not answer; after the last one, nobody waits any longer."""
GONE: Final = 410


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
    def of(cls, body: Mapping[str, Any], *, deleted: bool = False) -> "JobNow":
        """From the API's object, or from its last one."""
        meta, status = body["metadata"], body.get("status") or {}
        sheets = (SheetNow.of(item) for item in status.get("sheets") or ())
        over = deleted or "completionTime" in status or status.get("phase") == "Refused"
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
        self._changed = asyncio.Condition()

    async def until(self, satisfied: Callable[[JobNow], bool]) -> JobNow:
        """The first version, of those that were not overtaken, of which it is true."""
        async with self._changed:
            while self._now is None or not satisfied(self._now):
                await self._changed.wait()
            return self._now

    async def run(self) -> None:
        """Until the job is deleted, or followed by another of its name.

        Raises `ApiError` for a refusal, and `UnreachableError` where the API server stays away.
        """
        failures = 0
        while True:
            try:
                body = await self._connection.get(paths.job(self._job.namespace, self._job.name))
                failures = 0
                if await self._note(body) or await self._watch(body["metadata"]["resourceVersion"]):
                    return
                await asyncio.sleep(PAUSES[0])
            except ApiError as error:
                if error.status == GONE:
                    await asyncio.sleep(PAUSES[0])
                elif error.status == 404 and self._now is not None:
                    await self._end()
                    return
                else:
                    raise
            except UnreachableError:
                if failures == len(PAUSES):
                    raise
                await asyncio.sleep(PAUSES[failures])
                failures += 1

    async def _watch(self, version: str) -> bool:
        """True when the job has gone; False where the watch ended otherwise: the next look tells what was missed."""
        async with self._connection.lines(
            paths.jobs(self._job.namespace),
            idle_seconds=WATCH_SECONDS + 15,
            watch=True,
            fieldSelector=f"metadata.name={self._job.name}",
            resourceVersion=version,
            timeoutSeconds=WATCH_SECONDS,
        ) as lines:
            async for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return False
                if await self._note(event["object"], deleted=event["type"] == "DELETED"):
                    return True
        return False

    async def _note(self, body: Mapping[str, Any], *, deleted: bool = False) -> bool:
        """True when it is the last version of this very job."""
        if self._now is not None and self._now.uid != body["metadata"]["uid"]:
            await self._end()
            return True
        await self._set(JobNow.of(body, deleted=deleted))
        return deleted

    async def _end(self) -> None:
        """It has gone while nobody looked: what was known of it last stands."""
        if self._now is not None:
            await self._set(JobNow(self._now.name, self._now.uid, True, self._now.sheets))

    async def _set(self, now: JobNow) -> None:
        async with self._changed:
            self._now = now
            self._changed.notify_all()
