"""Judges a run from outside: every version of its objects, by its own watches, and what instruments left on disk."""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.apiserver.jobs import performances
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, Body, jobs_path, pods_path
from tests.simulated_kubelet.script import attempt_of

TERMINAL = frozenset({"completed", "failed", "skipped", "cancelled"})


class Referee:
    """Watches one namespace from enter to exit."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self._namespace = api, namespace
        self.jobs: dict[str, list[Body]] = {}
        """Every version of each job, in order."""
        self.pods: dict[str, Body] = {}
        """Every Pod that ever was, by UID, as it was when it was made."""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._watch_jobs()), asyncio.create_task(self._watch_pods())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch_jobs(self) -> None:
        async for event in self._api.watch(jobs_path(self._namespace)):
            job = event["object"]
            self.jobs.setdefault(job["metadata"]["name"], []).append(job)

    async def _watch_pods(self) -> None:
        async for event in self._api.watch(pods_path(self._namespace)):
            self.pods.setdefault(event["object"]["metadata"]["uid"], event["object"])

    async def has_seen(self, name: str, status: Body) -> None:
        """Returns when its watches have come to this status."""

        async def seen() -> bool:
            return name in self.jobs and self._last(name) == status

        await wait_for(f"the referee to see how {name} is", seen)

    def performed(self, workspace: Path) -> Counter[tuple[int, int]]:
        """How often an instrument was started, by (sheet, attempt); starts outside a known Pod raise `KeyError`."""
        return Counter(attempt_of(self.pods[uid]) for _, uid in performances(workspace))

    def check(self, name: str, workspace: Path) -> None:
        """What must hold of every run, whatever happened to it."""
        twice = {attempt: count for attempt, count in self.performed(workspace).items() if count > 1}
        assert not twice, f"attempts performed more than once: {twice}"
        self._no_attempt_is_lost(name, workspace)
        self._history_only_grows(name)
        self._intent_comes_first(name)

    def _no_attempt_is_lost(self, name: str, workspace: Path) -> None:
        sheets = {each["num"]: each for each in self._last(name)["sheets"]}
        for sheet, attempt in self.performed(workspace):
            assert sheets[sheet]["attempt"] >= attempt, f"attempt {attempt} of sheet {sheet} is in no status"

    def _history_only_grows(self, name: str) -> None:
        for before, after in zip(self._statuses(name), self._statuses(name)[1:], strict=False):
            assert after.get("run", 1) >= before.get("run", 1)
            for old, new in zip(before.get("sheets", ()), after.get("sheets", ()), strict=False):
                assert new["attempt"] >= old["attempt"], f"{old} became {new}"
                if old["state"] in TERMINAL and before["run"] == after["run"]:
                    assert new == old, f"{old} became {new}"

    def _intent_comes_first(self, name: str) -> None:
        """Before a Pod is made, a status says so."""
        for pod in self.pods.values():
            if pod["metadata"]["labels"].get("marianne.dev/job") == name:
                assert self._intended(name, pod), f"Pod {pod['metadata']['name']} was never intended"

    def _intended(self, name: str, pod: Body) -> bool:
        sheet, _ = attempt_of(pod)
        made = int(pod["metadata"]["resourceVersion"])
        for job in self.jobs[name]:
            sheets = job.get("status", {}).get("sheets", ())
            earlier = int(job["metadata"]["resourceVersion"]) < made
            if earlier and [each.get("podName") for each in sheets[sheet - 1 : sheet]] == [pod["metadata"]["name"]]:
                return True
        return False

    def _statuses(self, name: str) -> list[Body]:
        return [each.get("status") or {} for each in self.jobs[name]]

    def _last(self, name: str) -> Body:
        return self._statuses(name)[-1]
