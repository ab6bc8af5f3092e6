"""`python -m tests.bench.api_hub`: a list of jobs through the API's hub, beside the plain LIST that it spares.

Both in one run on the same API server; what else the machine does meets both.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import httpx

from marianne_client.connection import TABLE
from tests.bench.api_world import NAMESPACE, World, fill, world
from tests.bench.figures import quantile, resident_mb
from tests.simulated_kubelet.api import jobs_path

ROUNDS = 7
PAGE = 100


async def measure(count: int) -> None:
    """Prints the figures."""
    async with world() as made:
        await fill(made.api, count)
        plain, plain_bytes = await _listing(made, {})
        table, table_bytes = await _listing(made, {"Accept": TABLE}, "?includeObject=None")
        before = resident_mb([made.process.pid])
        async with made.process.client(made.token) as client:
            first = await _timed(lambda: _page(client, count))
            held = resident_mb([made.process.pid]) - before
            pages = [await _timed(lambda: _page(client, count)) for _ in range(ROUNDS)]
            searches = [await _timed(lambda: _page(client, 1, q=f"job-{count // 2:05}")) for _ in range(ROUNDS)]
    page, search = quantile(pages, 0.5), quantile(searches, 0.5)
    print(f"{count} jobs of 12 sheets                   seconds    of plain LIST         MB    of plain LIST")
    print(f"plain LIST                              {plain:>9.3f} {1:>16.3f} {plain_bytes / 1e6:>10.2f}")
    print(
        f"LIST as table without objects           {table:>9.3f} {table / plain:>16.3f} {table_bytes / 1e6:>10.2f}"
        f" {table_bytes / plain_bytes:>16.3f}"
    )
    print(f"hub, first page of {PAGE} (starts the watch) {first:>8.3f} {first / plain:>16.3f}")
    print(f"hub, any later page                     {page:>9.3f} {page / plain:>16.3f}")
    print(f"hub, a search                           {search:>9.3f} {search / plain:>16.3f}")
    print(f"memory of the hub                       {'':>9} {'':>16} {held:>10.2f}")


async def _listing(made: World, headers: dict[str, str], query: str = "") -> tuple[float, int]:
    """The best of three: (seconds, bytes)."""
    taken, size = [], 0
    for _ in range(3):
        begun = time.perf_counter()
        async with made.api.session.get(made.api.server + jobs_path(NAMESPACE) + query, headers=headers) as answer:
            size = len(await answer.read())
        taken.append(time.perf_counter() - begun)
    return min(taken), size


async def _timed(call: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await call()
    return time.perf_counter() - begun


async def _page(client: httpx.AsyncClient, total: int, **query: str) -> None:
    answer = await client.get("/api/jobs", params={"namespace": NAMESPACE, "limit": PAGE, **query})
    if answer.json()["total"] != total:
        raise RuntimeError(f"{answer.status_code}: {answer.text[:200]}")


def main() -> int:
    """How many jobs."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.api_hub", description=__doc__)
    parser.add_argument("jobs", type=int, nargs="?", default=5000)
    asyncio.run(measure(parser.parse_args().jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
