import subprocess
from pathlib import Path

import pytest

from dev.cluster import leftovers
from dev.cluster.progress import SetupError


def test_results_of_our_network_go_with_their_loopbacks(tmp_path: Path) -> None:
    for name in ("marianne-local-abc-eth0", "cni-loopback-abc-lo", "podman-def-eth0", "cni-loopback-def-lo"):
        (tmp_path / name).touch()
    found = {file.name for file in leftovers.cni_results(tmp_path)}
    assert found == {"marianne-local-abc-eth0", "cni-loopback-abc-lo"}


def test_mounts_below_a_folder_are_found_deepest_first_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, beside = tmp_path / "cluster", tmp_path / "cluster-of-another"
    for folder in (ours, beside, ours / "pod"):
        folder.mkdir(parents=True, exist_ok=True)
        if folder != ours:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    inner = ours / "pod" / "volume"
    inner.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", inner], check=True)
    monkeypatch.setattr(leftovers, "RUNTIME", str(tmp_path / "none"))
    for name in ("CNI_RESULTS", "LOG_LINKS", "SHIM_SOCKETS", "DEVICE_PLUGINS"):
        monkeypatch.setattr(leftovers, name, tmp_path / "empty")
    monkeypatch.setattr(leftovers, "SHARED_FOLDERS", ())
    monkeypatch.setattr(leftovers, "_roots", lambda: [])
    try:
        assert leftovers.mounts(ours) == [str(inner), str(ours / "pod")]
        assert f"mount {inner}" in leftovers.remains(ours)
        leftovers.clean(ours)
        assert leftovers.mounts(ours) == []
        assert leftovers.mounts(tmp_path) == [str(beside)]
    finally:
        subprocess.run(["umount", beside], check=True)


def test_what_is_left_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=rf"folder {tmp_path}"):
        leftovers.must_be_gone(tmp_path)
    with pytest.raises(SetupError, match="bridge cni0"):
        leftovers.must_be_gone(tmp_path / "gone", "bridge cni0")
