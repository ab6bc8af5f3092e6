"""One job's versions: from a look to a watch, over what breaks in between, to its end."""

import httpx
import pytest

from marianne_client.errors import ApiError, UnreachableError
from marianne_client.identity import JobId
from marianne_client.job_versions import job_versions
from marianne_client.watching import PAUSES
from tests.unit.cli_act.scripted_server import Answer, ScriptedServer, a_job, listed, refused, watched

SONG = JobId("band", "song")
BOOKMARK = ("BOOKMARK", {"metadata": {"resourceVersion": "9"}})
AWAY = httpx.ConnectError("refused")


async def seen(*answers: Answer) -> list[str | None]:
    """Phases of the versions; the pauses between tries take no time."""

    async def at_once(_seconds: float) -> None:
        return

    async with ScriptedServer(*answers).connection() as connection:
        return [
            None if each is None else each["status"].get("phase")
            async for each in job_versions(connection, SONG, at_once)
        ]


async def test_changes_come_as_the_watch_tells_them() -> None:
    stream = watched(("MODIFIED", a_job("Running")), BOOKMARK, ("DELETED", a_job("Running")))
    assert await seen(listed(a_job("Pending")), stream) == ["Pending", "Running", None]


async def test_it_goes_on_after_whatever_ends_a_watch() -> None:
    answers = [
        *(listed(a_job("Pending")), watched()),
        *(listed(a_job("Running")), watched(("ERROR", {"kind": "Status", "code": 410}))),
        *(listed(a_job("Running")), refused(410, "Expired", "too old")),
        *(AWAY, httpx.Response(503, text="starting"), listed()),
    ]
    assert await seen(*answers) == ["Pending", "Running", "Running", None]


async def test_an_overloaded_api_server_is_waited_for() -> None:
    busy = refused(429, "TooManyRequests", "too many requests")
    assert await seen(busy, listed(a_job("Pending")), busy, listed()) == ["Pending", None]
    with pytest.raises(ApiError, match="too many"):
        await seen(*[busy] * (len(PAUSES) + 1))


async def test_a_watch_that_is_cut_in_the_middle_of_an_event_is_begun_anew() -> None:
    cut = httpx.Response(200, content=b'{"type": "MODIFIED", "obj')
    assert await seen(listed(a_job("Pending")), cut, listed(a_job("Running")), watched(), listed()) == [
        *("Pending", "Running", None)
    ]


async def test_a_namesake_is_another_job() -> None:
    assert await seen(listed(a_job("Running")), watched(), listed(a_job("Pending", uid="u-2"))) == ["Running", None]


async def test_what_was_never_reached_or_is_refused_is_said_at_once() -> None:
    with pytest.raises(UnreachableError):
        await seen(AWAY)
    with pytest.raises(ApiError, match="forbidden"):
        await seen(refused(403, "Forbidden", "forbidden"))
    with pytest.raises(UnreachableError):
        await seen(listed(a_job("Running")), watched(), *[AWAY] * (len(PAUSES) + 1))
