import json
import os
import re
from pathlib import Path

import pytest

from dev.cluster import buildah, images
from dev.cluster.image_order import build_order, digest, dockerfiles, full_name, parents, sources, wanted

TEXTS = {
    "agent": "ARG RUNNER=x\nFROM ${RUNNER}\n",
    "big-agent": "ARG AGENT\nFROM ${AGENT}\n",
    "biggest": "FROM ${BIG_AGENT}\n",
    "runner": "ARG BASE=debian\nFROM ${BASE}\n# FROM ${AGENT}\n",
}


def test_images_are_built_after_those_that_they_are_built_from() -> None:
    assert parents(TEXTS) == {"agent": ["runner"], "big-agent": ["agent"], "biggest": ["big-agent"], "runner": []}
    assert build_order(TEXTS) == ["runner", "agent", "big-agent", "biggest"]


def test_every_folder_with_a_dockerfile_is_an_image() -> None:
    texts = dockerfiles(images.TREE)
    assert {"runner", "operator", "agent"} <= set(texts)
    assert build_order(texts).index("runner") < build_order(texts).index("agent")


def test_nobody_waits_for_an_image_that_was_not_asked_for() -> None:
    texts = dockerfiles(images.TREE)
    assert wanted(texts, ()) == [each for each in build_order(texts) if each not in ("api", "opencode")]
    assert wanted(texts, ("opencode",))[-1] == "opencode"
    assert "api" not in wanted(texts, ("opencode",))


def test_what_npm_brings_is_checked_by_its_hash() -> None:
    for lock in (images.TREE / "images").glob("*/package-lock.json"):
        entries = json.loads(lock.read_text())["packages"]
        assert all(entry["integrity"].startswith("sha512-") for place, entry in entries.items() if place)
        assert "resolved" not in lock.read_text(), "it comes from whatever registry npm is told to use"


@pytest.mark.parametrize("image", ["runner", "operator"])
def test_an_image_of_ours_runs_as_nobody_in_particular(image: str) -> None:
    text = dockerfiles(images.TREE)[image]
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["65532:65532"]
    assert re.search(r"^ARG BASE=\S+\nFROM \$\{BASE\}( AS \w+)?$", text, re.MULTILINE)
    assert [path.name for path in sources(images.TREE, image)][:2] == [image, f"{image}.lock"]


def test_the_digest_changes_with_place_content_mode_and_parents(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    seen = [digest([tmp_path]), digest([tmp_path], "parent")]
    file.write_text("two")
    seen.append(digest([tmp_path]))
    file.chmod(0o755)
    seen.append(digest([tmp_path]))
    file.rename(tmp_path / "b")
    seen.append(digest([tmp_path]))
    assert len(set(seen)) == 5


def test_the_digest_is_not_of_what_python_leaves_about(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one")
    before = digest([tmp_path])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert digest([tmp_path]) == before


def test_docker_builds_the_same_dockerfile_on_its_own_base() -> None:
    command = images.docker_command("agent", ["runner"])
    assert command[:2] == ["docker", "build"]
    assert f"--build-arg=RUNNER={full_name('runner')}" in command
    assert not any("BASE" in part for part in command)


def test_the_archives_that_were_used_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    digests = [f"{number:064x}"[::-1] for number in range(1, 6)]
    for age, made_of in enumerate(digests):
        file = buildah.archive("agent", made_of)
        file.touch()
        os.utime(file, (1000 - age, 1000 - age))
    other = buildah.archive("agent-smith", digests[0])
    other.touch()
    os.utime(other, (1, 1))
    assert buildah.is_built("agent", digests[4])
    assert not buildah.is_built("agent", "f" * 64)
    old = {file.name for file in buildah.superseded(other.parent, "agent")}
    assert old == {buildah.archive("agent", digests[2]).name, buildah.archive("agent", digests[3]).name}
