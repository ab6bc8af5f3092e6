"""One job, read no more often than it changes, and told to each reader from where it stands."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from marianne_api.read.job_feed import JobFeed
from marianne_api.read.roster import Entry
from marianne_api.read.snapshot import Snapshot
from marianne_api.read.timing import Timing
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId
from tests.apiserver.waiting import wait_for
from tests.unit.api_read.fake_server import NAMESPACE, FakeServer
from tests.unit.api_read.made import body, row, sheets
from tests.unit.api_read.streams import parsed

FAST = Timing(answer=0.3, retry=0.01, frame=0.0)


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.put("song", phase="Running")
    return made


@pytest.fixture
async def feed(server: FakeServer) -> AsyncIterator[JobFeed]:
    made = JobFeed(server.caller().connection, JobId(NAMESPACE, "song"), "team.song", FAST, asyncio.Semaphore(1))
    yield made
    made.close()


async def until_version(feed: JobFeed, version: int) -> None:
    async def there() -> bool:
        return feed.snapshot is not None and feed.snapshot.version == version

    await wait_for(f"version {version}", there)


async def test_what_was_read_already_is_not_read_again(feed: JobFeed, server: FakeServer) -> None:
    await feed.first()
    feed.look(Entry(row(), server.version))
    for _ in range(20):  # turns of the loop in which it could be read
        await asyncio.sleep(0)
    server.put("song", phase="Paused")
    feed.look(Entry(row(), server.version))
    await until_version(feed, server.version)
    assert server.asked == ["get", "get"]


async def test_the_end_of_an_earlier_namesake_is_not_the_job_s(feed: JobFeed, server: FakeServer) -> None:
    held = await feed.first()
    feed.look(Entry(row(uid="another"), held.version + 1, gone=True))
    assert feed.snapshot is not None
    assert not feed.snapshot.gone
    feed.look(Entry(row(), held.version + 2, gone=True))
    assert feed.snapshot.gone


async def test_a_job_that_is_not_found_any_more_was_deleted(feed: JobFeed, server: FakeServer) -> None:
    held = await feed.first()
    server.remove("song")
    feed.look(Entry(row(phase="Failed"), held.version), again=True)

    async def gone() -> bool:
        return feed.snapshot is not None and feed.snapshot.gone

    await wait_for("the deletion", gone)
    assert feed.snapshot is not None
    assert feed.snapshot.final == "failed"


async def test_a_job_that_never_was_is_refused(server: FakeServer) -> None:
    feed = JobFeed(server.caller().connection, JobId(NAMESPACE, "none"), "team.none", FAST, asyncio.Semaphore(1))
    with pytest.raises(ApiError) as refused:
        await feed.first()
    assert refused.value.status == 404
    feed.close()


async def test_a_server_that_does_not_answer(server: FakeServer) -> None:
    server.down = True
    feed = JobFeed(server.caller().connection, JobId(NAMESPACE, "song"), "team.song", FAST, asyncio.Semaphore(1))
    with pytest.raises(UnreachableError):
        await feed.first()
    server.down = False
    assert (await feed.first()).version == server.version
    feed.close()


async def test_each_reader_is_told_from_where_it_stands(feed: JobFeed) -> None:
    first, second, third = (
        Snapshot.of(body(version, phase="Running", sheets=sheets(*states)), "team.song")
        for version, states in (
            (1, ("pending", "pending")),
            (2, ("completed", "pending")),
            (3, ("completed", "failed")),
        )
    )

    def told(before: Snapshot) -> list[int]:
        return [cast(int, each.data["sheet_num"]) for each in parsed(feed.frames(before, third).decode())]

    assert told(first) == [1, 2]
    assert told(second) == [2]
    assert feed.frames(second, third) is feed.frames(second, third)


async def test_a_fault_of_ours_ends_it_instead_of_silence(feed: JobFeed, server: FakeServer) -> None:
    await feed.first()
    server.put("song", waiting={"message": "without its reason"})
    feed.look(Entry(row(), server.version))

    async def ended() -> bool:
        return feed.ended is not None

    await wait_for("the end", ended)
    assert isinstance(feed.ended, UnreachableError)
    with pytest.raises(KeyError):
        await feed._task
