"""Health from facts, over real HTTP."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from marianne_operator.control.health import Facts, HealthServer

FACTS = {
    "waits for the Lease": (Facts(False, 0, 0), 200, 503),
    "conducts": (Facts(True, 1, 1), 200, 200),
    "the queue stands still": (Facts(True, 60, 0), 503, 503),
    "the watch is silent": (Facts(True, 0, 60), 503, 503),
}


class Stage:
    def __init__(self) -> None:
        self.facts = Facts(True, 0, 0)
        self.server = HealthServer(lambda: self.facts, lambda: b"marianne_build 1.0\n", 0)

    async def get(self, path: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.server.port}{path}") as answer,
        ):
            return answer.status, await answer.text()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await stage.server.start()
    yield stage
    await stage.server.stop()


@pytest.mark.parametrize("case", FACTS)
async def test_alive_and_ready(stage: Stage, case: str) -> None:
    stage.facts, alive, ready = FACTS[case]
    assert (await stage.get("/healthz"))[0] == alive
    code, told = await stage.get("/readyz")
    assert code == ready and "oldestQueueItemSeconds" in told


async def test_figures(stage: Stage) -> None:
    assert await stage.get("/metrics") == (200, "marianne_build 1.0\n")
