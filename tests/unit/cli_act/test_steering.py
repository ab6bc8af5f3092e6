"""A wish for several jobs: each has its own answer, and a write in between is met by a second look."""

import json

from kubectl_marianne.steering import Answer, steer
from marianne_client import verbs
from marianne_client.identity import JobId
from tests.unit.cli_act.scripted_server import ScriptedServer, a_job, answered, refused

SONG = JobId("band", "song")
MISSED = refused(422, "Invalid", "the server rejected our request due to an error in our request")


async def asked(server: ScriptedServer) -> Answer:
    async with server.connection() as connection:
        return (await steer(connection, [SONG], verbs.pause))[0]


async def test_the_wish_is_written_for_this_very_job() -> None:
    server = ScriptedServer(answered(a_job("Running")), answered(a_job("Running", paused=True)))
    answer = await asked(server)
    assert answer.done
    assert answer.message.startswith("Pause requested")
    operations = json.loads(server.asked[1].content)
    assert operations[0] == {"op": "test", "path": "/metadata/uid", "value": "u-1"}
    assert {"op": "add", "path": "/spec/paused", "value": True} in operations


async def test_a_second_look_after_somebody_elses_write() -> None:
    server = ScriptedServer(answered(a_job("Running")), MISSED, answered(a_job("Completed")))
    answer = await asked(server)
    assert (answer.refused, answer.message) == (True, "Job is not running (status: completed)")
    stubborn = ScriptedServer(*[answered(a_job("Running")), MISSED] * 2)
    answer = await asked(stubborn)
    assert not answer.done
    assert "rejected" in answer.message
    assert len(stubborn.asked) == 4


async def test_a_namesake_that_came_in_between_is_not_meant() -> None:
    server = ScriptedServer(answered(a_job("Running")), MISSED, answered(a_job("Running", uid="u-2")))
    answer = await asked(server)
    assert (answer.refused, answer.message) == (True, "the job was replaced by another of its name meanwhile")
    assert len(server.asked) == 3


async def test_the_api_servers_refusal_is_passed_on_and_not_repeated() -> None:
    server = ScriptedServer(answered(a_job("Running")), refused(403, "Forbidden", 'User "jane" cannot patch'))
    answer = await asked(server)
    assert (answer.done, answer.refused, answer.message) == (False, False, 'User "jane" cannot patch')
    assert len(server.asked) == 2
