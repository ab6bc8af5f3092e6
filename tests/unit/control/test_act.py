"""Performing a plan, fault by fault, on the fake cluster."""

from collections.abc import Callable
from typing import Any

import pytest

from marianne_operator.control.act import Actor, Outcome
from marianne_operator.control.cache import Cache
from marianne_operator.control.claims import Claims
from marianne_operator.control.cluster import (
    Body,
    ClusterError,
    ConflictError,
    RefusedError,
    TooManyRequestsError,
    UnknownOutcomeError,
)
from marianne_operator.control.metrics import Metrics
from marianne_operator.control.refusals import Refusals
from marianne_operator.control.score_source import ScoreSource
from marianne_operator.model.job import JobView
from marianne_operator.plan.observation import Observation, ScoreRefusal, Settings
from marianne_operator.plan.plan import Ensure, Note, Plan, PodDeletion
from tests.simulation.fake_cluster import Call, FakeCluster
from tests.unit.control.given import NOW, HandClock

KEY = ("default", "song")
POD = "song-s1-a1"


async def compile_nothing(source: object) -> Any:
    raise AssertionError(f"nothing is compiled here: {source}")


class Stage:
    """One job on a fake cluster, seen as it is."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(lambda: NOW)
        self.cache = Cache(HandClock())
        self.refusals = Refusals()
        self.claims = Claims(self.cluster, HandClock())
        self.metrics = Metrics("test")
        scores = ScoreSource(self.cluster, compile_nothing)
        self.actor = Actor(self.cluster, self.cache, scores, self.claims, self.refusals, self.metrics, lambda: NOW)
        self.job = self.cluster.add_job("default", "song", {"scoreText": "name: song\n"})
        self.cache.saw_job(self.job)

    @property
    def view(self) -> JobView:
        held = self.cache.jobs[KEY]
        assert isinstance(held, JobView)
        return held

    async def perform(self, **plan: Any) -> Outcome:
        seen = Observation(self.view, ScoreRefusal("x", "x", False), NOW, Settings("runner"))
        return await self.actor.perform(seen, Plan(**plan))

    def status(self, phase: str = "Running", run: int = 1) -> Any:
        return self.view.status.model_copy(update={"phase": phase, "run": run})

    def pod(self, name: str = POD, owner: str | None = None) -> Body:
        labels = {"marianne.dev/job": "song", "marianne.dev/sheet": "1", "marianne.dev/attempt": "1"}
        owners = [{"uid": owner or self.job["metadata"]["uid"], "controller": True}]
        meta = {"namespace": "default", "name": name, "labels": labels, "ownerReferences": owners}
        return {"metadata": meta, "spec": {"containers": [{"name": "sheet"}]}}

    @property
    def writes(self) -> list[str]:
        return [f"{call.verb} {call.resource}" for call in self.cluster.calls if call.writes]

    @property
    def live(self) -> Body:
        return self.cluster.store.get("mariannejobs", "default", "song")


@pytest.fixture
def stage() -> Stage:
    return Stage()


def once(verb: str, resource: str, error: Exception) -> Callable[[Call], None]:
    """A hook that fails the first such call."""
    left = [error]

    def fail(call: Call) -> None:
        if (call.verb, call.resource) == (verb, resource) and left:
            raise left.pop()

    return fail


CLAIM = {"metadata": {"namespace": "default", "name": "song-workspace"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
CONFIG_MAP = {"metadata": {"namespace": "default", "name": "song-score"}, "data": {"score.json": "{}"}}


async def test_the_order_of_a_plan(stage: Stage) -> None:
    old = await stage.cluster.create_pod(stage.pod("song-s1-a0"))
    stage.cache.saw_pod(old)
    stage.cluster.calls.clear()
    outcome = await stage.perform(
        ensure=(Ensure("ConfigMap", CONFIG_MAP), Ensure("PersistentVolumeClaim", CLAIM)),
        status=stage.status(),
        delete=(PodDeletion("song-s1-a0", old["metadata"]["uid"]),),
        create=(stage.pod(),),
        notes=(Note("Warning", "Tested", "in order"),),
    )
    assert outcome is Outcome.DONE
    assert stage.writes == [
        "create configmaps",
        "create persistentvolumeclaims",
        "put mariannejobs/status",
        "delete pods",
        "create pods",
        "create events",
    ]


async def test_a_sheet_costs_two_calls_and_both_are_known_at_once(stage: Stage) -> None:
    await stage.perform(status=stage.status(), create=(stage.pod(),))
    assert [call.verb for call in stage.cluster.calls] == ["put", "create"]
    assert stage.view.status.run == 1 and stage.view.resource_version == int(stage.live["metadata"]["resourceVersion"])
    assert POD in stage.cache.pods[KEY]


async def test_an_unknown_field_of_a_newer_version_survives(stage: Stage) -> None:
    newer = {"observedGeneration": -1, "run": 1, "futureField": {"x": 1}}
    stage.cache.saw_job(stage.cluster.store.update("mariannejobs", *KEY, lambda body: body.update(status=newer)))
    await stage.perform(status=stage.status("Paused"))
    assert stage.live["status"]["futureField"] == {"x": 1} and stage.live["status"]["phase"] == "Paused"


async def test_a_conflict_drops_the_plan_and_shows_what_is_new(stage: Stage) -> None:
    stage.cluster.edit_job("default", "song", paused=True)
    outcome = await stage.perform(status=stage.status(), create=(stage.pod(),))
    assert outcome is Outcome.SUPERSEDED
    assert stage.view.spec.paused and stage.cluster.store.list("pods").items == []


async def test_a_job_that_is_gone_is_forgotten(stage: Stage) -> None:
    stage.cluster.remove_job("default", "song")
    assert await stage.perform(status=stage.status(), create=(stage.pod(),)) is Outcome.GONE
    assert KEY not in stage.cache.jobs and stage.cluster.store.list("pods").items == []


@pytest.mark.parametrize("committed", [True, False])
async def test_a_status_write_of_unknown_outcome(stage: Stage, committed: bool) -> None:
    hook = once("put", "mariannejobs/status", UnknownOutcomeError("reset"))
    stage.cluster.after, stage.cluster.before = (hook, stage.cluster.before) if committed else (lambda c: None, hook)
    with pytest.raises(UnknownOutcomeError):
        await stage.perform(status=stage.status(), create=(stage.pod(),))
    assert stage.view.status.run == (1 if committed else None), "a read has told"
    assert stage.cluster.store.list("pods").items == []
    assert await stage.perform(status=stage.status(), create=(stage.pod(),)) is Outcome.DONE


async def test_a_recovered_intent_is_checked_live_first(stage: Stage) -> None:
    assert await stage.perform(create=(stage.pod(),), recovered=True) is Outcome.DONE
    assert [call.verb for call in stage.cluster.calls] == ["get", "create"]


@pytest.mark.parametrize("change", ["edited", "replaced", "removed"])
async def test_a_recovered_intent_of_a_job_that_moved_on_is_dropped(stage: Stage, change: str) -> None:
    seen = stage.view
    if change == "edited":
        stage.cluster.edit_job("default", "song", cancel=True)
    else:
        stage.cluster.remove_job("default", "song")
    if change == "replaced":
        stage.cluster.add_job("default", "song", {"scoreText": "name: song\n"})
    outcome = await stage.perform(create=(stage.pod(),), recovered=True)
    assert outcome is (Outcome.GONE if change == "removed" else Outcome.SUPERSEDED)
    assert stage.cluster.store.list("pods").items == []
    assert stage.cache.jobs.get(KEY) is not seen


async def test_a_pod_of_ours_that_is_there_already_is_adopted(stage: Stage) -> None:
    made = await stage.cluster.create_pod(stage.pod())
    assert await stage.perform(create=(stage.pod(),)) is Outcome.LOOK_AGAIN
    assert stage.cache.pods[KEY][POD].uid == made["metadata"]["uid"]
    assert not stage.refusals.of(KEY, 1, NOW)


async def test_a_strangers_pod_of_that_name_is_a_conflict_of_names(stage: Stage) -> None:
    await stage.cluster.create_pod(stage.pod(owner="somebody else"))
    assert await stage.perform(create=(stage.pod(),)) is Outcome.LOOK_AGAIN
    assert stage.refusals.of(KEY, 1, NOW)[POD].reason == "NameConflict"
    assert POD not in stage.cache.pods.get(KEY, {})


@pytest.mark.parametrize("committed", [True, False])
async def test_a_pod_create_of_unknown_outcome(stage: Stage, committed: bool) -> None:
    hook = once("create", "pods", UnknownOutcomeError("timeout"))
    stage.cluster.after, stage.cluster.before = (hook, stage.cluster.before) if committed else (lambda c: None, hook)
    if committed:
        assert await stage.perform(create=(stage.pod(),)) is Outcome.LOOK_AGAIN
        assert POD in stage.cache.pods[KEY]
    else:
        with pytest.raises(UnknownOutcomeError):
            await stage.perform(create=(stage.pod(),))
    assert stage.writes.count("create pods") == 1, "never repeated blindly"


REFUSED = {
    "quota": (RefusedError(403, "Forbidden", "exceeded quota: few"), "QuotaExceeded", NOW + 30),
    "security": (RefusedError(403, "Forbidden", 'violates PodSecurity "restricted"'), "FieldUnsupported", NOW + 3600),
    "invalid": (RefusedError(422, "Invalid", "spec.x: Invalid value"), "FieldUnsupported", NOW + 3600),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refused_pod_is_something_to_decide_about(stage: Stage, case: str) -> None:
    error, reason, until = REFUSED[case]
    stage.cluster.before = once("create", "pods", error)
    assert await stage.perform(create=(stage.pod(),)) is Outcome.LOOK_AGAIN
    refusal = stage.refusals.of(KEY, 1, NOW)[POD]
    assert (refusal.reason, refusal.message, refusal.until) == (reason, error.message, until)
    await stage.perform(create=(stage.pod(),))
    assert not stage.refusals.of(KEY, 1, NOW), "a success clears it"


@pytest.mark.parametrize(
    "error",
    [
        RefusedError(403, "Forbidden", 'User "x" cannot create resource "pods"'),
        TooManyRequestsError("busy", 7),
        ConflictError("quota status"),
    ],
)
async def test_what_is_not_about_the_pod_comes_back_with_backoff(stage: Stage, error: ClusterError) -> None:
    stage.cluster.before = once("create", "pods", error)
    with pytest.raises(type(error)):
        await stage.perform(create=(stage.pod(),))
    assert not stage.refusals.of(KEY, 1, NOW)


async def test_a_namespace_that_goes_away_takes_its_plan_along(stage: Stage) -> None:
    stage.cluster.terminating.add("default")
    assert await stage.perform(create=(stage.pod(),)) is Outcome.GONE
    stage.cluster.namespaces.clear()
    assert await stage.perform(create=(stage.pod(),)) is Outcome.GONE


async def test_one_failure_among_many_pods_lets_the_others_through(stage: Stage) -> None:
    stage.cluster.before = once("create", "pods", TooManyRequestsError("busy", 1))
    with pytest.raises(TooManyRequestsError):
        await stage.perform(create=tuple(stage.pod(f"song-s{number}-a1") for number in (1, 2, 3)))
    assert set(stage.cache.pods[KEY]) == {"song-s2-a1", "song-s3-a1"}


async def test_ensured_objects_may_be_there_already(stage: Stage) -> None:
    stage.cluster.store.create("persistentvolumeclaims", CLAIM)
    stage.cluster.store.create("configmaps", CONFIG_MAP)
    ensure = (Ensure("ConfigMap", CONFIG_MAP), Ensure("PersistentVolumeClaim", CLAIM))
    assert await stage.perform(ensure=ensure) is Outcome.DONE
    assert stage.claims.known("default", "song-workspace") is not None


async def test_a_refused_claim_blocks_the_job(stage: Stage) -> None:
    stage.cluster.before = once("create", "persistentvolumeclaims", RefusedError(422, "Invalid", "storage: 1Zi"))
    assert await stage.perform(ensure=(Ensure("PersistentVolumeClaim", CLAIM),)) is Outcome.LOOK_AGAIN
    assert stage.refusals.of(KEY, 1, NOW)["song-workspace"].reason == "FieldUnsupported"


async def test_a_claim_over_quota_is_noted_for_the_next_look(stage: Stage) -> None:
    error = RefusedError(403, "Forbidden", "exceeded quota: storage")
    stage.cluster.before = once("create", "persistentvolumeclaims", error)
    assert await stage.perform(ensure=(Ensure("PersistentVolumeClaim", CLAIM),)) is Outcome.LOOK_AGAIN
    assert stage.refusals.of(KEY, 1, NOW)["song-workspace"].reason == "QuotaExceeded"


@pytest.mark.parametrize("live", ["there", "gone", "another"])
async def test_a_deletion_names_its_pod(stage: Stage, live: str) -> None:
    made = await stage.cluster.create_pod(stage.pod())
    stage.cache.saw_pod(made)
    if live != "there":
        stage.cluster.remove_pod("default", POD)
    if live == "another":
        await stage.cluster.create_pod(stage.pod())
    assert await stage.perform(delete=(PodDeletion(POD, made["metadata"]["uid"]),)) is Outcome.DONE
    assert POD not in stage.cache.pods.get(KEY, {}) and POD in stage.cache.ghosts[KEY]
    assert len(stage.cluster.store.list("pods").items) == (live == "another")


async def test_a_pod_that_gets_its_grace_is_known_to_be_ending(stage: Stage) -> None:
    made = await stage.cluster.create_pod(stage.pod())
    stage.cache.saw_pod(stage.cluster.bind_pod("default", POD, "node-1"))
    await stage.perform(delete=(PodDeletion(POD, made["metadata"]["uid"], 5),))
    assert stage.cache.pods[KEY][POD].deleting_at == NOW + 5


async def test_an_event_is_not_worth_a_failure(stage: Stage) -> None:
    stage.cluster.before = once("create", "events", UnknownOutcomeError("timeout"))
    notes = (Note("Warning", "A", "lost"), Note("Warning", "B", "told"), Note("Warning", "B", "told"))
    assert await stage.perform(notes=notes) is Outcome.DONE
    told = [event["reason"] for event in stage.cluster.store.list("events").items]
    assert told == ["B"]


@pytest.mark.parametrize("live", ["there", "gone"])
async def test_a_finished_job_is_deleted_by_uid(stage: Stage, live: str) -> None:
    if live == "gone":
        stage.cluster.remove_job("default", "song")
    assert await stage.perform(delete_job=True) is Outcome.DONE
    assert stage.cluster.store.list("mariannejobs").items == []


async def test_sheets_are_counted_once_when_they_end(stage: Stage) -> None:
    def sheets(*states: str) -> dict[str, Any]:
        items = [{"num": n, "state": state, "attempt": 1} for n, state in enumerate(states, 1)]
        return {"observedGeneration": 1, "run": 1, "sheets": items}

    first = sheets("dispatched", "failed")
    stage.cache.saw_job(stage.cluster.store.update("mariannejobs", *KEY, lambda body: body.update(status=first)))
    running, failed = stage.view.status.sheets
    after = [running.to(state="completed"), failed]
    status = stage.view.status.model_copy(update={"sheets": after})
    await stage.perform(status=status)
    text = stage.metrics.text().decode()
    assert 'marianne_sheets_total{state="completed"} 1.0' in text and 'state="failed"' not in text
