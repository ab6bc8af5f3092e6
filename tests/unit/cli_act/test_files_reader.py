"""The Pod that reads a workspace: no more rights than a sheet's, and no longer than it must."""

import pytest

from kubectl_marianne.files_pod import ReaderError, started, why_pending
from kubectl_marianne.files_reader import NoImageError, Question, claim_of, image_of, reader
from marianne_operator.model.confinement import CONTAINER_SECURITY, POD_SECURITY

JOB = {
    "apiVersion": "marianne.dev/v1alpha1",
    "kind": "MarianneJob",
    "metadata": {"name": "song", "namespace": "band", "uid": "u-1"},
    "spec": {"sheetTemplate": {"nodeSelector": {"disk": "fast"}, "imagePullSecrets": [{"name": "pull"}]}},
}
CLAIM = {"metadata": {"name": "song-workspace", "uid": "c-1"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
ASKED = Question("cat", "report.md")


def pod(image: str, created: str, labels: dict[str, str]) -> dict:
    containers = [{"name": "proxy", "image": "proxy:1"}, {"name": "sheet", "image": image}]
    return {"metadata": {"labels": labels, "creationTimestamp": created}, "spec": {"containers": containers}}


def test_it_is_restricted_by_the_same_words_as_a_sheet() -> None:
    spec = reader(JOB, CLAIM, "image:1", ASKED)["spec"]
    assert spec["securityContext"] == POD_SECURITY
    assert spec["containers"][0]["securityContext"] == CONTAINER_SECURITY
    assert spec["automountServiceAccountToken"] is False
    assert spec["restartPolicy"] == "Never"
    assert 0 < spec["activeDeadlineSeconds"] <= 600


def test_it_reads_the_claim_and_goes_with_its_job() -> None:
    body = reader(JOB, CLAIM, "image:1", ASKED)
    container = body["spec"]["containers"][0]
    assert body["spec"]["volumes"] == [{"name": "claim", "persistentVolumeClaim": {"claimName": "song-workspace"}}]
    assert container["volumeMounts"] == [
        {"name": "claim", "mountPath": "/workspace", "readOnly": True, "subPath": "workspace"}
    ]
    assert container["command"][-3:] == ["/workspace", "cat", "report.md"]
    assert body["metadata"]["ownerReferences"][0]["uid"] == "u-1"
    assert (body["spec"]["nodeSelector"], body["spec"]["imagePullSecrets"]) == ({"disk": "fast"}, [{"name": "pull"}])
    assert "marianne.dev/job" not in body["metadata"]["labels"], "the operator would take it for a sheet's"


@pytest.mark.parametrize(
    ("workspace", "folder"),
    [({}, "ledger"), ({"persistentVolumeClaim": {"claimName": "work", "subPath": "a/b"}}, ".marianne")],
)
def test_evidence_is_read_in_the_ledger_alone(workspace: dict, folder: str) -> None:
    body = reader(JOB | {"spec": {"workspace": workspace}}, CLAIM, "image:1", Question("evidence", "u-1/s3"))
    (mount,) = body["spec"]["containers"][0]["volumeMounts"]
    assert (mount["subPath"], mount["readOnly"]) == (folder, True)


def test_it_goes_where_a_volume_of_one_node_is() -> None:
    affinity = reader(JOB, CLAIM, "image:1", ASKED)["spec"]["affinity"]
    term = affinity["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert term["labelSelector"]["matchLabels"] == {"marianne.dev/claim": "c-1"}
    shared = CLAIM | {"spec": {"accessModes": ["ReadWriteMany"]}}
    assert reader(JOB, shared, "image:1", ASKED)["spec"]["affinity"] == {}


@pytest.mark.parametrize(
    ("workspace", "claim"),
    [
        ({}, ("song-workspace", "workspace")),
        ({"volumeClaimTemplate": {"storage": "1Gi"}}, ("song-workspace", "workspace")),
        ({"persistentVolumeClaim": {"claimName": "work"}}, ("work", None)),
        ({"persistentVolumeClaim": {"claimName": "work", "subPath": "a/b"}}, ("work", "a/b")),
    ],
)
def test_the_claim_is_the_jobs_own(workspace: dict, claim: tuple[str, str | None]) -> None:
    assert claim_of(JOB | {"spec": {"workspace": workspace}}) == claim


def test_the_image_is_the_latest_sheets() -> None:
    pods = [
        pod("new:2", "2026-11-24T12:00:00Z", {"marianne.dev/sheet": "2"}),
        pod("old:1", "2026-11-24T11:00:00Z", {"marianne.dev/sheet": "1"}),
        pod("other:1", "2026-11-24T13:00:00Z", {}),
    ]
    assert image_of(pods) == "new:2"
    with pytest.raises(NoImageError, match="--image"):
        image_of(pods[2:])


def test_a_pod_is_waited_for_as_long_as_it_may_start() -> None:
    assert started({"status": {"phase": "Running"}})
    assert started({"status": {"phase": "Failed"}})
    pulling = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    pending = {"status": {"phase": "Pending", "containerStatuses": [pulling]}}
    assert not started(pending)
    assert why_pending(pending) == "ImagePullBackOff: no such image"
    unplaced = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}
    assert why_pending({"status": {"phase": "Pending", "conditions": [unplaced]}}) == "0/1 nodes are available"
    never = {"state": {"waiting": {"reason": "ErrImageNeverPull", "message": "absent"}}}
    with pytest.raises(ReaderError, match="ErrImageNeverPull: absent"):
        started({"status": {"phase": "Pending", "containerStatuses": [never]}})
