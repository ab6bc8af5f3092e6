"""The local cluster as a whole: up, down, and what another checkout left.

A machine has one such cluster, because it has one bridge and one set of ports. Who started it stands in a record under
/run, beside the PIDs; a checkout that wants its own stops the other's first.
"""

import json
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dev.cluster import binaries, cache, images, leftovers, network, packages
from dev.cluster.addons import Addons
from dev.cluster.addresses import API_PORT, GATEWAY, RECORDS, RUNTIME
from dev.cluster.control_plane import ControlPlane, free_port
from dev.cluster.kubeconfigs import write_kubeconfig
from dev.cluster.node import Node
from dev.cluster.processes import Program
from dev.cluster.progress import SetupError, say, step

TREE: Final = Path(__file__).parents[2]
OWNER: Final = Path(RUNTIME) / "owner.json"
"""`{"tree": …}`."""


class LocalCluster:
    """All state in `<tree>/.local/cluster`; the kubeconfig is `.local/cluster/kubeconfig`."""

    def __init__(self, tree: Path = TREE) -> None:
        self.directory = (tree / ".local" / "cluster").absolute()
        self.control_plane = ControlPlane(self.directory, host=GATEWAY, port=API_PORT, records=RECORDS)
        self.scheduler = Program(self.directory, "kube-scheduler", RECORDS)
        self.node = Node(self.directory, self.control_plane)
        self.addons = Addons(self.directory, self.control_plane)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.control_plane.kubeconfig

    @property
    def loaded_images(self) -> Path:
        """What containerd has of them: image to digest, a file each."""
        return self.directory / "images"

    def programs(self) -> list[Program]:
        """In the order in which they are stopped: first what would start something again."""
        plane, node, addons = self.control_plane, self.node, self.addons
        workers = [node.kubelet, addons.volumes, addons.dns, node.proxy, self.scheduler]
        return [*workers, plane.controller_manager, plane.apiserver, plane.etcd]

    def start(self, built: Mapping[str, str]) -> None:
        """Idempotent: what lives is left alone, what is missing is started. `built`: the images, as `images.build`."""
        with step("control plane"):
            network.up()
            self.control_plane.start()
            self._start_scheduler()
        with step("node"):
            self.node.start_containerd()
            images.load(built, self.loaded_images)
            self.node.start()
        with step("names and volumes"):
            self.addons.start()
        for program in [*self.programs(), self.node.containerd]:
            program.must_live()

    def stop(self) -> None:
        """Every trace: Pods, processes, mounts, bridge, rules, sockets, state. Raises `SetupError` on what is left."""
        for program in self.programs():
            program.stop(number=signal.SIGKILL)
        leftovers.kill_containers()
        self.node.containerd.stop()
        leftovers.kill_shims()
        leftovers.clean(self.directory)
        network.down()
        shutil.rmtree(RUNTIME, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        leftovers.must_be_gone(self.directory, *network.remains())

    def _start_scheduler(self) -> None:
        plane = self.control_plane
        known_by = plane.authority.issue("scheduler", "system:kube-scheduler")
        config = write_kubeconfig(self.directory / "scheduler.kubeconfig", plane.url, plane.authority, known_by)
        self.scheduler.start(
            [
                binaries.binary("kube-scheduler"),
                f"--kubeconfig={config}",
                f"--authentication-kubeconfig={config}",
                f"--authorization-kubeconfig={config}",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                f"--secure-port={free_port()}",
            ]
        )


def up(tree: Path = TREE) -> LocalCluster:
    """From a bare machine to a Ready node. Raises `SetupError` with what failed and the fix."""
    if os.geteuid() != 0:
        raise SetupError("the local cluster needs root; or name your own: CLUSTER=existing KUBECONFIG=…")
    packages.ensure(packages.NODE)
    binaries.ensure()
    built = images.build()
    with cache.locked("cluster"):
        _take_over(tree.absolute())
        cluster = LocalCluster(tree)
        cluster.start(built)
    return cluster


def down(tree: Path = TREE) -> None:
    """Remove the cluster and control planes of this checkout; a cluster of another is left alone, and named."""
    with cache.locked("cluster"):
        owner = _owner()
        if owner is not None and owner != tree.absolute():
            say(f"the machine's cluster belongs to {owner}: left alone (run make cluster-down there)")
            shutil.rmtree(LocalCluster(tree).directory, ignore_errors=True)
        else:
            LocalCluster(tree).stop()
    for folder in sorted((tree / ".local" / "control-planes").glob("*")):
        ControlPlane(folder).stop()


def is_ours(tree: Path = TREE) -> bool:
    """Whether this checkout's cluster runs on this machine."""
    return _owner() == tree.absolute() and LocalCluster(tree).node.containerd.pid() is not None


def _take_over(tree: Path) -> None:
    """Make the machine's one place for a cluster ours: what another checkout, or an earlier try, left goes first."""
    owner = _owner()
    if owner is not None and owner != tree:
        with step(f"stopping the cluster of {owner}"):
            LocalCluster(owner).stop()
    elif Path(RUNTIME).exists() and (owner is None or not LocalCluster(tree).control_plane.exists()):
        with step("clearing what an earlier cluster left"):
            LocalCluster(tree).stop()
    OWNER.parent.mkdir(parents=True, exist_ok=True)
    OWNER.write_text(json.dumps({"tree": str(tree)}))


def _owner() -> Path | None:
    try:
        return Path(json.loads(OWNER.read_text())["tree"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
