"""`python -m tests.bench.api_streams`: one change of a job to the streams of many readers.

Beside it, in the same run and in turns, the floor: a process that writes the same bytes to as many connections and
does nothing else. Each identity has eight streams, as the limits allow, and one watch; the reader of all streams is
this process, which only takes the time.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.apiserver.api_process import token_of
from tests.apiserver.install import TREE
from tests.apiserver.waiting import wait_for
from tests.bench.api_world import NAMESPACE, SHEETS, World, fill, set_status, world
from tests.bench.figures import cpu_seconds, quantile, resident_mb

EACH: Final = 8
JOB: Final = "job-00000"
PAUSE_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 20.0


@dataclass(slots=True)
class Readers:
    """Of one server: when each heard of the newest change, and what all changes took."""

    pid: int
    count: int
    at: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    cpu: float = 0.0
    all_there: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self) -> None:
        """By one of them."""
        self.at.append(time.perf_counter())
        if len(self.at) >= self.count:
            self.all_there.set()

    async def open(self, requests: list[bytes], port: int) -> None:
        """Returns when all have heard the first state."""
        loop = asyncio.get_running_loop()
        for request in requests:
            await loop.create_connection(lambda ask=request: Reader(ask, self), "127.0.0.1", port)
        await asyncio.wait_for(self.all_there.wait(), PATIENCE_SECONDS)

    async def hear(self, change: Callable[[], Awaitable[None]]) -> None:
        """One change, measured."""
        await asyncio.sleep(PAUSE_SECONDS)
        self.at, cpu = [], cpu_seconds([self.pid])
        self.all_there.clear()
        begun = time.perf_counter()
        await change()
        await asyncio.wait_for(self.all_there.wait(), PATIENCE_SECONDS)
        self.taken += [at - begun for at in self.at]
        self.cpu += cpu_seconds([self.pid]) - cpu

    def figures(self) -> dict[str, float]:
        """Milliseconds."""
        return {
            "a stream, p50, ms": quantile(self.taken, 0.5) * 1000,
            "a stream, p99, ms": quantile(self.taken, 0.99) * 1000,
            "CPU for each delivery, ms": self.cpu * 1000 / len(self.taken),
            "RSS, MB": resident_mb([self.pid]),
        }


class Reader(asyncio.Protocol):
    """One stream, as cheap as can be: it counts the events that tell the job's state."""

    def __init__(self, request: bytes, readers: Readers) -> None:
        self._request, self._readers = request, readers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """A frame."""
        if b"event: job_status" in data:
            self._readers.heard()


async def measure(streams: int) -> None:
    """Prints the figures."""
    async with world() as made:
        await fill(made.api, 1)
        names = [f"reader-{number}" for number in range(-(-streams // EACH))]
        tokens = [await _known_token(made, name) for name in names]
        ours = Readers(made.process.pid, streams)
        await ours.open([_request(made, tokens[number // EACH]) for number in range(streams)], made.process.port)
        with subprocess.Popen(
            [sys.executable, "-m", "tests.bench.bare_streams"], stdin=-1, stdout=-1, text=True, cwd=TREE
        ) as bare:
            assert bare.stdin is not None
            assert bare.stdout is not None
            floor = Readers(bare.pid, streams)
            await floor.open([b""] * streams, int(bare.stdout.readline()))

            async def nudge() -> None:
                print(file=bare.stdin, flush=True)

            for change in range(1, SHEETS + 1):
                await ours.hear(lambda completed=change: set_status(made.api, JOB, completed))
                await floor.hear(nudge)
            print(f"{SHEETS} changes to {streams} streams of {len(names)} identities")
            _print(floor.figures(), ours.figures())
            bare.stdin.close()


def _print(floor: dict[str, float], ours: dict[str, float]) -> None:
    print(f"{'':<28} {'floor':>10} {'API':>10} {'ratio':>8}")
    for label, value in ours.items():
        print(f"{label:<28} {floor[label]:>10.2f} {value:>10.2f} {value / floor[label]:>8.1f}")


async def _known_token(made: World, name: str) -> str:
    """The API asks about so many new tokens of one address only bit by bit."""
    token = await token_of(made.api, NAMESPACE, name, "cluster-admin")

    async def accepted() -> bool:
        async with made.process.client(token) as client:
            return (await client.get("/api/jobs", params={"namespace": NAMESPACE})).status_code == 200

    await wait_for(f"{name} to be let in", accepted)
    return token


def _request(made: World, token: str) -> bytes:
    lines = (
        f"GET /api/jobs/{NAMESPACE}.{JOB}/stream HTTP/1.1",
        f"Host: 127.0.0.1:{made.process.port}",
        f"Authorization: Bearer {token}",
    )
    return "\r\n".join((*lines, "", "")).encode()


def main() -> int:
    """How many."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.api_streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=400)
    asyncio.run(measure(parser.parse_args().streams))
    return 0


if __name__ == "__main__":
    sys.exit(main())
