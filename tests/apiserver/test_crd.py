"""What the API server itself makes of the CRDs: what they accept and refuse, keep, fill in and cost."""

import json
from typing import Any

import pytest

from dev.cluster.control_plane import ControlPlane
from tests.apiserver.conftest import Kubectl
from tests.apiserver.install import CRDS
from tests.apiserver.jobs import score
from tests.simulated_kubelet.api import JOBS, Api, ApiError, Body, jobs_path
from tests.unit.plan.test_fit import LIMITS, largest, written

REF = {"name": "scores", "key": "song.yaml"}
TEXT = {"scoreText": "name: song\n"}
TYPED = {"name": "song", "sheet": {"size": 1, "total_items": 2}, "prompt": {"template": "hello"}}
STRICT = "fieldValidation=Strict"
SHEETS_RULE = "within a run finished sheets stay as they are"


def job(spec: Body, name: str = "song") -> Body:
    return {"apiVersion": "marianne.dev/v1alpha1", "kind": "MarianneJob", "metadata": {"name": name}, "spec": spec}


async def create(api: Api, namespace: str, spec: Body, name: str = "song") -> Body:
    return await api.post(f"{jobs_path(namespace)}?{STRICT}", job(spec, name))


async def refusal(api: Api, namespace: str, spec: Body, name: str = "song") -> str:
    with pytest.raises(ApiError) as refused:
        await create(api, namespace, spec, name)
    assert refused.value.code in (400, 422)
    return str(refused.value)


async def put_status(api: Api, body: Body, status: Body) -> Body:
    """As the operator writes it, except that the server says what it does not know."""
    path = f"{jobs_path(body['metadata']['namespace'], body['metadata']['name'])}/status?{STRICT}"
    return await api.request("PUT", path, {**body, "status": status})


def sheet(num: int, state: str = "pending", attempt: int = 0, **more: Any) -> Body:
    return {"num": num, "state": state, "attempt": attempt, **more}


def status(*sheets: Body, run: int = 1, **more: Any) -> Body:
    return {"observedGeneration": 1, "run": run, "sheets": list(sheets), **more}


def test_a_dry_run_of_the_files_is_clean(control_plane: ControlPlane) -> None:
    done = control_plane.kubectl("apply", "--server-side", "--dry-run=server", "-f", str(CRDS))
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("serverside-applied (server dry run)") == 3


@pytest.mark.parametrize(
    "spec",
    [
        TEXT,
        {"score": TYPED},
        {"scoreFrom": {"configMapKeyRef": REF}},
        {**TEXT, "workspace": {"retentionPolicy": "Delete"}},
        {**TEXT, "workspace": {"persistentVolumeClaim": {"claimName": "work", "subPath": "a/b"}}},
        {**TEXT, "workspace": {"volumeClaimTemplate": {"storage": "5Gi", "accessModes": ["ReadWriteMany"]}}},
        {**TEXT, "files": [{"path": "a.md", "configMapKeyRef": REF}, {"path": "b/c.md", "secretKeyRef": REF}]},
        {**TEXT, "restart": {"token": "again"}, "pausePolicy": "Interrupt", "cancelPolicy": "Now"},
        {**TEXT, "sheetTemplate": {"env": [{"name": "A", "value": "b"}], "resources": {"limits": {"memory": "1Gi"}}}},
        {**TEXT, "activeDeadlineSeconds": 60, "ttlSecondsAfterFinished": 0, "podRetention": "None"},
    ],
    ids=lambda spec: ",".join(sorted(spec)),
)
async def test_accepted(api: Api, namespace: str, spec: Body) -> None:
    made = await create(api, namespace, spec)
    assert made["status"] == {"observedGeneration": -1}, "or kstatus takes a new job for a finished one"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "exactly one of score, scoreText, scoreFrom"),
        ({**TEXT, "score": TYPED}, "exactly one of score, scoreText, scoreFrom"),
        ({**TEXT, "scoreFrom": {"configMapKeyRef": REF}}, "exactly one of score, scoreText, scoreFrom"),
        ({**TEXT, "files": [{"path": "a.md"}]}, "exactly one of configMapKeyRef, secretKeyRef"),
        (
            {**TEXT, "files": [{"path": "a", "configMapKeyRef": REF, "secretKeyRef": REF}]},
            "exactly one of configMapKeyRef, secretKeyRef",
        ),
        ({**TEXT, "files": [{"path": "a", "configMapKeyRef": REF}] * 2}, "Duplicate value"),
        ({**TEXT, "files": [{"path": "/etc/a", "configMapKeyRef": REF}]}, "spec.files[0].path"),
        (
            {**TEXT, "workspace": {"persistentVolumeClaim": {"claimName": "a"}, "volumeClaimTemplate": {}}},
            "at most one of persistentVolumeClaim, volumeClaimTemplate",
        ),
        ({**TEXT, "startSheet": 0}, "spec.startSheet"),
        ({**TEXT, "pausePolicy": "Sometimes"}, "spec.pausePolicy"),
        ({**TEXT, "restart": {"scope": "Failed"}}, "spec.restart.token"),
        ({**TEXT, "mode": "Plan"}, 'unknown field \\"spec.mode\\"'),
        ({**TEXT, "cancelled": True}, 'unknown field \\"spec.cancelled\\"'),
        ({"score": TYPED | {"sheet": {"size": 0, "total_items": 1}}}, "spec.score.sheet.size"),
        ({"score": {"name": "song"}}, "spec.score.prompt"),
        ({"scoreText": "a" * 524289}, "spec.scoreText"),
    ],
)
async def test_refused(api: Api, namespace: str, spec: Body, said: str) -> None:
    assert said in await refusal(api, namespace, spec)


async def test_a_name_is_a_label_s_value_too(api: Api, namespace: str) -> None:
    await create(api, namespace, TEXT, "a" * 63)
    assert "metadata.name: at most 63 characters" in await refusal(api, namespace, TEXT, "a" * 64)


async def test_a_typed_score_keeps_what_the_schema_does_not_name(api: Api, namespace: str) -> None:
    typed = {**TYPED, "mispelt": 1, "instrument": None, "prompt": {"template": "x", "tempalte": "y"}}
    typed["sheet"] = {"size": 1, "total_items": 2, "dependencies": {"2": [1]}, "cadenzas": {"1": [{"as": "skill"}]}}
    assert (await create(api, namespace, {"score": typed}))["spec"]["score"] == typed


async def test_a_whole_score_in_both_forms(api: Api, namespace: str) -> None:
    """What the tests' own scores say is the same for the schema and for the loader."""
    tree = json.loads(json.dumps(score(5, dependencies={2: [1], 5: [3, 4]})))
    assert (await create(api, namespace, {"score": tree}))["spec"]["score"] == tree


async def test_what_is_filled_in_is_little(api: Api, namespace: str) -> None:
    spec = (await create(api, namespace, TEXT))["spec"]
    filled = {key: value for key, value in spec.items() if key not in TEXT}
    assert filled == {
        "startSheet": 1,
        "pausePolicy": "Drain",
        "cancelPolicy": "Graceful",
        "onScoreChange": "Ignore",
        "podRetention": "All",
        "nodeLostPolicy": "Wait",
    }


async def test_the_spec_may_change_freely(api: Api, namespace: str) -> None:
    """A refused update would stop a whole GitOps sync; cancel is latched in status instead."""
    await create(api, namespace, {**TEXT, "cancel": True, "startSheet": 3})
    path = jobs_path(namespace, "song")
    changed = {"cancel": False, "startSheet": 1, "scoreText": None, "scoreFrom": {"configMapKeyRef": REF}}
    assert (await api.patch(path, {"spec": changed}))["metadata"]["generation"] == 2


GOING_ON = [sheet(1, "completed", 1, exitCode=0), sheet(2, "in_progress", 2), sheet(3)]


@pytest.mark.parametrize(
    "after",
    [
        status(GOING_ON[0], sheet(2, "completed", 2), sheet(3, "dispatched", 1)),
        status(GOING_ON[0], sheet(2, "retry_scheduled", 2), sheet(3, "skipped")),
        status(sheet(1, "pending", 1), sheet(2, "pending", 2), sheet(3), run=2),
        status(sheet(1, "pending", 1), run=2, attemptFloor=2),
        status(*GOING_ON, sheet(4), run=2),
    ],
    ids=["next", "retry", "restart", "fewer-sheets", "more-sheets"],
)
async def test_a_status_that_goes_on(api: Api, namespace: str, after: Body) -> None:
    body = await put_status(api, await create(api, namespace, TEXT), status(*GOING_ON))
    assert (await put_status(api, body, after))["status"] == after


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (status(sheet(1, "pending", 1), *GOING_ON[1:]), SHEETS_RULE),
        (status(sheet(1, "failed", 1, exitCode=0), *GOING_ON[1:]), SHEETS_RULE),
        (status(sheet(1, "completed", 1, exitCode=1), *GOING_ON[1:]), SHEETS_RULE),
        (status(sheet(1, "completed", 2, exitCode=0), *GOING_ON[1:]), SHEETS_RULE),
        (status(GOING_ON[0], sheet(2, "in_progress", 1), GOING_ON[2]), SHEETS_RULE),
        (status(*GOING_ON[:2]), SHEETS_RULE),
        (status(*GOING_ON, sheet(4)), SHEETS_RULE),
        (status(GOING_ON[0], GOING_ON[2], GOING_ON[1]), SHEETS_RULE),
        (status(sheet(1, "pending", 0), *GOING_ON[1:], run=2), SHEETS_RULE),
        (status(GOING_ON[0], run=2), SHEETS_RULE),
        (status(GOING_ON[0], run=2, attemptFloor=1), SHEETS_RULE),
        (status(*GOING_ON, run=3), "status.run grows by one"),
        (status(*GOING_ON, run=0), "status.run"),
        ({"observedGeneration": 1}, "status.run grows by one"),
        ({"observedGeneration": 1, "run": 1}, SHEETS_RULE),
        (status({"num": 1, "state": "pending"}), "attempt"),
        (status(sheet(1, "done", 1), *GOING_ON[1:]), "Unsupported value"),
    ],
)
async def test_a_status_that_goes_back(api: Api, namespace: str, after: Body, said: str) -> None:
    body = await put_status(api, await create(api, namespace, TEXT), status(*GOING_ON))
    with pytest.raises(ApiError, match=said) as refused:
        await put_status(api, body, after)
    assert refused.value.code == 422


async def test_what_a_finished_sheet_s_checks_said_stays_too(api: Api, namespace: str) -> None:
    """The rule compares whole items, to the last key of what lies in them."""
    check = {"rule_type": "file_exists", "passed": False, "check_duration_ms": 0.5, "confidence": 1.0}
    check["checked_at"] = "2027-01-15T08:00:00.000Z"
    first = status(sheet(1, "failed", 1, validationDetails=[check]))
    body = await put_status(api, await create(api, namespace, TEXT), first)
    assert body["status"] == first
    with pytest.raises(ApiError, match=SHEETS_RULE):
        await put_status(api, body, status(sheet(1, "failed", 1, validationDetails=[check | {"passed": True}])))


async def test_the_attempt_floor_never_goes_down(api: Api, namespace: str) -> None:
    body = await put_status(api, await create(api, namespace, TEXT), status(attemptFloor=4))
    for floor in ({"attemptFloor": 3}, {}):
        with pytest.raises(ApiError, match=r"status\.attemptFloor never goes down"):
            await put_status(api, body, status(run=1, **floor))


async def test_no_user_s_write_reaches_the_status(api: Api, namespace: str) -> None:
    await put_status(api, await create(api, namespace, TEXT), status(*GOING_ON))
    kept = await api.patch(jobs_path(namespace, "song"), {"status": {"run": 9, "sheets": None}})
    assert kept["status"] == status(*GOING_ON)


@pytest.mark.parametrize("total", LIMITS)
@pytest.mark.parametrize(("outcome", "reason"), [("completed", ""), ("failed", "ValidationFailed")])
async def test_the_largest_status_is_stored_whole(
    api: Api, namespace: str, total: int, outcome: str, reason: str
) -> None:
    """Nothing that the operator writes is unknown to the CRD, and managedFields do not double it."""
    told = written(total, largest(outcome, reason)).dump()
    running = {**told, "sheets": [sheet(each["num"], "dispatched", each["attempt"]) for each in told["sheets"]]}
    body = await put_status(api, await create(api, namespace, TEXT), running)
    body = await put_status(api, body, told)
    assert body["status"] == told
    again = await put_status(api, body, {**told, "progress": f"{total}/{total}"})
    assert again["status"]["sheets"] == told["sheets"]
    stored = len(json.dumps(again, ensure_ascii=False, separators=(",", ":")).encode())
    assert stored < LIMITS[total] * 1.1 + total * 40 + 4000


def test_kubectl_shows_a_job(control_plane: ControlPlane, kubectl: Kubectl) -> None:
    assert kubectl("create", "-f", "-", text=json.dumps(job(TEXT))).returncode == 0
    listing = kubectl("get", "mj")
    assert listing.stdout.split("\n")[0].split() == ["NAME", "PHASE", "PROGRESS", "WAITING", "AGE"]
    assert "SCORE" in kubectl("get", "mj", "-o", "wide").stdout
    assert "song" in kubectl("get", "marianne", "-o", "name").stdout
    explained = kubectl("explain", "mj.spec.sheetTemplate").stdout
    assert "Added to every sheet's Pod." in explained


INSTRUMENT = {"profile": {"cli": {"command": {"executable": "bash", "prompt_flag": "-c"}}}}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "spec.profile"),
        ({"profile": {}}, "exactly the block of its kind"),
        ({"profile": {"http": {"base_url": "http://a"}}}, "exactly the block of its kind"),
        ({"profile": {"kind": "http", "http": {"base_url": "ftp://a"}}}, "spec.profile.http.base_url"),
        ({"profile": {"cli": {"command": {}}}}, "spec.profile.cli.command.executable"),
        ({**INSTRUMENT, "credentials": [{"name": "KEY", "value": "secret"}]}, "spec.credentials[0].value"),
        ({**INSTRUMENT, "credentials": [{"name": "A-B", "secretKeyRef": REF}]}, "spec.credentials[0].name"),
        ({**INSTRUMENT, "credentials": [{"name": "A", "secretKeyRef": REF}] * 2}, "Duplicate value"),
        ({"profile": {"kind": "http", **INSTRUMENT["profile"]}}, "exactly the block of its kind"),
        ({"profile": {"kind": "grpc", **INSTRUMENT["profile"]}}, "spec.profile.kind"),
        ({**INSTRUMENT, "imagee": "a"}, 'unknown field \\"spec.imagee\\"'),
    ],
)
async def test_refused_instruments(api: Api, namespace: str, spec: Body, said: str) -> None:
    body = {"apiVersion": "marianne.dev/v1alpha1", "kind": "Instrument", "metadata": {"name": "mine"}, "spec": spec}
    with pytest.raises(ApiError) as refused:
        await api.post(f"{JOBS}/namespaces/{namespace}/instruments?{STRICT}", body)
    assert said in str(refused.value)


async def test_an_instrument_of_a_namespace(api: Api, namespace: str) -> None:
    spec = {**INSTRUMENT, "image": "localhost/a:b", "credentials": [{"name": "KEY", "secretKeyRef": REF}]}
    body = {"apiVersion": "marianne.dev/v1alpha1", "kind": "Instrument", "metadata": {"name": "mine"}, "spec": spec}
    made = await api.post(f"{JOBS}/namespaces/{namespace}/instruments?{STRICT}", body)
    assert made["spec"] == spec, "the runner fills in what is absent, once"
