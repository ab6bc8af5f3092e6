"""One watch and its readers, on an API server that fails as it likes."""

import json
from collections.abc import AsyncIterator

import pytest

from marianne_api.read.feed import Feed
from marianne_api.read.table_watch import Scope, list_rows
from marianne_api.read.timing import Timing
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError
from tests.apiserver.waiting import wait_for
from tests.unit.api_read.fake_server import NAMESPACE, FakeServer

FAST = Timing(answer=0.3, idle=0.05, rights=3600, retry=0.01, retry_at_most=0.02, frame=0.0, heartbeat=3600)


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.put("a", phase="Running", progress="1/4")
    made.put("b", phase="Running", progress="0/2")
    return made


@pytest.fixture
async def feed(server: FakeServer) -> AsyncIterator[Feed]:
    made = Feed(server.caller().connection, Scope(NAMESPACE), FAST)
    made.start()
    await made.fresh()
    await wait_for("the watch", lambda: watching(server))
    yield made
    made.close()


async def watching(server: FakeServer) -> bool:
    return server.watches == 1


async def phases(feed: Feed, expected: dict[str, str]) -> None:
    async def same() -> bool:
        return {row.name: row.phase for row in feed.roster.rows} == expected

    await wait_for(f"{expected}", same)


async def test_it_lists_once_and_then_only_watches(feed: Feed, server: FakeServer) -> None:
    await phases(feed, {"a": "Running", "b": "Running"})
    server.put("b", phase="Completed")
    server.put("c", phase="Pending")
    server.remove("a")
    await phases(feed, {"b": "Completed", "c": "Pending"})
    assert server.asked == ["list", "watch 12"]


async def test_a_watch_that_ends_is_gone_on_with(feed: Feed, server: FakeServer) -> None:
    server.bookmark()
    server.cut()
    await wait_for("the second watch", lambda: asked(server, 3))
    server.put("a", phase="Failed")
    await phases(feed, {"a": "Failed", "b": "Running"})
    assert server.asked == ["list", "watch 12", "watch 13"]


async def asked(server: FakeServer, count: int) -> bool:
    return len(server.asked) >= count and server.watches == 1


async def test_a_version_that_is_gone_is_listed_anew(feed: Feed, server: FakeServer) -> None:
    server.compacted = 100
    server.version = 200
    server.cut()
    await wait_for("the list", lambda: asked(server, 5))
    assert server.asked == ["list", "watch 12", "watch 12", "list", "watch 200"]


async def test_a_watch_that_is_told_its_version_is_gone_is_listed_anew(feed: Feed, server: FakeServer) -> None:
    server.version = 200
    server.say(json.dumps({"type": "ERROR", "object": {"code": 410, "message": "too old"}}))
    await wait_for("the list", lambda: asked(server, 4))
    assert server.asked == ["list", "watch 12", "list", "watch 200"]


@pytest.mark.parametrize("line", ["{half a li", json.dumps({"type": "ERROR", "object": {"code": 500}})])
async def test_a_broken_watch_loses_nothing(feed: Feed, server: FakeServer, line: str) -> None:
    server.say(line)
    await wait_for("the list", lambda: asked(server, 4))
    server.put("a", phase="Completed")
    await phases(feed, {"a": "Completed", "b": "Running"})


async def test_what_happened_while_the_server_was_away_is_found(feed: Feed, server: FakeServer) -> None:
    known = feed.roster.version
    server.down = True
    server.cut(UnreachableError("reset"))
    with pytest.raises(UnreachableError):
        await wait_for("trouble", lambda: troubled(feed))
        await feed.fresh()
    server.jobs["a"]["status"]["phase"] = "Completed"
    server.remove("b")
    server.down = False
    await phases(feed, {"a": "Completed"})
    assert feed.trouble == ""
    told = feed.roster.since(known)
    assert told is not None
    assert {(entry.row.name, entry.row.phase, entry.gone) for entry in told} == {
        ("a", "Completed", False),
        ("b", "Running", True),
    }


async def troubled(feed: Feed) -> bool:
    return bool(feed.trouble)


@pytest.mark.parametrize("status", [401, 403, 400])
async def test_a_refusal_is_passed_on_and_nothing_more_is_asked(feed: Feed, server: FakeServer, status: int) -> None:
    server.cut(ApiError(status, "Forbidden", "its own words"))

    async def ended() -> bool:
        return feed.ended is not None

    await wait_for("the end", ended)
    with pytest.raises(ApiError) as refused:
        await feed.fresh()
    assert (refused.value.status, refused.value.message) == (status, "its own words")
    assert server.asked == ["list", "watch 12"]
    assert server.watches == 0


async def test_too_many_requests_are_no_refusal(feed: Feed, server: FakeServer) -> None:
    server.cut(ApiError(429, "TooManyRequests", "later"))
    await wait_for("the watch", lambda: asked(server, 4))
    assert feed.ended is None


async def test_a_right_that_was_taken_away_ends_it(server: FakeServer) -> None:
    feed = Feed(server.caller().connection, Scope(NAMESPACE), Timing(rights=0.01, answer=1.0))
    feed.start()
    await feed.fresh()
    await wait_for("a review", lambda: reviewed(server))
    assert feed.ended is None
    server.allowed = False
    turn = feed.turn.next
    await turn.wait()
    assert isinstance(feed.ended, ApiError)
    assert (feed.ended.status, NAMESPACE in feed.ended.message) == (403, True)
    feed.close()


async def reviewed(server: FakeServer) -> bool:
    return "review" in server.asked


async def test_a_fault_of_ours_is_no_silence(feed: Feed, server: FakeServer) -> None:
    server.say(json.dumps({"type": "ADDED", "object": {}}))

    async def ended() -> bool:
        return feed.ended is not None

    await wait_for("the end", ended)
    with pytest.raises(UnreachableError):
        await feed.fresh()


async def test_a_long_list_comes_in_chunks_of_one_version(server: FakeServer) -> None:
    for number in range(5):
        server.put(f"job-{number}")
    server.chunk = 2
    listing = await list_rows(connection(server), Scope(None))
    assert len(listing.rows) == 7
    assert server.asked == ["list"] * 4


async def test_a_list_that_was_compacted_on_the_way_is_begun_again(server: FakeServer) -> None:
    server.chunk, server.fail_chunk_once = 1, True
    listing = await list_rows(connection(server), Scope(None))
    assert [row.name for row in listing.rows] == ["a", "b"]


def connection(server: FakeServer) -> Connection:
    return server.caller().connection
