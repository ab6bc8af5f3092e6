"""Who shares a watch with whom, and how many there are."""

import contextlib
from dataclasses import replace

import pytest

from marianne_api.limits import TooManyError
from marianne_api.read.feed import Feed
from marianne_api.read.hub import MOST_OF_ONE, Hub
from marianne_api.read.table_watch import Scope
from marianne_api.read.timing import Timing
from marianne_client.errors import ApiError
from tests.apiserver.waiting import wait_for
from tests.unit.api_read.fake_server import NAMESPACE, FakeServer

SCOPE = Scope(NAMESPACE)
LASTING = Timing(idle=3600)
SHORT = Timing(idle=0.01)


def read(hub: Hub, server: FakeServer, identity: str, scope: Scope = SCOPE) -> Feed:
    with hub.reading(server.caller(identity), scope) as feed:
        return feed


async def test_one_identity_and_scope_share_a_watch_and_no_others_do() -> None:
    hub, server = Hub(LASTING), FakeServer()
    first = read(hub, server, "anna")
    assert read(hub, server, "anna") is first
    assert read(hub, server, "bert") is not first
    assert read(hub, server, "anna", Scope(None)) is not first
    assert read(hub, server, "anna", Scope(NAMESPACE, "a=b")) is not first
    assert len(hub) == 4
    hub.close()
    assert len(hub) == 0


async def test_a_watch_without_readers_ends_after_a_while_and_one_with_readers_does_not() -> None:
    hub, server = Hub(SHORT), FakeServer()

    async def closed() -> bool:
        return len(hub) == 1 and server.watches == 1

    with hub.reading(server.caller("anna"), SCOPE) as held:
        read(hub, server, "bert")
        await held.fresh()
        await wait_for("the idle one to end", closed)
        read(hub, server, "anna")
        read(hub, server, "bert")
        await wait_for("the idle one to end again", closed)
    await wait_for("both to end", lambda: nothing(hub, server))


async def test_a_reader_that_comes_back_in_time_keeps_its_watch() -> None:
    hub, server = Hub(SHORT), FakeServer()
    first = read(hub, server, "anna")
    with hub.reading(server.caller("anna"), SCOPE) as again:
        assert again is first
        read(hub, server, "bert")

        async def one_left() -> bool:
            return len(hub) < 2

        await wait_for("the idle one to end", one_left)
        assert read(hub, server, "anna") is first
    hub.close()


async def watching(server: FakeServer) -> bool:
    return server.watches == 1


async def nothing(hub: Hub, server: FakeServer) -> bool:
    return len(hub) == 0 and server.watches == 0


async def test_the_idle_one_that_was_used_longest_ago_makes_room() -> None:
    hub, server = Hub(LASTING, most=2), FakeServer()
    first, second = read(hub, server, "anna"), read(hub, server, "bert")
    assert read(hub, server, "anna") is first
    read(hub, server, "carl")
    assert read(hub, server, "anna") is first
    assert read(hub, server, "bert") is not second
    hub.close()


async def test_a_watch_with_readers_is_never_dropped() -> None:
    hub, server = Hub(LASTING, most=1), FakeServer()
    with hub.reading(server.caller("anna"), SCOPE), pytest.raises(TooManyError):
        read(hub, server, "bert")
    read(hub, server, "bert")
    hub.close()


async def test_who_asks_for_many_takes_no_place_from_others() -> None:
    hub, server = Hub(LASTING), FakeServer()
    kept = read(hub, server, "bert")
    with hub.reading(server.caller("anna"), SCOPE) as first:
        for number in range(3 * MOST_OF_ONE):
            read(hub, server, "anna", Scope(NAMESPACE, f"a!={number}"))
        assert len(hub) == MOST_OF_ONE + 1
        assert read(hub, server, "anna") is first
    assert read(hub, server, "bert") is kept
    hub.close()


async def test_other_credentials_of_one_user_share_no_watch_but_the_places() -> None:
    hub, server = Hub(LASTING), FakeServer()
    callers = [replace(server.caller("anna"), identity=f"token-{number}") for number in range(MOST_OF_ONE + 1)]
    with contextlib.ExitStack() as open_:
        feeds = [open_.enter_context(hub.reading(caller, SCOPE)) for caller in callers[:-1]]
        assert len(set(map(id, feeds))) == MOST_OF_ONE
        with pytest.raises(TooManyError), hub.reading(callers[-1], SCOPE):
            pass
    hub.close()


async def test_one_that_has_ended_is_begun_anew() -> None:
    hub, server = Hub(LASTING), FakeServer()
    with hub.reading(server.caller("anna"), SCOPE) as feed:
        await wait_for("the watch", lambda: watching(server))
        server.cut(ApiError(401, "Unauthorized", "the token has expired"))
        await feed.turn.next.wait()
        assert read(hub, server, "anna") is not feed
    assert len(hub) == 1
    hub.close()
