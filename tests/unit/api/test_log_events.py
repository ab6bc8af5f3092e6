"""Log lines as events, and as a file: what a container prints can neither end a line nor begin one."""

import json
from collections.abc import AsyncGenerator

import pytest

from marianne_api.logs_routes import events, rights, static
from marianne_api.logs_routes.events import log_events
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.follow import LogLine
from tests.unit.api_read.streams import parsed

HOSTILE = "a\revent: error\r\rdata: {}\x85\u2028\u202e\x1b]0;title\x07\ud800"


def line(text: str, time: str | None = "2026-11-24T10:00:00.5Z") -> LogLine:
    return LogLine(3, 2, "pod", text, time, "pod" if time else "tail", initial=True)


async def told(*lines: LogLine | Exception) -> AsyncGenerator[LogLine, None]:
    for each in lines:
        if isinstance(each, Exception):
            raise each
        yield each


async def still() -> None:
    return


async def sent(*lines: LogLine | Exception) -> str:
    return b"".join([each async for each in log_events("team.song", told(*lines), still)]).decode()


async def test_a_line_is_one_event_whatever_it_holds() -> None:
    text = await sent(line(HOSTILE), line("next"))
    assert [each.name for each in parsed(text)] == ["log", "log", "log_complete"]
    assert parsed(text)[0].data == {
        "line": HOSTILE,
        "line_number": 1,
        "timestamp": "2026-11-24T10:00:00.5Z",
        "initial": True,
        "sheet": 3,
        "attempt": 2,
        "source": "pod",
    }
    assert all(each.isprintable() for each in text.split("\n"))
    assert ": ping" not in text


async def test_many_lines_are_sent_together_in_order() -> None:
    wide = [line(str(num)) for num in range(1000)]
    pieces = [each async for each in log_events("team.song", told(*wide), still)]
    heard = parsed(b"".join(pieces).decode())[:-1]
    assert [each.data["line"] for each in heard] == [str(num) for num in range(1000)]
    assert [each.data["line_number"] for each in heard] == list(range(1, 1001))
    assert len(pieces) < 100


@pytest.mark.parametrize(
    ("error", "data"),
    [
        (ApiError(403, "Forbidden", "you may not"), {"status": 403, "detail": "you may not"}),
        (UnreachableError("10.0.0.1 refused"), {"status": 503, "detail": "Conductor unavailable"}),
    ],
)
async def test_an_error_ends_a_stream(error: Exception, data: dict[str, object]) -> None:
    heard = parsed(await sent(line("one"), error))
    assert [each.name for each in heard] == ["log", "error"]
    assert heard[-1].data == data


async def test_silence_is_broken_for_those_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.01)
    closed = []

    async def silent() -> AsyncGenerator[LogLine, None]:
        try:
            yield line("one")
            await events.asyncio.Event().wait()
        finally:
            closed.append(True)

    stream = log_events("team.song", silent(), still)
    heard = [await anext(stream) for _ in range(4)]
    assert heard[2:] == [events.PING, events.PING]
    await stream.aclose()  # type: ignore[attr-defined]
    assert closed == [True]


async def test_a_right_that_is_taken_away_ends_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "AGAIN_SECONDS", 0.01)
    answers: list[Exception | None] = [None, UnreachableError("away"), None, ApiError(403, "Forbidden", "no more")]

    async def asked() -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    async def silent() -> AsyncGenerator[LogLine, None]:
        yield line("one")
        await events.asyncio.Event().wait()

    heard = parsed(b"".join([each async for each in log_events("team.song", silent(), asked)]).decode())
    assert [each.name for each in heard] == ["log", "error"]
    assert heard[-1].data == {"status": 403, "detail": "no more"}
    assert answers == []


async def file(*lines: LogLine | Exception) -> str:
    rest = told(*lines)
    first = await static.begun(rest)
    return b"".join([each async for each in static.text("# head\n", first, rest)]).decode()


async def test_a_file_has_every_line_and_says_where_it_is_from() -> None:
    wide = [line(str(num) * 50) for num in range(3000)]
    text = await file(*wide, line("end", None))
    lines = text.removesuffix("\n").split("\n")
    assert len(lines) == 3002
    assert lines[0] == "# head"
    assert lines[1] == f"[3 a2] 2026-11-24T10:00:00.5Z {'0' * 50}"
    assert lines[-1] == "[3 a2] (tail) end"


async def test_a_file_that_breaks_off_says_so() -> None:
    assert (await file(line("one"), UnreachableError("cut"))).endswith(
        "one\n# Incomplete: the cluster stopped telling\n"
    )


async def test_what_speaks_against_a_file_is_raised_before_it() -> None:
    with pytest.raises(ApiError):
        await file(ApiError(403, "Forbidden", "no"))


async def test_a_log_that_cannot_be_encoded_is_still_sent() -> None:
    assert "title" in await file(line(HOSTILE))


async def test_a_file_without_lines() -> None:
    assert await file() == "# head\n"


def test_its_head_is_five_lines_whatever_a_score_is_called() -> None:
    job = {
        "status": {"score": {"name": "a\n# b\x1b[2J\u2028c", "totalSheets": 3}, "phase": "Running", "startTime": "x"}
    }
    head = static.head("team.song", job, "now")
    assert head.splitlines() == [
        "# Job: team.song",
        "# Score: a# bc",
        "# Status: running",
        "# Sheets: 3",
        "# Read: now",
    ]
    assert len(static.head("team.song", {}, "now").splitlines()) == 5
    assert json.dumps(static.file_name('a"b\n.c')) == '"a_b_.c.log"'
