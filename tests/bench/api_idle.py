"""`python -m tests.bench.api_idle`: what the API takes and asks while nobody wants anything of it."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

from tests.apiserver.api_process import user_name
from tests.bench.api_world import NAMESPACE, fill, world
from tests.bench.figures import cpu_seconds, resident_mb


async def measure(seconds: float) -> None:
    """Prints the figures."""
    async with world() as made:
        await fill(made.api, 1)
        log, user = made.plane.audit_log, user_name(NAMESPACE, "reader")
        print(f"{'':<28} {'RSS, MB':>8} {'CPU, ms/s':>10}  requests in {seconds:.0f} s")
        await _idle("nobody was ever there", made.process.pid, log, user, seconds)
        async with made.process.client(made.token) as client:
            await client.get("/api/jobs", params={"namespace": NAMESPACE})
            async with client.stream("GET", f"/api/jobs/{NAMESPACE}.job-00000/stream") as answer:
                await anext(answer.aiter_bytes())
                await _idle("one stream is open", made.process.pid, log, user, seconds)


async def _idle(what: str, pid: int, log: Path, user: str, seconds: float) -> None:
    offset, cpu = log.stat().st_size, cpu_seconds([pid])
    await asyncio.sleep(seconds)
    used = (cpu_seconds([pid]) - cpu) * 1000 / seconds
    with log.open() as lines:
        lines.seek(offset)
        entries = [json.loads(line) for line in lines]
    asked = Counter(f"{each['verb']} {each['objectRef']['resource']}" for each in entries if _of(each, user))
    print(f"{what:<28} {resident_mb([pid]):>8.1f} {used:>10.2f}  {dict(asked) or 'none'}")


def _of(entry: dict[str, object], user: str) -> bool:
    told = entry["user"]
    return isinstance(told, dict) and told["username"] == user and entry["stage"] == "ResponseComplete"


def main() -> int:
    """For how long."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.api_idle", description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    asyncio.run(measure(parser.parse_args().seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
