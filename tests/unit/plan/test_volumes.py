"""The workspace beside the ledger, in the three ways of mounting it; and files beside the score."""

import pytest

from tests.unit.plan.test_pod_manifest import made


def mounted(body):
    """Mount path to (volume, sub-path, read-only)."""
    mounts = body["spec"]["containers"][0]["volumeMounts"]
    return {each["mountPath"]: (each["name"], each.get("subPath"), each.get("readOnly", False)) for each in mounts}


FIXED = {
    "/marianne/score": ("score", None, True),
    "/marianne/brief": ("brief", None, True),
    "/tmp": ("temporary", None, False),
}
WORKSPACES = {
    "a claim of ours": (
        {},
        {"/workspace": ("claim", "workspace", False), "/marianne/ledger": ("claim", "ledger", False)},
        "tune-workspace",
    ),
    "the root of a user's claim": (
        {"persistentVolumeClaim": {"claimName": "mine"}},
        {
            "/workspace": ("claim", None, False),
            "/workspace/.marianne": ("mask", None, True),
            "/marianne/ledger": ("claim", ".marianne", False),
        },
        "mine",
    ),
    "a folder of a user's claim": (
        {"persistentVolumeClaim": {"claimName": "mine", "subPath": "a/b"}},
        {"/workspace": ("claim", "a/b", False), "/marianne/ledger": ("claim", ".marianne", False)},
        "mine",
    ),
}


@pytest.mark.parametrize(("workspace", "mounts", "claim"), WORKSPACES.values(), ids=WORKSPACES)
def test_the_ledger_lies_outside_the_workspace(workspace, mounts, claim):
    body = made(workspace=workspace)
    assert mounted(body) == FIXED | mounts
    volumes = {each["name"]: each for each in body["spec"]["volumes"]}
    assert set(volumes) == {name for name, _, _ in mounted(body).values()}
    assert volumes["claim"]["persistentVolumeClaim"] == {"claimName": claim}
    assert volumes["score"]["configMap"]["name"].startswith("tune-")
    assert volumes["temporary"]["emptyDir"]["sizeLimit"] == "1Gi"
    paths = {each["path"]: each["fieldRef"]["fieldPath"] for each in volumes["brief"]["downwardAPI"]["items"]}
    assert paths == {"brief.json": "metadata.annotations['marianne.dev/brief']", "pod-uid": "metadata.uid"}


def test_files_beside_the_score():
    files = [
        {"path": "a/b.md", "configMapKeyRef": {"name": "texts", "key": "b"}},
        {"path": "key", "secretKeyRef": {"name": "secrets", "key": "k"}},
    ]
    body = made(files=files)
    assert mounted(body)["/score"] == ("files", None, True)
    volume = next(each for each in body["spec"]["volumes"] if each["name"] == "files")
    assert volume["projected"]["sources"] == [
        {"configMap": {"name": "texts", "items": [{"key": "b", "path": "a/b.md"}]}},
        {"secret": {"name": "secrets", "items": [{"key": "k", "path": "key"}]}},
    ]
