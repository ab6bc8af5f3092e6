"""A server is told what became of a job, once for each event: the real operator and runner, a real server."""

import base64
from pathlib import Path
from typing import Any

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, ApiError, Body, jobs_path
from tests.unit.runner.webhook import Webhook, webhook

ALL = ["job_start", "job_paused", "job_complete", "job_failed", "sheet_start"]
ENV = {"env": [{"name": "HOOK", "valueFrom": {"secretKeyRef": {"name": "hook", "key": "url"}}}]}


async def add_secret(api: Api, namespace: str, url: str) -> None:
    data = {"url": base64.b64encode(f"{url}\n".encode()).decode()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hook"}, "data": data}
    await api.post(f"/api/v1/namespaces/{namespace}/secrets", body)


def notified(script: str = jobs.INSTRUMENT, events: list[str] = ALL, **spec: Any) -> Body:
    told = [{"type": "webhook", "on_events": events, "config": {"url_env": "HOOK"}}]
    score = jobs.score(1, script, notifications=told, retry={"max_retries": 1})
    return jobs.job("song", score, sheetTemplate=ENV, **spec)


async def until_settled(api: Api, namespace: str, count: int) -> list[Body]:
    """The job's notices, once there are so many and none is under way."""

    async def settled() -> list[Body] | None:
        found: list[Body] = (await jobs.status_of(api, namespace, "song")).get("notifications", [])
        over = [each for each in found if each["state"] != "dispatched"]
        return found if len(over) == len(found) == count else None

    return await wait_for(f"{count} notices", settled)


def heard(server: Webhook) -> list[tuple[str, str]]:
    return [(body["event"], body["progress"]) for _, _, body in server.heard]


async def test_each_event_is_told_once_and_then_there_is_silence(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    with webhook() as server:
        await add_secret(api, namespace, server.url)
        await jobs.submit(api, namespace, notified())
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        await until_settled(api, namespace, 2)
        before = await api.get(jobs_path(namespace, "song"))
        operator.kill()
        await operator.start()
        await jobs.edit(api, namespace, "song", podRetention="None")
        await wait_for("the Pods to be cleared", lambda: _no_pods(api, namespace))
    assert sorted(heard(server)) == [("job_complete", "1/1"), ("job_start", "0/1")]
    body = next(body for _, _, body in server.heard if body["event"] == "job_complete")
    assert (body["job"], body["namespace"], body["run"], body["phase"]) == ("song", namespace, 1, "Completed")
    assert body["uid"] == before["metadata"]["uid"]
    assert status["progress"] == "1/1"
    assert await jobs.events_of(api, namespace, "song") == {}
    assert "notifications.0.on_events" in _accepted(before)


def _accepted(job: Body) -> str:
    return next(each["message"] for each in job["status"]["conditions"] if each["type"] == "Accepted")


async def _no_pods(api: Api, namespace: str) -> bool:
    return await jobs.pods_of(api, namespace, "song") == []


async def test_a_pause_is_told_while_it_lasts(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    with webhook() as server:
        await add_secret(api, namespace, server.url)
        await jobs.submit(api, namespace, notified(events=["job_paused"], paused=True))
        await jobs.until_phase(api, namespace, "song", "Paused")
        await until_settled(api, namespace, 1)
        assert heard(server) == [("job_paused", "0/1")]
        assert jobs.performances(workspace) == []


async def test_a_notice_that_fails_is_told_and_fails_nothing(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    with webhook((404, {}, b"no such hook")) as server:
        await add_secret(api, namespace, server.url)
        await jobs.submit(api, namespace, notified(events=["job_complete"]))
        (notice,) = await until_settled(api, namespace, 1)
    assert len(server.heard) == 1
    assert (notice["state"], notice["message"]) == ("failed", "127.0.0.1: HTTP 404: no such hook")
    told = await jobs.until_event(api, namespace, "song", "NoticeFailed")
    assert told == "notifications.0: job_complete was not sent: 127.0.0.1: HTTP 404: no such hook"
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert jobs.condition(status, "Succeeded") == ("True", "Completed")


async def test_a_failure_is_told_before_the_job_is_deleted(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    with webhook() as server:
        await add_secret(api, namespace, server.url)
        await jobs.submit(api, namespace, notified("exit 3", ttlSecondsAfterFinished=0))

        async def gone() -> bool:
            try:
                await api.get(jobs_path(namespace, "song"))
            except ApiError as error:
                return error.reason == "NotFound"
            return False

        await wait_for("the job to be deleted", gone)
    assert sorted(heard(server)) == [("job_failed", "0/1"), ("job_start", "0/1")]
    message = next(body["message"] for _, _, body in server.heard if body["event"] == "job_failed")
    assert message.startswith("sheet 1: ")
