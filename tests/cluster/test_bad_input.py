"""Bad input on a real cluster: one clear condition and event that name the field and the fix."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.lane import Lane, bash_score, wait_for

pytestmark = pytest.mark.usefixtures("installed")

UNUSABLE = ("WorkspaceUnusable", "VolumeUnavailable")
"""A read-only volume fails before the Pod starts: the kubelet cannot make the ledger's folder on it."""
GOOD = bash_score("echo work > done")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
CYCLE = bash_score("true", "true", "true") | {
    "sheet": {"size": 1, "total_items": 3, "dependencies": {1: [3], 2: [1], 3: [2]}}
}


@dataclass(frozen=True)
class Stalled:
    """Refused: `reason` is the Stalled condition's, `says` is in its message."""

    name: str
    spec: dict[str, Any]
    reason: str
    says: str


@dataclass(frozen=True)
class Waits:
    """Waits and heals itself."""

    name: str
    spec: dict[str, Any]
    reason: str
    says: str


def _text(score: str) -> dict[str, Any]:
    return {"scoreText": score}


STALLED = [
    Stalled("no-yaml", _text("name: [unclosed"), "ScoreInvalid", "not YAML"),
    Stalled("bomb", _text(BOMB), "ScoreInvalid", "aliases"),
    Stalled("typo", _text("nmae: x\nsheet: {size: 1, total_items: 1}\nprompt: {template: x}"), "ScoreInvalid", "nmae"),
    Stalled("late-start", {"score": GOOD, "startSheet": 9}, "ScoreInvalid", "spec.startSheet"),
    Stalled("cycle", {"score": CYCLE}, "ScoreInvalid", "cycle"),
    Stalled("not-yet", {"score": GOOD | {"ai_review": {"enabled": True}}}, "ScoreUnsupported", "ai_review.enabled"),
    Stalled("undefined", {"score": bash_score("x") | {"prompt": {"template": "{{ nope }}"}}}, "SheetFailed", "nope"),
]
WAITS = [
    Waits("no-instrument", {"score": GOOD | {"instrument": "theremin"}}, "InstrumentNotFound", "theremin"),
    Waits("no-score", {"scoreFrom": {"configMapKeyRef": {"name": "gone", "key": "s"}}}, "ScoreNotFound", "'gone'"),
    Waits(
        "no-claim",
        {"score": GOOD, "workspace": {"persistentVolumeClaim": {"claimName": "gone"}}},
        "VolumeUnavailable",
        "'gone'",
    ),
    Waits("no-image", {"score": GOOD | {"instrument": "unpullable"}}, "ImagePull", "Pull"),
    Waits("no-runner", {"score": GOOD | {"instrument": "runnerless"}}, "RunnerMissing", "FROM the runner image"),
    Waits("no-node", {"score": GOOD, "sheetTemplate": {"nodeSelector": {"moon": "far"}}}, "Unschedulable", "node"),
    Waits(
        "no-secret",
        {
            "score": GOOD,
            "sheetTemplate": {"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "k"}}}]},
        },
        "SecretNotFound",
        "gone",
    ),
]


@pytest.fixture(scope="module")
def all_at_once(module_lane: Lane) -> Lane:
    """Every bad job, so that their waits overlap."""
    lane = module_lane
    lane.apply(_instrument("unpullable", "localhost/marianne/none:missing"), _instrument("runnerless", BASE_IMAGE))
    for case in [*STALLED, *WAITS]:
        spec = dict(case.spec)
        if "score" in spec:
            spec["score"] = _with_text_keys(spec["score"])
        body = {"apiVersion": "marianne.dev/v1alpha1", "kind": "MarianneJob", "metadata": {"name": case.name}}
        lane.apply(body | {"spec": spec})
    return lane


BASE_IMAGE = "localhost/marianne/base:dev"


@pytest.mark.parametrize("case", STALLED, ids=lambda case: case.name)
def test_what_can_never_run_says_so(all_at_once: Lane, case: Stalled) -> None:
    all_at_once.await_phase(case.name, "Refused", "Failed")
    stalled = all_at_once.condition(case.name, "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", case.reason)
    assert case.says in stalled["message"]
    assert any(case.says in event["message"] for event in all_at_once.events(case.name))


@pytest.mark.parametrize("case", WAITS, ids=lambda case: case.name)
def test_what_may_yet_run_says_what_it_waits_for(all_at_once: Lane, case: Waits) -> None:
    status = all_at_once.await_status(case.name, lambda s: s.get("waiting", {}).get("reason") == case.reason)
    assert case.says in status["waiting"]["message"]
    assert status["phase"] == "Waiting"
    assert any(event["reason"] == case.reason for event in all_at_once.events(case.name))
    column = all_at_once.kubectl("get", "mariannejob", case.name)
    assert case.reason in column


def test_an_instrument_that_comes_late_heals_its_job(all_at_once: Lane) -> None:
    all_at_once.await_phase("no-instrument", "Waiting")
    all_at_once.apply(_instrument("theremin", ""))
    all_at_once.await_phase("no-instrument", "Completed")


@pytest.fixture
def volumes(lane: Lane, tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Folders that a sheet cannot write to, each for another reason."""
    folders = {name: tmp_path / name for name in ("full", "read-only", "unwritable")}
    for folder in folders.values():
        folder.mkdir()
    tmp_path.parent.chmod(0o755)
    tmp_path.chmod(0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=0777", "tmpfs", folders["full"]], check=True)
    (folders["full"] / "filler").write_bytes(b"x" * 4096)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=0777", "tmpfs", folders["read-only"]], check=True)
    folders["unwritable"].chmod(0o555)
    yield folders
    for name in ("full", "read-only"):
        subprocess.run(["umount", "--lazy", folders[name]], check=True)


def test_a_workspace_that_takes_no_ledger_is_waited_for_and_costs_nothing(lane: Lane, volumes: dict[str, Path]) -> None:
    for name, folder in volumes.items():
        lane.apply(*_claim_on(lane, name, folder))
        score = bash_score("echo work")
        lane.job(name, score, workspace={"persistentVolumeClaim": {"claimName": name}})
    for name in volumes:
        status = lane.await_status(name, lambda s: s.get("waiting", {}).get("reason") in UNUSABLE)
        assert status["phase"] == "Waiting"
        assert status["sheets"][0].get("normalAttempts", 0) == 0
        lane.kubectl("delete", "mariannejob", name, "--wait=false")
    wait_for(lambda: lane.kubectl("get", "pods", "-o", "name"), lambda pods: not pods)


def _instrument(name: str, image: str) -> dict[str, Any]:
    command = {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False}
    profile = {"name": name, "display_name": name, "kind": "cli", "raw_prompt": True, "cli": {"command": command}}
    spec: dict[str, Any] = {"profile": profile} | ({"image": image} if image else {})
    return {"apiVersion": "marianne.dev/v1alpha1", "kind": "Instrument", "metadata": {"name": name}, "spec": spec}


def _claim_on(lane: Lane, name: str, folder: Path) -> list[dict[str, Any]]:
    """A volume that is this folder of the node, and its claim."""
    size = {"storage": "1Mi"}
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{lane.namespace}-{name}"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": size,
            "hostPath": {"path": str(folder)},
            "storageClassName": "",
            "claimRef": {"namespace": lane.namespace, "name": name},
        },
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": size}, "storageClassName": ""},
    }
    return [volume, claim]


def _with_text_keys(tree: Any) -> Any:
    """As kustomize needs them: integer keys quoted."""
    if isinstance(tree, dict):
        return {str(key): _with_text_keys(value) for key, value in tree.items()}
    return [_with_text_keys(each) for each in tree] if isinstance(tree, list) else tree
