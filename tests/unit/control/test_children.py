"""Starting the next job of a chain: once, whatever the API server answers, and its parent hears of it."""

from typing import Any

import pytest

from marianne_operator.control.act import Outcome
from marianne_operator.control.cluster import Body, ClusterError, RefusedError, UnknownOutcomeError
from marianne_operator.model.chain import Chain
from tests.simulation.fake_cluster import Call
from tests.unit.control.given import NOW
from tests.unit.control.test_act import KEY, Stage

NAME = "song-12345678-n1"


@pytest.fixture
def stage() -> Stage:
    return Stage()


def child(stage: Stage, parent_uid: str | None = None) -> Body:
    chain = Chain("root", "song", parent_uid or stage.job["metadata"]["uid"], 1)
    meta = {"namespace": "default", "name": NAME, "labels": chain.labels(), "annotations": chain.annotations()}
    body = {"apiVersion": "marianne.dev/v1alpha1", "kind": "MarianneJob", "metadata": meta}
    return {**body, "spec": {"scoreText": "name: next\n"}}


def refusals(stage: Stage) -> dict[str, str]:
    return {name: each.reason for name, each in stage.refusals.of(KEY, 1, NOW).items()}


async def test_it_is_made_after_its_intent(stage: Stage) -> None:
    assert await stage.perform(status=stage.status(), children=(child(stage),)) is Outcome.DONE
    assert stage.writes == ["put mariannejobs/status", "create mariannejobs"]
    assert ("default", NAME) not in stage.cache.jobs, "the watch tells of it, and wakes it"


async def test_the_second_time_it_is_found(stage: Stage) -> None:
    await stage.perform(status=stage.status(), children=(child(stage),))
    assert await stage.perform(recovered=True, children=(child(stage),)) is Outcome.DONE
    assert refusals(stage) == {}


async def test_another_job_of_its_name_is_left_alone(stage: Stage) -> None:
    await stage.cluster.create_job(child(stage, parent_uid="somebody"))
    assert await stage.perform(status=stage.status(), children=(child(stage),)) is Outcome.LOOK_AGAIN
    assert refusals(stage) == {f"job/{NAME}": "NameConflict"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RefusedError(403, "Forbidden", "exceeded quota: jobs"), "QuotaExceeded"),
        (RefusedError(422, "Invalid", "spec.workspace: too long"), "FieldUnsupported"),
    ],
)
async def test_what_is_refused_is_kept_apart_from_the_pods(stage: Stage, error: ClusterError, reason: str) -> None:
    stage.cluster.before = _raises(error)
    assert await stage.perform(status=stage.status(), children=(child(stage),)) is Outcome.LOOK_AGAIN
    assert refusals(stage) == {f"job/{NAME}": reason}


@pytest.mark.parametrize(
    "error", [UnknownOutcomeError("reset"), RefusedError(403, "Forbidden", "cannot create resource")]
)
async def test_what_is_not_known_or_not_allowed_is_tried_again(stage: Stage, error: ClusterError) -> None:
    stage.cluster.before = _raises(error)
    with pytest.raises(type(error)):
        await stage.perform(status=stage.status(), children=(child(stage),))
    assert refusals(stage) == {}


@pytest.mark.parametrize("gone", [True, False])
async def test_nothing_is_made_in_a_namespace_that_goes(stage: Stage, gone: bool) -> None:
    if gone:
        stage.cluster.namespaces.clear()
    else:
        stage.cluster.terminating.add("default")
    assert await stage.perform(children=(child(stage),)) is Outcome.GONE


def _raises(error: ClusterError) -> Any:
    def before(call: Call) -> None:
        if (call.verb, call.resource) == ("create", "mariannejobs"):
            raise error

    return before
