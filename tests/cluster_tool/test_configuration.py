import json
import re
import socket
import tomllib
from pathlib import Path

import pytest
import yaml

from dev.cluster import binaries
from dev.cluster.addons import corefile_text, helper_pod
from dev.cluster.addresses import BASE_IMAGE, CONTAINERD_SOCKET, GATEWAY, PAUSE_IMAGE
from dev.cluster.certificates import Authority
from dev.cluster.control_plane import ControlPlane, free_port, is_free
from dev.cluster.node import cni_config, containerd_config, kubelet_config

STATE = Path("/tree/.local/cluster")


def test_containerd_keeps_its_state_in_our_folders_and_uses_our_pause_image() -> None:
    config = tomllib.loads(containerd_config(STATE))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert config["root"] == f"{STATE}/containerd"
    assert config["grpc"]["address"] == CONTAINERD_SOCKET
    assert len(CONTAINERD_SOCKET) < 60
    assert cri["sandbox_image"] == PAUSE_IMAGE
    assert cri["restrict_oom_score_adj"] is True
    assert cri["netns_mounts_under_state_dir"] is True
    runc = cri["containerd"]["runtimes"]["runc"]
    assert runc["options"]["Root"].startswith("/run/marianne-cluster/")


def test_pods_get_addresses_of_the_bridge() -> None:
    bridge = json.loads(cni_config(STATE))["plugins"][0]
    assert (bridge["type"], bridge["bridge"], bridge["ipMasq"]) == ("bridge", "cni0", True)
    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.234.0.0/24"}]]


def test_the_kubelet_listens_on_the_bridge_and_lets_nobody_in_unknown(tmp_path: Path) -> None:
    config = yaml.safe_load(kubelet_config(tmp_path, Authority(tmp_path)))
    assert config["address"] == GATEWAY
    assert config["clusterDNS"] == [GATEWAY]
    assert config["authentication"]["anonymous"]["enabled"] is False
    assert config["authorization"]["mode"] == "Webhook"
    assert config["podLogsDir"] == str(tmp_path / "pod-logs")


def test_names_are_served_on_the_bridge_only() -> None:
    text = corefile_text(Path("/state/kubeconfig"))
    assert f"bind {GATEWAY}\n" in text
    assert "kubernetes cluster.local" in text


def test_the_volume_helper_is_never_pulled() -> None:
    spec = helper_pod()["spec"]
    assert isinstance(spec, dict)
    assert [(each["image"], each["imagePullPolicy"]) for each in spec["containers"]] == [(BASE_IMAGE, "Never")]


def test_a_control_plane_remembers_its_ports_once_it_was_started(tmp_path: Path) -> None:
    assert not ControlPlane(tmp_path).exists()
    plane = ControlPlane(tmp_path)
    plane.configure()
    again = ControlPlane(tmp_path)
    assert again.exists()
    assert again.url == plane.url


def test_a_port_that_is_taken_is_not_insisted_on(tmp_path: Path) -> None:
    port = free_port()
    assert ControlPlane(tmp_path, port=port).port == port

    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert not is_free("127.0.0.1", port)
        assert ControlPlane(tmp_path, port=port).port != port


def test_binaries_are_keyed_by_pins_and_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pins = tmp_path / "etcd"
    pins.mkdir()
    (pins / "go.mod").write_text("module x\n")
    first = binaries.cache_folder(tmp_path)
    assert first == binaries.cache_folder(tmp_path)
    assert first.is_relative_to(tmp_path / "cache")
    (pins / "go.sum").write_text("y h1:z\n")
    second = binaries.cache_folder(tmp_path)
    (pins / "go.sum").write_text("y h1:other\n")
    third = binaries.cache_folder(tmp_path)
    monkeypatch.setattr(binaries, "FLAGS", {"CGO_ENABLED": "1"})
    assert len({first, second, third, binaries.cache_folder(tmp_path)}) == 4


def test_the_version_that_is_stamped_is_the_version_that_is_pinned() -> None:
    pins = (binaries.MODULES / "kubernetes" / "go.mod").read_text()
    pinned = re.search(r"k8s\.io/kubernetes v(\S+)", pins)
    assert pinned is not None
    assert pinned[1] == binaries.KUBERNETES
    for module in binaries.ALL:
        assert (binaries.MODULES / module.folder / "go.sum").is_file()
