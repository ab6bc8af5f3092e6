"""The thin client on a real API server: objects, tables, watches, refusals."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from dev.cluster.control_plane import ControlPlane, free_port
from marianne_client import paths, verbs
from marianne_client.access import Access
from marianne_client.connection import Connection, open_client
from marianne_client.errors import ApiError, UnreachableError
from marianne_client.kubeconfig import KubeconfigError, load
from marianne_client.submission import job_body
from marianne_client.table import columns, rows
from tests.apiserver import jobs

TEXT = "name: song\nsheet: {size: 1, total_items: 1}\nprompt: {template: 'true'}\n"


@pytest.fixture
def access(control_plane: ControlPlane) -> Access:
    return load(control_plane.kubeconfig)


@pytest.fixture
async def connection(access: Access) -> AsyncIterator[Connection]:
    async with open_client(access) as client:
        yield Connection(client, access.headers, "marianne-test")


async def test_a_job_is_created_read_patched_and_deleted(connection: Connection, namespace: str) -> None:
    made = await connection.create(paths.jobs(namespace), job_body(TEXT, namespace=namespace, name="song"))
    assert {each["manager"] for each in made["metadata"]["managedFields"]} == {"marianne-test"}
    wish = verbs.pause(made)
    assert isinstance(wish, verbs.Wish)
    patched = await connection.patch(paths.job(namespace, "song"), wish.operations)
    assert patched["spec"]["paused"] is True
    with pytest.raises(ApiError) as foreign:
        await connection.delete(paths.job(namespace, "song"), uid="another")
    assert foreign.value.status == 409
    await connection.delete(paths.job(namespace, "song"), uid=made["metadata"]["uid"])
    with pytest.raises(ApiError) as gone:
        await connection.get(paths.job(namespace, "song"))
    assert (gone.value.status, gone.value.reason) == (404, "NotFound")


async def test_a_namesake_is_never_hit(connection: Connection, namespace: str) -> None:
    body = job_body(TEXT, namespace=namespace, name="song")
    first = await connection.create(paths.jobs(namespace), body)
    await connection.delete(paths.job(namespace, "song"))
    await connection.create(paths.jobs(namespace), body)
    wish = verbs.cancel(first)
    assert isinstance(wish, verbs.Wish)
    with pytest.raises(ApiError) as refused:
        await connection.patch(paths.job(namespace, "song"), wish.operations)
    assert refused.value.status == 422
    assert "cancel" not in (await connection.get(paths.job(namespace, "song")))["spec"]


async def test_an_unknown_field_is_refused_and_a_dry_run_leaves_nothing(connection: Connection, namespace: str) -> None:
    body = job_body(TEXT, namespace=namespace, name="song")
    with pytest.raises(ApiError) as refused:
        await connection.create(paths.jobs(namespace), {**body, "spec": {**body["spec"], "pause": True}})
    assert (refused.value.status, "pause" in refused.value.message) == (400, True)
    await connection.create(paths.jobs(namespace), body, dry_run=True)
    assert (await connection.get(paths.jobs(namespace)))["items"] == []


async def test_a_row_has_all_that_a_list_shows(
    connection: Connection, namespace: str, api: object, operator: object, kubelet: object
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2)))  # type: ignore[arg-type]
    await jobs.until_phase(api, namespace, "song", "Completed")  # type: ignore[arg-type]
    (row,) = rows(await connection.table(paths.jobs(namespace)))
    assert (row.namespace, row.name, row.phase, row.completed, row.total) == (namespace, "song", "Completed", 2, 2)
    assert (row.score, row.run, row.status) == ("song", 1, "completed")
    assert row.created[:10] == row.started[:10] == row.finished[:10]
    assert row.updated_at == row.finished
    assert row.uid == (await connection.get(paths.job(namespace, "song")))["metadata"]["uid"]


async def test_a_watch_of_tables_tells_of_changes(connection: Connection, namespace: str) -> None:
    version = (await connection.table(paths.jobs(namespace)))["metadata"]["resourceVersion"]
    query = {"watch": True, "resourceVersion": version, "timeoutSeconds": 20}
    async with connection.lines(paths.jobs(namespace), table=True, **query) as lines:
        await connection.create(paths.jobs(namespace), job_body(TEXT, namespace=namespace, name="song"))
        event = json.loads(await asyncio.wait_for(anext(lines), 10))
        (row,) = rows(event["object"], columns(event["object"]))
        assert (event["type"], row.name, row.namespace) == ("ADDED", "song", namespace)


async def test_who_acts_as_somebody_has_their_rights(control_plane: ControlPlane, namespace: str) -> None:
    access = load(control_plane.kubeconfig, user="nobody", groups=["first", "second"])
    async with open_client(access) as client:
        connection = Connection(client, access.headers, "marianne-test")
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        user = (await connection.ask(paths.self_review(), review))["status"]["userInfo"]
        assert (user["username"], {"first", "second"} <= set(user["groups"])) == ("nobody", True)
        with pytest.raises(ApiError) as refused:
            await connection.get(paths.jobs(namespace))
    assert refused.value.status == 403
    assert 'User "nobody" cannot list resource "mariannejobs"' in refused.value.message


async def test_no_answer_is_unreachable(access: Access) -> None:
    nowhere = Access(f"https://127.0.0.1:{free_port()}", access.verify, access.headers)
    async with open_client(nowhere) as client:
        with pytest.raises(UnreachableError):
            await Connection(client, nowhere.headers, "marianne-test").get(paths.jobs())


def test_a_context_that_is_not_there_is_named(control_plane: ControlPlane) -> None:
    with pytest.raises(KubeconfigError, match="elsewhere"):
        load(control_plane.kubeconfig, context="elsewhere")
