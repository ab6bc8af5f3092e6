"""Where a job's score comes from, and when it is read again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from marianne_operator.control.cluster import Body
from marianne_operator.control.score_source import REMEMBERED_CHARACTERS, ScoreSource
from marianne_operator.model.job import JobView
from marianne_operator.model.names import score_config_map_name
from marianne_operator.plan.observation import ScoreReady, ScoreRefusal
from marianne_operator.score.refused import ScoreRefusedError
from tests.simulation.fake_cluster import FakeCluster
from tests.unit.control.given import NOW, UID, job
from tests.unit.plan.scores import score


class Sandbox:
    """Compiles to next to nothing, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.padding = ""

    async def compile(self, source: str | Mapping[str, Any]) -> Any:
        self.calls += 1
        if source == "bad":
            raise ScoreRefusedError("ScoreInvalid", "name: missing: add it")
        digest = hashlib.sha256(json.dumps(source).encode()).hexdigest()
        return {**score(name="song", digest=digest), "padding": self.padding}


class Stage:
    def __init__(self) -> None:
        self.cluster = FakeCluster(lambda: NOW)
        self.sandbox = Sandbox()
        self.scores = ScoreSource(self.cluster, self.sandbox.compile)

    async def ready(self, body: Body) -> ScoreReady:
        score = await self.scores.score_of(JobView.of(body))
        assert isinstance(score, ScoreReady), score
        return score

    async def refused(self, body: Body) -> ScoreRefusal:
        score = await self.scores.score_of(JobView.of(body))
        assert isinstance(score, ScoreRefusal), score
        return score

    def config_map(self, name: str, **data: str) -> None:
        self.cluster.store.create("configmaps", {"metadata": {"namespace": "default", "name": name}, "data": data})

    async def pin(self, **spec: Any) -> Body:
        """A job whose score was accepted and stored, as the status then says."""
        score = await self.ready(job(1, **spec))
        name = score_config_map_name("song", UID, score.compiled["digest"])
        self.config_map(name, **{"score.json": score.text})
        self.scores.stored("default", name)
        pinned = {"name": "song", "digest": score.compiled["digest"], "totalSheets": 1, "configMap": name}
        return job(2, status={"run": 1, "observedGeneration": 1, "score": {**pinned, "source": score.source}}, **spec)

    def restart(self) -> None:
        """Of the operator: memory is gone."""
        self.scores = ScoreSource(self.cluster, self.sandbox.compile)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def edited(body: Body, **spec: Any) -> Body:
    meta = {**body["metadata"], "generation": body["metadata"]["generation"] + 1, "resourceVersion": "9"}
    merged = {key: value for key, value in {**body["spec"], **spec}.items() if value is not None}
    return {**body, "metadata": meta, "spec": merged}


FROM = {"scoreText": None, "scoreFrom": {"configMapKeyRef": {"name": "scores", "key": "song.yaml"}}}


def written(**spec: Any) -> Body:
    return edited(job(1), **spec)


@pytest.mark.parametrize(
    ("spec", "source"),
    [
        ({}, "spec.scoreText"),
        ({"scoreText": None, "score": {"name": "song"}}, "spec.score"),
        (FROM, "configmap/scores/song.yaml@1"),
    ],
)
async def test_three_places_for_a_score(stage: Stage, spec: dict[str, Any], source: str) -> None:
    stage.config_map("scores", **{"song.yaml": "name: song\n"})
    score = await stage.ready(written(**spec))
    assert score.source == source and not score.stored and score.edit is None
    assert json.loads(score.text) == score.compiled


async def test_what_is_not_there_yet_is_waited_for(stage: Stage) -> None:
    missing = await stage.refused(written(**FROM))
    assert (missing.reason, missing.stalled) == ("ScoreNotFound", False) and "'scores'" in missing.message
    stage.config_map("scores", other="x")
    missing = await stage.refused(written(**FROM))
    assert (missing.reason, missing.stalled) == ("ScoreNotFound", False) and "'song.yaml'" in missing.message


async def test_a_bad_score_stalls(stage: Stage) -> None:
    refused = await stage.refused(job(1, scoreText="bad"))
    assert refused == ScoreRefusal("ScoreInvalid", "name: missing: add it", stalled=True)


async def test_no_score_at_all(stage: Stage) -> None:
    assert (await stage.refused(written(scoreText=None))).reason == "ScoreInvalid"


async def test_a_chosen_score_is_not_compiled_twice(stage: Stage) -> None:
    first = await stage.ready(job(1))
    stage.scores.stored("default", score_config_map_name("song", UID, first.compiled["digest"]))
    second = await stage.ready(job(1))
    assert second.stored and second.compiled == first.compiled and stage.sandbox.calls == 1
    await stage.ready(edited(job(1), scoreText="name: other\n"))
    assert stage.sandbox.calls == 2


async def test_a_pinned_score_costs_nothing(stage: Stage) -> None:
    pinned = await stage.pin()
    calls = len(stage.cluster.calls)
    score = await stage.ready(pinned)
    assert score.stored and score.edit is None and score.source == "spec.scoreText"
    assert (stage.sandbox.calls, len(stage.cluster.calls)) == (1, calls)


async def test_after_a_restart_it_is_read_from_its_config_map_once(stage: Stage) -> None:
    pinned = await stage.pin()
    stage.restart()
    for _ in range(2):
        assert (await stage.ready(pinned)).compiled["name"] == "song"
    assert [call.verb for call in stage.cluster.calls] == ["get"] and stage.sandbox.calls == 1


async def test_a_lost_config_map_is_made_again_from_the_same_score(stage: Stage) -> None:
    pinned = await stage.pin()
    stage.cluster.store.delete("configmaps", "default", pinned["status"]["score"]["configMap"])
    assert (await stage.ready(pinned)).stored, "nobody has looked yet"
    stage.scores.doubt(JobView.of(pinned))
    again = await stage.ready(pinned)
    assert not again.stored and json.loads(again.text) == again.compiled


async def test_a_lost_config_map_and_another_score_is_waited_out(stage: Stage) -> None:
    pinned = await stage.pin()
    stage.cluster.store.delete("configmaps", "default", pinned["status"]["score"]["configMap"])
    stage.restart()
    missing = await stage.refused(edited(pinned, scoreText="name: other\n"))
    assert missing.reason == "ScoreNotFound" and not missing.stalled


@pytest.mark.parametrize("garbage", ["{}", "no json", "[" * 100_000, '{"digest": "other"}', "[1]"])
async def test_a_config_map_that_somebody_replaced_is_not_believed(stage: Stage, garbage: str) -> None:
    pinned = await stage.pin()
    name = pinned["status"]["score"]["configMap"]
    stage.cluster.store.delete("configmaps", "default", name)
    stage.config_map(name, **{"score.json": garbage})
    stage.restart()
    refused = await stage.refused(pinned)
    assert refused.reason == "ScoreInvalid" and name in refused.message


CHANGES: dict[str, tuple[dict[str, Any], bool]] = {
    "another verb": ({"paused": True}, False),
    "another score": ({"scoreText": "name: other\n"}, True),
    "a bad score": ({"scoreText": "bad"}, True),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_an_edit_changes_nothing_but_is_seen(stage: Stage, change: str) -> None:
    spec, changed = CHANGES[change]
    pinned = await stage.pin()
    body = edited(pinned, **spec)
    score = await stage.ready(body)
    assert (score.edit is not None) == changed and score.compiled["digest"] == pinned["status"]["score"]["digest"]
    calls = stage.sandbox.calls, len(stage.cluster.calls)
    body["status"]["observedGeneration"] = body["metadata"]["generation"]
    assert (await stage.ready(body)).edit == score.edit
    assert (stage.sandbox.calls, len(stage.cluster.calls)) == calls, "read once for each generation"


KNOWN = {
    "edited": ("True", "Ignored", "name: other\n", 2, True),
    "limits alone were edited": ("False", "LimitsTaken", "name: other\n", 2, True),
    "taken back": ("False", "Unchanged", "name: other\n", 1, False),
    "an edit that is none": ("True", "Ignored", "name: song\n", 2, False),
}


@pytest.mark.parametrize("case", KNOWN)
async def test_after_a_restart_an_edit_is_read_again_if_the_status_knows_of_one(stage: Stage, case: str) -> None:
    told, reason, text, calls, expected = KNOWN[case]
    pinned = await stage.pin(scoreText="name: song\n")
    condition = {"type": "ScoreChangeIgnored", "status": told, "reason": reason, "lastTransitionTime": "x"}
    pinned["status"]["conditions"] = [condition]
    pinned["spec"]["scoreText"] = text
    stage.restart()
    assert ((await stage.ready(pinned)).edit is not None) == expected
    assert stage.sandbox.calls == calls


async def test_an_edit_that_is_gone_after_a_restart_is_told(stage: Stage) -> None:
    pinned = await stage.pin()
    condition = {"type": "ScoreChangeIgnored", "status": "True", "reason": "Ignored", "lastTransitionTime": "x"}
    pinned["status"]["conditions"] = [condition]
    pinned["spec"] = {"scoreFrom": FROM["scoreFrom"]}
    stage.restart()
    edit = (await stage.ready(pinned)).edit
    assert edit is not None and "ConfigMap 'scores' does not exist" in edit.problem


async def test_memory_is_bounded(stage: Stage) -> None:
    stage.sandbox.padding = "x" * (REMEMBERED_CHARACTERS // 3)
    jobs = [job(1, name=f"song-{number}", uid=f"uid-{number}") for number in range(4)]
    for body in jobs:
        await stage.ready(body)
    compiled = stage.sandbox.calls
    await stage.ready(jobs[3])
    assert stage.sandbox.calls == compiled
    await stage.ready(jobs[0])
    assert stage.sandbox.calls == compiled + 1


async def test_of_a_forgotten_score_that_is_to_run_it_is_still_remembered_that_it_is_stored(stage: Stage) -> None:
    """Else a job that waits for its old run to end would make the same ConfigMap again, and never look further."""
    pinned = await stage.pin()
    stage.sandbox.padding = "x" * (REMEMBERED_CHARACTERS // 3)
    body = edited(pinned, scoreText="name: other\n", onScoreChange="RerunAll")
    score = await stage.ready(body)
    assert score.edit is not None and score.edit.successor is not None and not score.edit.successor.stored
    name = score_config_map_name("song", UID, score.edit.successor.compiled["digest"])
    for number in range(4):
        await stage.ready(job(1, name=f"song-{number}", uid=f"uid-{number}"))
    await stage.ready(body)
    stage.scores.stored("default", name)
    edit = (await stage.ready(body)).edit
    assert edit is not None and edit.successor is not None and edit.successor.stored


async def test_an_edited_score_without_the_sheet_to_start_with_is_no_run_of_nothing(stage: Stage) -> None:
    pinned = await stage.pin()
    stage.sandbox.padding = "x"
    edit = (await stage.ready(edited(pinned, scoreText="name: other\n", onScoreChange="RerunAll", startSheet=2))).edit
    assert edit is not None and edit.successor is None
    assert edit.problem == "spec.startSheet: 2, but it has 1 sheets"


async def test_an_edit_that_names_a_config_map_is_taken_when_that_comes(stage: Stage) -> None:
    """GitOps may apply the two in any order."""
    pinned = await stage.pin()
    body = edited(pinned, **FROM)
    for _ in range(2):
        missing = (await stage.ready(body)).edit
        assert missing is not None and "ConfigMap 'scores' does not exist" in missing.problem
        body["status"]["observedGeneration"] = body["metadata"]["generation"]
        condition = {"type": "ScoreChangeIgnored", "status": "True", "reason": "Ignored", "lastTransitionTime": "x"}
        body["status"]["conditions"] = [condition]
    stage.config_map("scores", **{"song.yaml": "name: other\n"})
    edit = (await stage.ready(body)).edit
    assert edit is not None and not edit.problem


async def test_a_config_map_that_was_read_may_go(stage: Stage) -> None:
    stage.config_map("scores", **{"song.yaml": "name: song\n"})
    pinned = await stage.pin(**FROM)
    stage.cluster.store.delete("configmaps", "default", "scores")
    assert (await stage.ready(edited(pinned, paused=True))).edit is None
