"""What lies between a log and its reader is bounded, in lines and in characters."""

import asyncio

from marianne_client.follow_backlog import CHARACTERS, Backlog
from marianne_client.follow_pod import LogLine


def line(text: str) -> LogLine:
    return LogLine(1, 1, "pod", text, None, "pod", initial=False)


async def put_all(backlog: Backlog, lines: list[LogLine]) -> None:
    for each in lines:
        await backlog.put(each)


async def passed(backlog: Backlog, lines: list[LogLine]) -> list[int]:
    """How many lines were there each time that somebody took them."""
    putting = asyncio.create_task(put_all(backlog, lines))
    putting.add_done_callback(lambda _: backlog.stir())
    counts, taken = [], []
    async with asyncio.timeout(10):
        while (some := backlog.take()) or not putting.done():
            if some:
                counts.append(len(some))
                taken += some
            else:
                await backlog.wait()
    assert taken == lines
    return counts


async def test_so_many_lines_and_no_more() -> None:
    counts = await passed(Backlog(10), [line(str(num)) for num in range(95)])
    assert max(counts) == 10
    assert len(counts) == 10


async def test_long_lines_are_fewer() -> None:
    counts = await passed(Backlog(100), [line("x" * (CHARACTERS // 2)) for _ in range(9)])
    assert max(counts) == 2


async def test_those_who_wait_are_let_in_one_by_one() -> None:
    backlog = Backlog(2)
    putting = [asyncio.create_task(backlog.put(line(str(num)))) for num in range(6)]
    texts = []
    async with asyncio.timeout(10):
        while len(texts) < 6:
            await backlog.wait()
            taken = backlog.take()
            assert len(taken) <= 2
            texts += [each.text for each in taken]
    await asyncio.gather(*putting)
    assert texts == [str(num) for num in range(6)]
