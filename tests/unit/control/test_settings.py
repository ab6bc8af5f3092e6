"""The settings file as the chart writes it, and what the environment adds."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from marianne_operator.plan.observation import Settings
from marianne_operator.settings import ProcessSettings, read_settings

WHOLE = """
runner: {image: "runner:1", pullPolicy: Never, inject: true}
workspace: {storage: 5Gi, storageClassName: fast, accessModes: [ReadWriteMany]}
sheets:
  resources: {requests: {cpu: 100m}}
  startDeadlineSeconds: 60
  terminationGracePeriodSeconds: 10
ceilings: {serviceAccountNames: [], priorityClassNames: [low]}
watchNamespaces: [a, b]
log: {level: debug, format: console}
"""


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    return read_settings(file).for_plan()


def test_every_key_arrives(tmp_path: Path) -> None:
    known = settings(tmp_path, WHOLE)
    assert (known.runner_image, known.image_pull_policy, known.inject_runner) == ("runner:1", "Never", True)
    assert (known.workspace.storage, known.workspace.access_modes) == ("5Gi", ["ReadWriteMany"])
    assert known.resources == {"requests": {"cpu": "100m"}}
    assert (known.start_deadline_seconds, known.termination_grace_seconds) == (60, 10)
    assert known.allowed_service_accounts == ()
    assert known.allowed_priority_classes == ("low",)
    assert known.allowed_runtime_classes is None


def test_defaults_are_those_of_the_plan(tmp_path: Path) -> None:
    assert settings(tmp_path, "runner: {image: r}") == Settings(runner_image="r")


@pytest.mark.parametrize("text", ["", "runner: {image: ''}", "runner: {image: r, imgae: r}", "sheet: {}"])
def test_half_a_truth_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValidationError):
        settings(tmp_path, text)


def test_the_pods_uid_holds_the_lease() -> None:
    process = ProcessSettings.of({"POD_UID": "u", "MARIANNE_NAMESPACE": "n", "MARIANNE_PORT": "1"})
    assert (process.holder, process.namespace, process.port) == ("u", "n", 1)
    first, second = ProcessSettings.of({}), ProcessSettings.of({})
    assert first.holder != second.holder, "without a Pod, no two processes are the same"
