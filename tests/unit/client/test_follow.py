"""Logs across broken streams, attempts and the loss of Pods, against an API server that breaks to a script."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from marianne_client import follow_pod, watching
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow import LogLine, UnknownSheetError, Wanted, follow, read
from marianne_client.identity import JobId
from tests.unit.client.log_cluster import Log, LogCluster

JOB = JobId("team", "song")
DONE = {"completionTime": "2026-11-24T10:00:00Z"}


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_pod, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(follow_pod, "DRAIN_SECONDS", 0.05)
    monkeypatch.setattr(watching, "PAUSES", (0.0, 0.0, 0.0))


def sheet(num: int, state: str, attempt: int = 1, **more: Any) -> dict[str, Any]:
    return {"num": num, "state": state, "attempt": attempt, **more}


def line(second: int, text: str, nano: int = 0) -> str:
    return f"2026-11-24T10:00:{second:02}.{nano:09}Z {text}"


async def collect(cluster: LogCluster, wanted: Wanted = Wanted(), *, following: bool = True) -> list[LogLine]:  # noqa: B008
    source = (follow if following else read)(cluster.connection(), JOB, wanted)
    async with asyncio.timeout(20), aclosing(source) as lines:
        return [each async for each in lines]


def texts(lines: list[LogLine]) -> list[str]:
    return [each.text for each in lines]


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("at", [0, 1, 2, 3, 4])
async def test_a_broken_stream_goes_on_without_loss_or_repetition(at: int, clean: bool) -> None:
    """Two lines share a time to the nanosecond, and two a second: that is all that is asked for again."""
    said = [line(1, "a", 5), line(1, "b", 5), line(1, "c", 6), line(2, "d")]
    log = Log(said, breaks=[at, min(at, 1)], clean=clean)
    cluster = LogCluster([sheet(1, "pending", 0)], {(1, 1): log})

    async def ends() -> None:
        await _until(lambda: cluster.watches)
        await cluster.tell(sheet(1, "in_progress"))
        await _until(lambda: len(log.asked) >= 3)
        log.say(line(3, "e"), over=True)
        await cluster.tell(sheet(1, "completed"), **DONE)

    got, _ = await asyncio.gather(collect(cluster), ends())
    assert texts(got) == ["a", "b", "c", "d", "e"]


async def test_the_last_lines_are_told_though_the_stream_ended_before_them() -> None:
    log = Log([line(1, "a")], breaks=[1], clean=True)
    cluster = LogCluster([sheet(1, "in_progress")], {(1, 1): log})

    async def ends() -> None:
        await _until(lambda: len(log.asked) >= 1)
        log.say(line(2, "b"), over=True)
        await cluster.tell(sheet(1, "completed"), **DONE)

    got, _ = await asyncio.gather(collect(cluster), ends())
    assert texts(got) == ["a", "b"]


@pytest.mark.parametrize("at", [0, 1, 2, 3])
async def test_the_last_lines_are_told_though_their_reading_breaks(at: int) -> None:
    log = Log([line(1, "a")], breaks=[1])
    cluster = LogCluster([sheet(1, "dispatched")], {(1, 1): log})

    async def ends() -> None:
        await _until(lambda: cluster.watches)
        await cluster.tell(sheet(1, "in_progress"))
        await _until(lambda: len(log.asked) >= 2)
        log.rest_breaks = [at, min(at, 1)]
        log.say(line(2, "b"), line(2, "c"), over=True)
        await cluster.tell(sheet(1, "completed"), **DONE)

    got, _ = await asyncio.gather(collect(cluster), ends())
    assert texts(got) == ["a", "b", "c"]


async def test_a_pod_cleared_away_at_once_is_still_heard_to_its_end() -> None:
    log = Log([line(1, "a")])
    cluster = LogCluster([sheet(1, "dispatched")], {(1, 1): log})

    async def ends() -> None:
        await _until(lambda: cluster.watches)
        await cluster.tell(sheet(1, "in_progress"))
        await _until(lambda: len(log.asked) == 2)
        log.refused = [404]
        await cluster.tell(sheet(1, "completed", stdoutTail="a\nb"), **DONE)
        await _until(lambda: not log.refused)
        log.say(line(2, "b"), over=True)

    got, _ = await asyncio.gather(collect(cluster), ends())
    assert [(each.text, each.source) for each in got] == [("a", "pod"), ("b", "pod")]


async def test_attempts_are_told_in_order_even_where_the_watch_saw_only_the_last() -> None:
    logs = {(1, num): Log([line(num, f"attempt {num}")], over=True) for num in (1, 2, 3)}
    cluster = LogCluster([sheet(1, "dispatched")], logs)

    async def goes_on() -> None:
        await _until(lambda: cluster.watches)
        await cluster.tell(sheet(1, "completed", 3), **DONE)

    got, _ = await asyncio.gather(collect(cluster), goes_on())
    assert [(each.attempt, each.text) for each in got] == [(num, f"attempt {num}") for num in (1, 2, 3)]


async def test_lines_that_were_there_are_marked_and_cut_to_the_tail() -> None:
    log = Log([line(1, "a"), line(2, "b"), line(3, "c")])
    cluster = LogCluster([sheet(1, "in_progress")], {(1, 1): log})

    async def ends() -> None:
        await _until(lambda: len(log.asked) == 2)
        log.say(line(4, "d"), over=True)
        await cluster.tell(sheet(1, "completed"), **DONE)

    got, _ = await asyncio.gather(collect(cluster, Wanted(tail_lines=2)), ends())
    assert [(each.text, each.initial) for each in got] == [("b", True), ("c", True), ("d", False)]


async def test_a_tail_of_no_lines_is_only_what_comes() -> None:
    log = Log([line(1, "a"), line(2, "b")])
    cluster = LogCluster([sheet(1, "in_progress")], {(1, 1): log})

    async def ends() -> None:
        await _until(lambda: len(log.asked) == 2)
        log.say(line(2, "c", 1), over=True)
        await cluster.tell(sheet(1, "completed", stdoutTail="c"), **DONE)

    got, _ = await asyncio.gather(collect(cluster, Wanted(tail_lines=0)), ends())
    assert texts(got) == ["c"]


@pytest.mark.parametrize("following", [True, False])
async def test_without_its_pod_the_tails_of_the_status_speak(following: bool) -> None:
    cluster = LogCluster([sheet(1, "failed", 2, stdoutTail="out 1\nout 2\n", stderrTail="oops")], status=DONE)
    got = await collect(cluster, following=following)
    assert [(each.text, each.source, each.attempt) for each in got] == [
        ("out 1", "tail", 2),
        ("out 2", "tail", 2),
        ("oops", "tail", 2),
    ]
    assert texts(await collect(cluster, Wanted(tail_lines=1), following=following)) == ["oops"]
    assert texts(await collect(cluster, Wanted(attempt=1), following=following)) == []


async def test_what_a_kubelet_says_instead_of_a_log_is_no_line_of_it() -> None:
    said = ["unable to retrieve container logs for containerd://0123"]
    cluster = LogCluster([sheet(1, "completed", stdoutTail="kept")], {(1, 1): Log(said, over=True)}, status=DONE)
    assert [(each.text, each.source) for each in await collect(cluster)] == [("kept", "tail")]


async def test_nothing_since_then_is_no_reason_for_the_tail() -> None:
    cluster = LogCluster([sheet(1, "completed", stdoutTail="a")], {(1, 1): Log([line(1, "a")], over=True)}, DONE)
    late = 1795514430
    assert await collect(cluster, Wanted(since=late)) == []
    assert texts(await collect(cluster, Wanted(since=late - 30), following=False)) == ["a"]


async def test_a_container_that_runs_before_the_status_says_so_was_there_before() -> None:
    log = Log([line(1, "a"), line(2, "b")])
    cluster = LogCluster([sheet(1, "dispatched")], {(1, 1): log})

    async def ends() -> None:
        await _until(lambda: len(log.asked) == 1)
        log.say(line(3, "c"))
        await cluster.tell(sheet(1, "in_progress"))
        await _until(lambda: len(log.asked) == 2)
        log.say(over=True)
        await cluster.tell(sheet(1, "completed"), **DONE)

    got, _ = await asyncio.gather(collect(cluster, Wanted(tail_lines=1)), ends())
    assert [(each.text, each.initial) for each in got] == [("b", True), ("c", False)]


async def test_several_sheets_at_once_until_the_chosen_ones_are_settled() -> None:
    logs = {(num, 1): Log([line(num, f"sheet {num}")]) for num in (1, 2, 3)}
    cluster = LogCluster([sheet(num, "in_progress") for num in (1, 2, 3)], logs)
    seen: list[LogLine] = []

    async def ends() -> None:
        await _until(lambda: len(seen) == 2)
        for log in logs.values():
            log.say(over=True)
        await cluster.tell(sheet(1, "in_progress"), sheet(2, "completed"), sheet(3, "failed"))

    async def listen() -> None:
        wanted = Wanted(sheets=frozenset({2, 3}))
        async with asyncio.timeout(20), aclosing(follow(cluster.connection(), JOB, wanted)) as lines:
            async for each in lines:
                seen.append(each)

    await asyncio.gather(listen(), ends())
    assert sorted(texts(seen)) == ["sheet 2", "sheet 3"]


@pytest.mark.parametrize("following", [True, False])
async def test_a_sheet_that_is_not_there(following: bool) -> None:
    cluster = LogCluster([sheet(1, "completed")], status=DONE)
    with pytest.raises(UnknownSheetError, match="Sheet 7 not found in job"):
        await collect(cluster, Wanted(sheets=frozenset({7})), following=following)


async def test_a_refusal_is_raised_in_the_api_servers_words() -> None:
    cluster = LogCluster([sheet(1, "in_progress")], {(1, 1): Log(refused=[403])})
    with pytest.raises(ApiError, match="as told"):
        await collect(cluster)


@pytest.mark.parametrize("tries", [1, 3, 4])
async def test_an_api_server_may_be_away_for_a_while(tries: int) -> None:
    log = Log([line(1, "a")])
    cluster = LogCluster([sheet(1, "in_progress")], {(1, 1): log}, cut=True)

    async def leaves() -> None:
        await _until(lambda: len(log.asked) == 2)
        log.say(line(2, "b"), over=True)
        cluster.away = tries
        await cluster.tell(sheet(1, "completed"), **DONE)

    if tries > len(watching.PAUSES):
        with pytest.raises(UnreachableError):
            await asyncio.gather(collect(cluster), leaves())
    else:
        got, _ = await asyncio.gather(collect(cluster), leaves())
        assert texts(got) == ["a", "b"]


async def test_one_that_was_never_reached_is_told_of_at_once() -> None:
    cluster = LogCluster([sheet(1, "in_progress")], away=1)
    with pytest.raises(UnreachableError):
        await collect(cluster)


async def test_a_job_that_is_not_there() -> None:
    with pytest.raises(ApiError, match='"song" not found') as refused:
        await collect(LogCluster([], deleted=True))
    assert refused.value.status == 404


async def test_it_ends_with_the_job_that_somebody_deletes() -> None:
    log = Log([line(1, "a")])
    cluster = LogCluster([sheet(1, "in_progress"), sheet(2, "pending", 0)], {(1, 1): log})

    async def deletes() -> None:
        await _until(lambda: len(log.asked) == 2)
        log.say(line(2, "b"), over=True)
        await cluster.tell(deleted=True)

    got, _ = await asyncio.gather(collect(cluster), deletes())
    assert texts(got) == ["a", "b"]


@pytest.mark.parametrize("namesake", [True, False])
async def test_it_ends_with_a_job_that_went_while_nobody_looked(namesake: bool) -> None:
    log = Log([line(1, "a")])
    cluster = LogCluster([sheet(1, "in_progress")], {(1, 1): log}, cut=True)

    async def replaces() -> None:
        await _until(lambda: len(log.asked) == 2)
        log.say(line(2, "b"), over=True)
        cluster.uid = "another" if namesake else cluster.uid
        await cluster.tell(deleted=not namesake)

    got, _ = await asyncio.gather(collect(cluster), replaces())
    assert texts(got) == ["a", "b"]


@pytest.mark.parametrize("following", [True, False])
async def test_lines_are_cut_where_it_is_wanted(following: bool) -> None:
    log = Log([line(1, "x" * 100), line(2, "b")], over=True)
    cluster = LogCluster([sheet(1, "completed")], {(1, 1): log}, DONE)
    assert texts(await collect(cluster, Wanted(longest_line=50), following=following)) == ["x" * 19 + "… (cut)", "b"]
    assert texts(await collect(cluster, following=following)) == ["x" * 100, "b"]


async def test_left_early_it_holds_nothing() -> None:
    cluster = LogCluster([sheet(1, "in_progress")], {(1, 1): Log([line(1, str(num)) for num in range(2000)])})
    before = asyncio.all_tasks()
    async with aclosing(follow(cluster.connection(), JOB, Wanted())) as lines:
        assert (await anext(lines)).text == "0"
    await _until(lambda: asyncio.all_tasks() == before)


async def _until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0)
