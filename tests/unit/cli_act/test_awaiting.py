"""Waiting for one job or several."""

import pytest

from kubectl_marianne.awaiting import await_job, await_jobs
from kubectl_marianne.verdict import Verdict
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from tests.unit.cli_act.scripted_server import ScriptedServer, a_job, listed, refused, watched

SONG = JobId("band", "song")


async def test_the_watch_begins_where_the_look_ended() -> None:
    server = ScriptedServer(listed(a_job("Running"), version="42"), watched(("MODIFIED", a_job("Completed"))))
    async with server.connection() as connection:
        assert (await await_job(connection, SONG, "completed")).code == 0
    watch = server.asked[1].url.params
    assert (watch["watch"], watch["resourceVersion"], watch["fieldSelector"]) == ("true", "42", "metadata.name=song")


async def test_several_are_told_as_they_end_and_returned_in_order() -> None:
    told = []
    async with ScriptedServer(listed(a_job("Failed")), listed(a_job("Completed"))).connection() as connection:
        found = await await_jobs(
            connection, [SONG, JobId("band", "other")], "completed", None, lambda job, end: told.append((job.name, end))
        )
    assert [each.code for each in found] == [10, 0]
    assert sorted(name for name, _ in told) == ["other", "song"]


async def test_a_job_that_is_taken_away_ends_the_wait() -> None:
    server = ScriptedServer(listed(a_job("Running")), watched(("DELETED", a_job("Running"))))
    async with server.connection() as connection:
        assert await await_job(connection, SONG, "finished") == Verdict(1, "it was deleted")


async def test_a_job_that_never_was_is_not_called_deleted() -> None:
    server = ScriptedServer(listed(), refused(404, "NotFound", 'mariannejobs "song" not found'))
    async with server.connection() as connection:
        with pytest.raises(ApiError, match="not found"):
            await await_job(connection, SONG, "finished")
