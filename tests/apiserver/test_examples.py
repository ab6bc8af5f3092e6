"""Every example survives kustomize unharmed, and the API server takes it without a complaint."""

import shutil
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(path.name for path in EXAMPLES.glob("*.yaml"))
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/kustomization.yaml"))


def documents(text):
    found = [each for each in yaml.safe_load_all(text) if each]
    return sorted(found, key=lambda each: (each["kind"], each["metadata"]["name"]))


def kustomized(kubectl, folder):
    done = kubectl("kustomize", str(folder))
    assert done.returncode == 0, done.stderr
    return done.stdout


def dry_run(kubectl, text):
    done = kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", text=text)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("file", FILES)
def test_a_file_goes_through_kustomize_as_it_is(file, kubectl, tmp_path):
    shutil.copy(EXAMPLES / file, tmp_path)
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [file]}))
    built = kustomized(kubectl, tmp_path)
    assert documents(built) == documents((EXAMPLES / file).read_text())
    dry_run(kubectl, built)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_names_the_config_map_that_it_makes(folder, kubectl):
    built = kustomized(kubectl, EXAMPLES / folder)
    maps = {each["metadata"]["name"]: each["data"] for each in documents(built) if each["kind"] == "ConfigMap"}
    jobs = [each for each in documents(built) if each["kind"] == "MarianneJob"]
    named = [job["spec"]["scoreFrom"]["configMapKeyRef"] for job in jobs]
    named += [file["configMapKeyRef"] for job in jobs for file in job["spec"]["files"]]
    assert len(named) == 2
    assert [each for each in named if each["key"] not in maps[each["name"]]] == []
    dry_run(kubectl, built)


def test_there_are_examples_of_both_kinds():
    assert len(FILES) >= 4
    assert FOLDERS
