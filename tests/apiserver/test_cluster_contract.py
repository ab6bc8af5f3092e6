"""What the operator relies on of a cluster, asked of the fake and of the real API server alike."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from marianne_operator.control.cluster import (
    AlreadyExistsError,
    Body,
    ConflictError,
    NotFoundError,
    RefusedError,
)
from tests.apiserver.worlds import FakeWorld, RealWorld, World, eventually

SPEC = {"scoreText": "name: contract\n"}
JOB_LABELS = {"marianne.dev/job": "song"}


@pytest.fixture(params=["fake", "real"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "fake":
        opened: World = FakeWorld()
    else:
        opened = await RealWorld.open(request.getfixturevalue("control_plane").kubeconfig)
    yield opened
    await opened.close()


def pod(world: World, name: str, **meta: Any) -> Body:
    container = {"name": "sheet", "image": "localhost/none:dev"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": world.namespace, "name": name, "labels": JOB_LABELS, **meta},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 7, "containers": [container]},
    }


def status_of(job: Body, **status: Any) -> Body:
    meta = {key: job["metadata"][key] for key in ("namespace", "name", "uid", "resourceVersion")}
    return {"apiVersion": job["apiVersion"], "kind": job["kind"], "metadata": meta, "status": status}


def sheet(num: int, state: str = "pending", attempt: int = 0) -> Body:
    return {"num": num, "state": state, "attempt": attempt}


async def test_a_new_object_has_identity_and_version(world: World) -> None:
    job = await world.add_job("song", SPEC)
    assert job["metadata"]["uid"] and job["metadata"]["generation"] == 1
    assert job["status"] == {"observedGeneration": -1}
    made = await world.cluster.create_pod(pod(world, "song-1"))
    assert int(made["metadata"]["resourceVersion"]) > int(job["metadata"]["resourceVersion"])
    assert made["status"]["phase"] == "Pending"
    assert await world.cluster.get_pod(world.namespace, "song-1") == made


async def test_a_name_is_taken_once(world: World) -> None:
    await world.cluster.create_pod(pod(world, "song-1"))
    with pytest.raises(AlreadyExistsError):
        await world.cluster.create_pod(pod(world, "song-1"))


async def test_what_is_not_there(world: World) -> None:
    with pytest.raises(NotFoundError):
        await world.cluster.get_job(world.namespace, "song")
    with pytest.raises(NotFoundError):
        await world.cluster.delete_pod(world.namespace, "song-1", "some-uid")
    elsewhere = pod(world, "song-1") | {"metadata": {"namespace": "no-such-namespace", "name": "song-1"}}
    with pytest.raises(NotFoundError):
        await world.cluster.create_pod(elsewhere)
    assert (await world.cluster.list_pods("no-such-namespace")).items == []


async def test_a_status_write_leaves_the_rest_alone(world: World) -> None:
    job = await world.add_job("song", SPEC)
    put = await world.cluster.put_status(status_of(job, observedGeneration=1, run=1, phase="Running"))
    assert put["spec"] == job["spec"] and put["metadata"]["generation"] == 1
    assert put["status"] == {"observedGeneration": 1, "run": 1, "phase": "Running"}
    assert int(put["metadata"]["resourceVersion"]) > int(job["metadata"]["resourceVersion"])
    again = await world.cluster.put_status(status_of(put, **put["status"]))
    assert again["metadata"]["resourceVersion"] == put["metadata"]["resourceVersion"], "no change, no version"


async def test_a_status_write_names_what_it_saw(world: World) -> None:
    job = await world.add_job("song", SPEC)
    await world.cluster.put_status(status_of(job, observedGeneration=1, run=1))
    with pytest.raises(ConflictError):
        await world.cluster.put_status(status_of(job, observedGeneration=1, run=1, phase="Running"))
    live = await world.cluster.get_job(world.namespace, "song")
    live["metadata"]["uid"] = "00000000-0000-0000-0000-00000000dead"
    with pytest.raises(ConflictError):
        await world.cluster.put_status(status_of(live, observedGeneration=1, run=1, phase="Running"))
    await world.remove_job("song")
    with pytest.raises(NotFoundError):
        await world.cluster.put_status(status_of(job, observedGeneration=1))


async def test_a_spec_edit_is_a_generation(world: World) -> None:
    job = await world.add_job("song", SPEC)
    put = await world.cluster.put_status(status_of(job, observedGeneration=1, run=1))
    edited = await world.edit_job("song", paused=True)
    assert edited["metadata"]["generation"] == 2 and edited["status"] == put["status"]


RULES = {
    "run may grow by one": ({"run": 1}, {"run": 2}, True),
    "run may not jump": ({"run": 1}, {"run": 3}, False),
    "run may not fall": ({"run": 2}, {"run": 1}, False),
    "run may not go": ({"run": 1}, {}, False),
    "the floor stays": ({"attemptFloor": 3}, {"attemptFloor": 2}, False),
    "a sheet moves on": ({"run": 1, "sheets": [sheet(1)]}, {"run": 1, "sheets": [sheet(1, "completed", 1)]}, True),
    "completed stays": (
        {"run": 1, "sheets": [sheet(1, "completed", 1)]},
        {"run": 1, "sheets": [sheet(1, "pending", 1)]},
        False,
    ),
    "the next run begins anew": (
        {"run": 1, "sheets": [sheet(1, "failed", 1)]},
        {"run": 2, "sheets": [sheet(1, "pending", 1)]},
        True,
    ),
    "attempts only grow, over runs too": (
        {"run": 1, "sheets": [sheet(1, "failed", 2)]},
        {"run": 2, "sheets": [sheet(1, "pending", 1)]},
        False,
    ),
    "no sheet goes within a run": (
        {"run": 1, "sheets": [sheet(1), sheet(2)]},
        {"run": 1, "sheets": [sheet(1)]},
        False,
    ),
    "a sheet may go with the next run": (
        {"run": 1, "sheets": [sheet(1), sheet(2, "failed", 2)]},
        {"run": 2, "attemptFloor": 2, "sheets": [sheet(1)]},
        True,
    ),
    "but its attempts are remembered": (
        {"run": 1, "sheets": [sheet(1), sheet(2, "failed", 2)]},
        {"run": 2, "attemptFloor": 1, "sheets": [sheet(1)]},
        False,
    ),
}


@pytest.mark.parametrize("rule", RULES)
async def test_status_rules(world: World, rule: str) -> None:
    before, after, allowed = RULES[rule]
    job = await world.add_job("song", SPEC)
    put = await world.cluster.put_status(status_of(job, observedGeneration=1, **before))
    change = world.cluster.put_status(status_of(put, observedGeneration=1, **after))
    if allowed:
        assert (await change)["status"] == {"observedGeneration": 1, **after}
    else:
        with pytest.raises(RefusedError) as refused:
            await change
        assert refused.value.code == 422 and refused.value.reason == "Invalid"


async def test_a_pod_that_runs_gets_its_grace(world: World) -> None:
    made = await world.cluster.create_pod(pod(world, "song-1"))
    uid = made["metadata"]["uid"]
    await world.bind_pod("song-1")
    await world.set_pod_status("song-1", {"phase": "Running"})
    with pytest.raises(ConflictError):
        await world.cluster.delete_pod(world.namespace, "song-1", "00000000-0000-0000-0000-00000000dead")
    ending = await world.cluster.delete_pod(world.namespace, "song-1", uid)
    assert ending is not None
    assert ending["metadata"]["deletionGracePeriodSeconds"] == 7 and ending["metadata"]["deletionTimestamp"]
    assert await world.cluster.get_pod(world.namespace, "song-1") == ending
    assert await world.cluster.delete_pod(world.namespace, "song-1", uid, 0) is None
    with pytest.raises(NotFoundError):
        await world.cluster.get_pod(world.namespace, "song-1")


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_a_pod_that_is_over_goes_at_once(world: World, phase: str) -> None:
    made = await world.cluster.create_pod(pod(world, "song-1"))
    await world.bind_pod("song-1")
    await world.set_pod_status("song-1", {"phase": phase})
    assert await world.cluster.delete_pod(world.namespace, "song-1", made["metadata"]["uid"]) is None


async def test_a_pod_that_was_never_placed_goes_at_once(world: World) -> None:
    made = await world.cluster.create_pod(pod(world, "song-1"))
    assert await world.cluster.delete_pod(world.namespace, "song-1", made["metadata"]["uid"]) is None


async def test_listings_show_labelled_pods_and_their_version(world: World) -> None:
    made = await world.cluster.create_pod(pod(world, "song-1"))
    await world.cluster.create_pod(pod(world, "stranger", labels={"app": "other"}))
    listing = await world.cluster.list_pods(world.namespace)
    assert [body["metadata"]["name"] for body in listing.items] == ["song-1"]
    assert listing.resource_version >= int(made["metadata"]["resourceVersion"])
    assert len((await world.cluster.list_pods(world.namespace, ["song", "other"])).items) == 1
    assert (await world.cluster.list_pods(world.namespace, ["other"])).items == []
    job = await world.add_job("song", SPEC)
    assert (await world.cluster.list_jobs(world.namespace)).resource_version >= int(job["metadata"]["resourceVersion"])


async def test_what_a_job_owns_goes_with_it(world: World) -> None:
    job = await world.add_job("song", SPEC)
    owner = {"apiVersion": job["apiVersion"], "kind": job["kind"], "name": "song", "uid": job["metadata"]["uid"]}
    await world.cluster.create_pod(pod(world, "song-1", ownerReferences=[owner | {"controller": True}]))
    await world.cluster.delete_job(world.namespace, "song", job["metadata"]["uid"])

    async def gone() -> None:
        assert (await world.cluster.list_pods(world.namespace)).items == []

    await eventually(gone, deadline=60)  # the garbage collector hears of a new CRD within half a minute


async def test_a_job_is_deleted_by_uid(world: World) -> None:
    await world.add_job("song", SPEC)
    with pytest.raises(ConflictError):
        await world.cluster.delete_job(world.namespace, "song", "00000000-0000-0000-0000-00000000dead")
    assert (await world.cluster.get_job(world.namespace, "song"))["metadata"]["name"] == "song"


async def test_an_impossible_pod_is_invalid(world: World) -> None:
    body = pod(world, "song-1")
    body["spec"]["containers"] = []
    with pytest.raises(RefusedError) as refused:
        await world.cluster.create_pod(body)
    assert (refused.value.code, refused.value.reason) == (422, "Invalid")


async def test_a_quota_is_named(world: World) -> None:
    await world.limit_pods(0)
    with pytest.raises(RefusedError) as refused:
        await world.cluster.create_pod(pod(world, "song-1"))
    assert refused.value.code == 403 and "exceeded quota" in refused.value.message


async def test_a_terminating_namespace_takes_nothing_new(world: World) -> None:
    await world.begin_termination()
    with pytest.raises(RefusedError) as refused:
        await world.cluster.create_pod(pod(world, "song-1"))
    assert refused.value.code == 403 and "because it is being terminated" in refused.value.message


async def test_an_event_is_told_once(world: World) -> None:
    job = await world.add_job("song", SPEC)
    about = {key: job["metadata"][key] for key in ("namespace", "name", "uid")} | {"kind": job["kind"]}
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": world.namespace, "name": "song.1"},
        "involvedObject": about,
        "type": "Warning",
        "reason": "Tested",
        "message": "for once",
    }
    await world.cluster.create_event(body)
    with pytest.raises(AlreadyExistsError):
        await world.cluster.create_event(body)
    told = await world.cluster.list_events(world.namespace, job["metadata"]["uid"])
    assert [event["reason"] for event in told] == ["Tested"]
    assert await world.cluster.list_events(world.namespace, "another-uid") == []


async def test_a_lease_goes_to_one(world: World) -> None:
    meta = {"namespace": world.namespace, "name": "conductor"}
    api = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    made = await world.cluster.create_lease({**api, "metadata": meta, "spec": {"holderIdentity": "a"}})
    with pytest.raises(AlreadyExistsError):
        await world.cluster.create_lease({**api, "metadata": meta, "spec": {"holderIdentity": "b"}})
    kept = await world.cluster.put_lease({**made, "spec": {"holderIdentity": "b"}})
    assert (await world.cluster.get_lease(world.namespace, "conductor"))["spec"] == kept["spec"]
    with pytest.raises(ConflictError):
        await world.cluster.put_lease({**made, "spec": {"holderIdentity": "c"}})


async def test_claims_and_config_maps(world: World) -> None:
    meta = {"namespace": world.namespace, "name": "thing"}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"score.json": "{}"}}
    await world.cluster.create_config_map(config_map)
    assert (await world.cluster.get_config_map(world.namespace, "thing"))["data"] == {"score.json": "{}"}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}
    made = await world.cluster.create_claim(claim)
    assert (await world.cluster.get_claim(world.namespace, "thing"))["metadata"]["uid"] == made["metadata"]["uid"]
    with pytest.raises(NotFoundError):
        await world.cluster.get_claim(world.namespace, "another")


async def test_the_status_of_an_instrument_is_merged(world: World) -> None:
    await world.add_instrument("keyed")
    told = {"limitedUntil": "2030-01-01T00:00:00.000Z"}
    body = await world.cluster.patch_instrument_status(world.namespace, "keyed", told)
    assert body["status"] == told and body["metadata"]["generation"] == 1
    body = await world.cluster.patch_instrument_status(world.namespace, "keyed", {"limitedUntil": None})
    assert not body.get("status")
    with pytest.raises(NotFoundError):
        await world.cluster.patch_cluster_instrument_status("no-such-instrument", {"limits": None})
