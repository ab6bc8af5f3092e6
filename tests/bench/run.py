"""One case given to one contender, and what it took."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.apiserver.waiting import wait_for
from tests.bench.contenders import Contender
from tests.bench.figures import Figures, calls, cpu_seconds, gaps, quantile, resident_mb, writes
from tests.simulated_kubelet.api import Api

AT_ONCE: Final = 20
DEADLINE_SECONDS: Final = 300.0


@dataclass(slots=True)
class Sum:
    """Of all rounds of one contender in one case."""

    pods: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    finished: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    first_pod: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the measuring reads."""

    api: Api
    audit: Path
    kubelet_log: Path

    async def run(self, contender: Contender, name: str, count: int, length: int, total: Sum) -> None:
        """Submit `count` chains and wait until all have ended; adds to `total`."""
        audit_from, log_from = self.audit.stat().st_size, self.kubelet_log.stat().st_size
        cpu_before, begun = cpu_seconds(contender.pids), time.time()
        names = {f"{name}-{index}" for index in range(count)}
        async with asyncio.TaskGroup() as group:
            group.create_task(self._submit(contender, sorted(names), length))
            await asyncio.wait_for(self._until_done(contender, names, length), DEADLINE_SECONDS)
        total.seconds += time.time() - begun
        total.cpu += cpu_seconds(contender.pids) - cpu_before
        pods = await self._pods(names, count * length, log_from)
        total.pods += pods
        total.first_pod.append(min(pod["seen"] for pod in pods) - begun)
        total.calls += calls(_from(self.audit, audit_from), contender.user)
        total.finished += count

    async def _pods(self, names: set[str], count: int, log_from: int) -> list[dict[str, Any]]:
        """The kubelet's lines of these chains; it writes the last one just after everybody else knows."""

        async def all_there() -> list[dict[str, Any]] | None:
            lines = [json.loads(line) for line in _from(self.kubelet_log, log_from) if line.endswith("\n")]
            pods = [line for line in lines if line["chain"] in names]
            return pods if len(pods) >= count else None

        return await wait_for(f"{count} Pods in the kubelet's log", all_there)

    async def _submit(self, contender: Contender, names: list[str], length: int) -> None:
        for start in range(0, len(names), AT_ONCE):
            batch = names[start : start + AT_ONCE]
            posts = (self.api.post(contender.collection, contender.body(name, length)) for name in batch)
            await asyncio.gather(*posts)

    async def _until_done(self, contender: Contender, names: set[str], length: int) -> None:
        left = set(names)
        async for event in self.api.watch(contender.collection):
            if contender.done(event["object"], length):
                left.discard(event["object"]["metadata"]["name"])
                if not left:
                    return


def figures(contender: Contender, total: Sum) -> Figures:
    """Of all rounds together."""
    between, pods = gaps(total.pods), len(total.pods)
    return Figures(
        finished=total.finished,
        pods=pods,
        gap_p50_ms=quantile(between, 0.5) * 1000,
        gap_p99_ms=quantile(between, 0.99) * 1000,
        first_pod_ms=quantile(total.first_pod, 0.5) * 1000,
        pods_per_second=pods / total.seconds,
        jobs_per_second=total.finished / total.seconds,
        calls_per_pod=sum(total.calls.values()) / pods,
        writes_per_pod=writes(total.calls) / pods,
        cpu_ms_per_pod=total.cpu * 1000 / pods,
        rss_mb=resident_mb([contender.pid]),
        rss_with_children_mb=resident_mb(contender.pids),
    )


def _from(file: Path, offset: int) -> Iterator[str]:
    with file.open() as lines:
        lines.seek(offset)
        yield from lines
