"""The one node: containerd, kubelet and kube-proxy as processes of this machine."""

import json
import subprocess
from pathlib import Path
from typing import Final

import yaml

from dev.cluster import binaries
from dev.cluster.addresses import (
    BRIDGE,
    CNI_NETWORK,
    CONTAINERD_SOCKET,
    GATEWAY,
    NODE,
    PAUSE_IMAGE,
    PODS,
    RECORDS,
    RUNTIME,
)
from dev.cluster.certificates import Authority
from dev.cluster.control_plane import ControlPlane
from dev.cluster.kubeconfigs import write_kubeconfig
from dev.cluster.processes import Program
from dev.cluster.progress import wait_until

CNI_BINARIES: Final = "/usr/lib/cni"


class Node:
    """`directory` holds its configuration, images and volumes: on a disk, never in memory."""

    def __init__(self, directory: Path, control_plane: ControlPlane) -> None:
        self.directory = directory.absolute()
        self.control_plane = control_plane
        self.containerd = Program(self.directory, "containerd", RECORDS)
        self.kubelet = Program(self.directory, "kubelet", RECORDS)
        self.proxy = Program(self.directory, "kube-proxy", RECORDS)

    def start_containerd(self) -> None:
        """The container runtime, answering."""
        for folder in ("cni", "containerd", "kubelet"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        Path(RUNTIME).mkdir(parents=True, exist_ok=True)
        (self.directory / "containerd.toml").write_text(containerd_config(self.directory))
        (self.directory / "cni" / "10-local.conflist").write_text(cni_config(self.directory))
        self.containerd.start(["containerd", "--config", self.directory / "containerd.toml"])
        wait_until("containerd", lambda: _answers("ctr", "-a", CONTAINERD_SOCKET, "version"), 30, self.containerd.log)

    def start(self) -> None:
        """Kubelet and kube-proxy; returns when the node is Ready."""
        authority = self.control_plane.authority
        (self.directory / "kubelet.yaml").write_text(kubelet_config(self.directory, authority))
        kubeconfig = self._kubeconfig(f"system:node:{NODE}", "system:nodes")
        self.kubelet.start(
            [
                binaries.binary("kubelet"),
                f"--config={self.directory / 'kubelet.yaml'}",
                f"--kubeconfig={kubeconfig}",
                f"--hostname-override={NODE}",
                f"--node-ip={GATEWAY}",
                f"--root-dir={self.directory / 'kubelet'}",
            ]
        )
        self.proxy.start(
            [
                binaries.binary("kube-proxy"),
                f"--kubeconfig={self._kubeconfig('system:kube-proxy')}",
                "--proxy-mode=nftables",
                f"--cluster-cidr={PODS}",
                f"--hostname-override={NODE}",
                "--healthz-bind-address=127.0.0.1",
                "--metrics-bind-address=127.0.0.1",
            ]
        )
        wait_until("the node to be Ready", self.ready, 120, self.kubelet.log)

    def ready(self) -> bool:
        """Whether the API says so."""
        status = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
        return self.control_plane.kubectl("get", "node", NODE, "-o", status).stdout == "True"

    def _kubeconfig(self, user: str, *groups: str) -> Path:
        authority = self.control_plane.authority
        file = user.replace(":", "-")
        known_by = authority.issue(file, user, groups)
        return write_kubeconfig(self.directory / f"{file}.kubeconfig", self.control_plane.url, authority, known_by)


def containerd_config(directory: Path) -> str:
    """`restrict_oom_score_adj`: without CAP_SYS_RESOURCE every sandbox would die.

    Network namespaces and the folder of add-on programs stay in our own folders, so that they go when the cluster goes.
    """
    return f"""version = 2
root = "{directory}/containerd"
state = "{RUNTIME}/containerd"
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_BINARIES}"
    conf_dir = "{directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "{RUNTIME}/runc"
[plugins."io.containerd.internal.v1.opt"]
  path = "{directory}/containerd/opt"
"""


def cni_config(directory: Path) -> str:
    """A bridge with addresses of its own, masqueraded."""
    addresses = {
        "type": "host-local",
        "dataDir": f"{directory}/cni-addresses",
        "ranges": [[{"subnet": PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": addresses,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": CNI_NETWORK, "plugins": [bridge, ports]})


def kubelet_config(directory: Path, authority: Authority) -> str:
    """For cgroup v1 and v2 alike; images are never collected, because nothing could pull them again."""
    serving, key = authority.issue("kubelet", NODE, (), ("127.0.0.1", GATEWAY, NODE))
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "cgroupDriver": "cgroupfs",
            "failCgroupV1": False,
            "failSwapOn": False,
            "address": GATEWAY,
            "tlsCertFile": str(serving),
            "tlsPrivateKeyFile": str(key),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(authority.certificate)},
            },
            "authorization": {"mode": "Webhook"},
            "clusterDNS": [GATEWAY],
            "clusterDomain": "cluster.local",
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "registryPullQPS": 0,
            "serializeImagePulls": False,
            "maxPods": 110,
            "podLogsDir": str(directory / "pod-logs"),
            "makeIPTablesUtilChains": False,
        },
        sort_keys=False,
    )


def _answers(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
