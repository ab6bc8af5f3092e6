"""What a client of a stream hears, in which order, and that no other client is kept waiting."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from marianne_api.read.feed import Feed
from marianne_api.read.stream import job_stream, jobs_stream
from marianne_api.read.table_watch import Scope
from marianne_api.read.timing import Timing
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId
from tests.apiserver.waiting import wait_for
from tests.unit.api_read.fake_server import NAMESPACE, FakeServer
from tests.unit.api_read.made import sheets
from tests.unit.api_read.streams import Reader

FAST = Timing(answer=1.0, idle=0.05, rights=3600, retry=0.01, retry_at_most=0.02, frame=0.0, heartbeat=3600)
JOB = JobId(NAMESPACE, "a")


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.put("a", phase="Running", progress="0/2", sheets=sheets("in_progress", "pending"))
    made.put("b", phase="Running", progress="0/2")
    return made


async def started(server: FakeServer, timing: Timing = FAST) -> Feed:
    made = Feed(server.caller().connection, Scope(NAMESPACE), timing)
    made.start()
    await made.fresh()

    async def watching() -> bool:
        return server.watches == 1

    await wait_for("the watch", watching)
    return made


@pytest.fixture
async def feed(server: FakeServer) -> AsyncIterator[Feed]:
    made = await started(server)
    yield made
    made.close()


def all_jobs(feed: Feed, known: int = 0) -> Reader:
    return Reader(jobs_stream(feed, known, str, lambda: "now"))


async def test_a_job_from_its_state_to_its_end(feed: Feed, server: FakeServer) -> None:
    with feed.following(JOB, "team.a") as job:
        reader = Reader(job_stream(job, 0, lambda: "now"))
        first = await reader.until("sheet")
        assert [told.name for told in first] == ["job_status", "sheet"]
        assert (first[0].data["status"], first[-1].id) == ("running", "11")
        server.put("a", progress="1/2", sheets=sheets("completed", "in_progress"))
        heard = await reader.until("sheet", sheet_num=2)
        assert [told.data["status"] for told in heard if told.name == "sheet"] == ["completed", "in_progress"]
        server.put("a", phase="Completed", progress="2/2", sheets=sheets("completed", "completed"))
        last = await reader.rest()
    assert [told.name for told in last] == ["job_status", "sheet", "job_finished"]
    assert last[-1].data == {"job_id": "team.a", "final_status": "completed"}
    assert last[-1].id == str(server.version)


async def test_a_deleted_job(feed: Feed, server: FakeServer) -> None:
    with feed.following(JOB, "team.a") as job:
        reader = Reader(job_stream(job, 0, lambda: "now"))
        await reader.until("sheet")
        server.remove("a")
        assert [told.name for told in await reader.rest()] == ["job_deleted"]


async def test_a_reader_that_comes_back_hears_the_state_alone_if_it_missed_nothing(feed: Feed) -> None:
    with feed.following(JOB, "team.a") as job:
        await job.first()
        reader = Reader(job_stream(job, 11, lambda: "now"))
        await reader.until("job_status")
        job.tell(trouble="away")
        assert [told.name for told in await reader.until("error")] == ["error"]


async def test_a_reader_that_missed_something_hears_all(feed: Feed, server: FakeServer) -> None:
    with feed.following(JOB, "team.a") as job:
        await job.first()
        assert len(await Reader(job_stream(job, 10, lambda: "now")).until("sheet")) == 2


async def test_the_job_is_read_once_for_all_its_streams(feed: Feed, server: FakeServer) -> None:
    with feed.following(JOB, "team.a") as one, feed.following(JOB, "team.a") as other:
        readers = [Reader(job_stream(job, 0, lambda: "now")) for job in (one, other) for _ in range(3)]
        for reader in readers:
            await reader.until("sheet")
        server.put("a", phase="Failed")
        server.put("b", phase="Failed")
        for reader in readers:
            assert (await reader.rest())[-1].data["final_status"] == "failed"
    assert server.asked.count("get") == 2


async def test_a_final_state_during_an_outage_is_not_lost(feed: Feed, server: FakeServer) -> None:
    with feed.following(JOB, "team.a") as job:
        reader = Reader(job_stream(job, 0, lambda: "now"))
        await reader.until("sheet")
        server.down = True
        server.cut(UnreachableError("reset"))
        trouble = await reader.until("error")
        assert trouble[-1].data == {"status": 503, "detail": "Conductor unavailable", "final": False}
        server.put("a", phase="Completed", progress="2/2")
        server.down = False
        assert (await reader.rest())[-1].data == {"job_id": "team.a", "final_status": "completed"}


async def test_sheets_that_changed_during_an_outage_are_told_though_the_row_is_the_same(
    feed: Feed, server: FakeServer
) -> None:
    with feed.following(JOB, "team.a") as job:
        reader = Reader(job_stream(job, 0, lambda: "now"))
        await reader.until("sheet")
        server.put("a", progress="1/2")
        await reader.until("job_status", completed_sheets=1)
        server.down = True
        server.cut(UnreachableError("reset"))
        await reader.until("error")
        server.put("a", sheets=sheets("in_progress", "failed"))
        server.down = False
        assert (await reader.until("sheet"))[-1].data["status"] == "failed"


async def test_a_version_that_is_gone_is_no_outage(feed: Feed, server: FakeServer) -> None:
    reader = all_jobs(feed)
    await reader.until("connected")
    listening = asyncio.create_task(reader.until("job"))
    server.say(json.dumps({"type": "ERROR", "object": {"code": 410, "message": "too old"}}))

    async def watching_again() -> bool:
        return server.asked.count("list") == 2 and server.watches == 1

    await wait_for("the watch", watching_again)
    server.put("c")
    assert [told.name for told in await listening] == ["job"]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_stream_whose_right_is_gone_ends_with_the_server_s_words(
    feed: Feed, server: FakeServer, status: int
) -> None:
    with feed.following(JOB, "team.a") as job:
        one, other = Reader(job_stream(job, 0, lambda: "now")), all_jobs(feed)
        await one.until("sheet")
        await other.until("connected")
        server.cut(ApiError(status, "Forbidden", "its own words"))
        for reader in (one, other):
            last = (await reader.rest())[-1]
            assert (last.name, last.data) == ("error", {"status": status, "detail": "its own words", "final": True})


async def test_silence_is_filled_with_heartbeats(server: FakeServer) -> None:
    assert Timing().heartbeat <= 15
    feed = await started(server, Timing(heartbeat=0.01))
    with feed.following(JOB, "team.a") as job:
        heard = await Reader(job_stream(job, 0, lambda: "now")).until("heartbeat")
        assert heard[-1].data == {"timestamp": "now", "connected": True}
    assert (await all_jobs(feed).until("heartbeat"))[-1].name == "heartbeat"
    feed.close()


async def test_all_jobs_from_now_on(feed: Feed, server: FakeServer) -> None:
    reader = all_jobs(feed)
    first = await reader.until("connected")
    assert first[-1].data == {"version": "12", "jobs": 2}
    server.put("c", phase="Pending")
    assert (await reader.until("job"))[-1].data["job_id"] == "team.c"
    server.remove("a")
    heard = await reader.until("job_deleted")
    assert (heard[-1].data, heard[-1].id) == ({"job_id": "team.a"}, "14")


async def test_all_jobs_from_the_version_that_the_reader_knows(feed: Feed, server: FakeServer) -> None:
    server.put("a", phase="Completed")
    server.put("b", phase="Failed")

    async def heard() -> bool:
        return feed.roster.version == 14

    await wait_for("both", heard)
    told = await all_jobs(feed, 13).until("job")
    assert [each.data.get("job_id") for each in told if each.name == "job"] == ["team.b"]
    assert (await all_jobs(feed, 3).until("resync"))[-1].id == "14"
    assert (await all_jobs(feed, 99).until("resync"))[-1].id == "14"


async def test_a_slow_reader_hears_the_newest_of_each_job_and_keeps_nobody_waiting(
    feed: Feed, server: FakeServer
) -> None:
    slow, quick = all_jobs(feed), all_jobs(feed)
    await slow.until("connected")
    await quick.until("connected")
    for step in range(1, 301):
        server.put("a", progress=f"{step}/1000")
        server.put("b", progress=f"{step}/1000")
        await quick.until("job", job_id="team.b", completed_sheets=step)
    told = await slow.until("job", job_id="team.b")
    assert [(each.data["job_id"], each.data["completed_sheets"]) for each in told] == [("team.a", 300), ("team.b", 300)]


async def test_changes_are_gathered_between_two_frames(server: FakeServer) -> None:
    feed = await started(server, Timing(frame=0.5, heartbeat=3600))
    reader = all_jobs(feed)
    await reader.until("connected")
    listening = asyncio.create_task(reader.until("job", completed_sheets=20))
    for step in range(1, 21):
        server.put("a", progress=f"{step}/50")
        while feed.roster.version < server.version:
            await asyncio.sleep(0)
    assert len(await listening) == 2
    feed.close()
