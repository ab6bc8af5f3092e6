"""Claims that cannot take a ledger: full, read-only, foreign, without links. Nothing runs and nothing is charged."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marianne_runner.contract import Verdict
from tests.unit.runner.scene import USER, Scene, compiled, rule


class Volume:
    """A small file system in memory that holds the claim."""

    def __init__(self, scene: Scene, size: str) -> None:
        assert os.getuid() == 0, "these tests mount file systems, which only root can"
        self.path = scene.base / "claim"
        self.path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "scene", self.path], check=True)
        scene.workspace, scene.ledger = self.path / "workspace", self.path / "ledger"
        for folder in (scene.workspace, scene.ledger):
            folder.mkdir()
            folder.chmod(0o777)

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", self.path], check=True)


@pytest.fixture
def full(scene: Scene) -> Iterator[Volume]:
    volume = Volume(scene, "64k")
    yield volume
    volume.close()


@pytest.fixture
def small(scene: Scene) -> Iterator[Volume]:
    volume = Volume(scene, "1m")
    yield volume
    volume.close()


def refused(verdict: Verdict, path: Path, *words: str) -> None:
    assert (verdict["outcome"], verdict["reason"]) == ("not_started", "WorkspaceUnusable")
    assert verdict["message"].split(":")[0].endswith(str(path).split("claim")[-1])
    for word in words:
        assert word in verdict["message"]


def test_full_from_the_start(scene: Scene, full: Volume) -> None:
    pod = scene.pod("pod-1", compiled(scene.script()))
    refused(pod.run(), scene.attempt(1), "ENOSPC", "enlarge it")
    assert pod.wait() == 1
    assert not scene.starts
    full.remount("size=2m")
    assert scene.pod("pod-2", compiled(scene.script())).run()["outcome"] == "completed"
    assert scene.starts == ["1"]


def test_filled_to_the_last_byte_by_others(scene: Scene, small: Volume) -> None:
    fill = subprocess.run(
        ["dd", "if=/dev/zero", f"of={scene.workspace}/fill", "bs=4k"], check=False, capture_output=True
    )
    assert fill.returncode == 1
    verdict = scene.pod("pod-1", compiled(scene.script())).run()
    assert (verdict["outcome"], verdict["reason"]) == ("not_started", "WorkspaceUnusable")
    assert "ENOSPC" in verdict["message"]
    assert not scene.starts


def test_filled_by_the_instrument(scene: Scene, small: Volume) -> None:
    """The room that was kept for it holds the verdict and the output."""
    rules = [rule("file_exists", path="{workspace}/fill")]
    fill = compiled(scene.script("dd if=/dev/zero of=fill bs=4k; echo filled; exit 0"), rules)
    first = scene.pod("pod-1", fill).run()
    assert (first["outcome"], first["message"]) == ("completed", "")
    assert (scene.attempt(1) / "stdout").read_text() == "filled\n"
    again = scene.pod("pod-2", fill, ran=True, ended=["pod-1"]).run()
    assert (again["outcome"], again["performed_by"]) == ("completed", "pod-1")
    assert not list(scene.attempt(1).glob(".*"))
    assert scene.starts == ["1"]


@pytest.mark.parametrize("rules", [[], [rule("file_exists", path="{workspace}/made", description="made")]])
def test_one_that_fails_on_a_full_disk_is_told_which(scene: Scene, small: Volume, rules: list[dict[str, Any]]) -> None:
    """Whatever it says of it itself, and whether its exit code tells or not."""
    script = scene.script(f"dd if=/dev/zero of=fill bs=4k; echo x > made; {'true' if rules else 'exit 7'}")
    pod = scene.pod("pod-1", compiled(script + ("; rm made" if rules else ""), rules))
    verdict = pod.run()
    assert verdict["outcome"] == "failed"
    assert "the workspace's claim is full: free some space on the claim, or enlarge it" in verdict["message"]
    assert "disk_full" not in verdict
    assert "/tmp" not in verdict["message"]


def test_a_full_temporary_folder_is_told_apart(scene: Scene) -> None:
    pod = scene.pod("pod-1", compiled(scene.script("dd if=/dev/zero of=$HOME/fill bs=4k; exit 7")))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "scene", pod.root / "tmp"], check=True)
    try:
        verdict = pod.run()
    finally:
        subprocess.run(["umount", "--lazy", pod.root / "tmp"], check=True)
    assert verdict["message"].startswith("exit code 7; /tmp is full: ")
    assert "claim" not in verdict["message"]


def test_filled_with_the_room_as_well(scene: Scene, small: Volume) -> None:
    """A hostile instrument: the verdict is said all the same, and says that the ledger does not hold it."""
    folder = scene.attempt(1)
    script = f"chmod 700 {folder}; rm {folder}/.room*; dd if=/dev/zero of=fill bs=4k; exit 3"
    pod = scene.pod("pod-1", compiled(scene.script(script)))
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"], verdict["exit_code"]) == ("failed", "ExitCode", 3)
    assert "not in the ledger" in verdict["message"]
    assert "performed is not kept" in pod.log
    again = scene.pod("pod-2", compiled(scene.script(script)), ran=True, ended=["pod-1"]).run()
    assert again["outcome"] in ("lost", "not_started")
    assert scene.starts == ["1"]


def test_read_only(scene: Scene, small: Volume) -> None:
    small.remount("ro")
    verdict = scene.pod("pod-1", compiled(scene.script())).run()
    refused(verdict, scene.ledger / "7d1c1f6e-job", "EROFS", "read-write")
    assert not scene.starts


def test_a_workspace_that_is_read_only_while_the_ledger_is_not(scene: Scene, small: Volume) -> None:
    scene.workspace = scene.base / "workspace"
    scene.ledger, writable = scene.base / "ledger", scene.ledger
    assert writable.exists()
    scene.workspace = small.path / "workspace"
    small.remount("ro")
    refused(scene.pod("pod-1", compiled(scene.script())).run(), Path("/workspace"), "EROFS")
    assert not scene.starts


@pytest.mark.parametrize("what", ["ledger", "workspace"])
def test_of_another_user(scene: Scene, what: str) -> None:
    folder = scene.base / what
    folder.chmod(0o755)
    os.chown(folder, 0, 0)
    verdict = scene.pod("pod-1", compiled(scene.script())).run()
    assert (verdict["outcome"], verdict["reason"]) == ("not_started", "WorkspaceUnusable")
    for words in (what, "EACCES", str(USER)):
        assert words in verdict["message"]
    assert not scene.starts


def test_without_hard_links(scene: Scene) -> None:
    """As on FAT, which this kernel may not know: link() itself answers so."""
    pod = scene.pod("pod-1", compiled(scene.script())).start(no_links=True)
    pod.wait()
    assert (pod.verdict["outcome"], pod.verdict["reason"]) == ("not_started", "WorkspaceUnusable")
    assert "hard links" in pod.verdict["message"]
    assert not scene.starts
    assert scene.pod("pod-2", compiled(scene.script())).run()["outcome"] == "completed"
