"""The local cluster as a whole: up, down, and what another checkout left.

A machine has one such cluster, because it has one bridge and one set of ports. Who started it stands in a record under
/run; a checkout that wants its own stops the other's first.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from dev.cluster import binaries, images, network, packages
from dev.cluster.addons import Addons
from dev.cluster.addresses import API_PORT, CONTAINERD_SOCKET, GATEWAY, RUNTIME
from dev.cluster.control_plane import ControlPlane, free_port
from dev.cluster.kubeconfigs import write_kubeconfig
from dev.cluster.node import Node
from dev.cluster.processes import Program
from dev.cluster.progress import SetupError, say, step

TREE: Final = Path(__file__).parents[2]
OWNER: Final = Path(RUNTIME) / "owner"


class LocalCluster:
    """All state in `<tree>/.local/cluster`; the kubeconfig is `.local/cluster/kubeconfig`."""

    def __init__(self, tree: Path = TREE) -> None:
        self.directory = (tree / ".local" / "cluster").absolute()
        self.control_plane = ControlPlane(self.directory, host=GATEWAY, port=API_PORT)
        self.scheduler = Program(self.directory, "kube-scheduler")
        self.node = Node(self.directory, self.control_plane)
        self.addons = Addons(self.directory, self.control_plane)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.control_plane.kubeconfig

    def programs(self) -> list[Program]:
        """In the order in which they are stopped."""
        plane, node, addons = self.control_plane, self.node, self.addons
        workers = [addons.volumes, addons.dns, node.kubelet, node.proxy, self.scheduler]
        return [*workers, plane.controller_manager, plane.apiserver, plane.etcd, node.containerd]

    def up(self) -> None:
        """Idempotent: what lives is left alone, what is missing is started."""
        if os.geteuid() != 0:
            raise SetupError("the local cluster needs root; or name your own: CLUSTER=existing KUBECONFIG=…")
        packages.ensure(packages.NODE)
        binaries.ensure()
        images.build()
        self._take_over()
        with step("control plane"):
            network.up()
            self.control_plane.start()
            self._start_scheduler()
        with step("node"):
            self.node.start_containerd()
            images.load()
            self.node.start()
        with step("names and volumes"):
            self.addons.start()
        for program in self.programs():
            program.must_live()

    def down(self) -> None:
        """Every trace: Pods, processes, mounts, bridge, rules, sockets, state."""
        self.node.kubelet.stop()
        _stop_containers()
        for program in self.programs():
            program.stop(number=signal.SIGTERM if program.name == "containerd" else signal.SIGKILL)
        _stop_shims()
        _unmount(self.directory)
        _unmount(Path(RUNTIME))
        network.down()
        _remove_cgroups()
        shutil.rmtree(RUNTIME, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _take_over(self) -> None:
        """Stop a cluster that another checkout runs on this machine; two cannot share the bridge and the ports."""
        owner = Path(OWNER.read_text()) if OWNER.is_file() else None
        if owner is not None and owner != self.directory:
            with step(f"stopping the cluster of {owner.parents[1]}"):
                LocalCluster(owner.parents[1]).down()
        elif owner is None and Path(RUNTIME).exists():
            with step("clearing what an earlier cluster left"):
                self.down()
                self.control_plane = ControlPlane(self.directory, host=GATEWAY, port=API_PORT)
        OWNER.parent.mkdir(parents=True, exist_ok=True)
        OWNER.write_text(str(self.directory))

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


def _stop_containers() -> None:
    """Through containerd while it lives: it unmounts and frees what a container holds."""
    if not Path(CONTAINERD_SOCKET).exists():
        return
    ctr = ["ctr", "-a", CONTAINERD_SOCKET, "-n", "k8s.io"]
    tasks = subprocess.run([*ctr, "tasks", "list", "-q"], capture_output=True, text=True, check=False, timeout=30)
    for task in tasks.stdout.split():
        subprocess.run([*ctr, "tasks", "rm", "--force", task], capture_output=True, check=False, timeout=30)


def _stop_shims() -> None:
    """A shim outlives its containerd on purpose; those of ours are told by the socket in their arguments."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if arguments[0].endswith(b"containerd-shim-runc-v2") and CONTAINERD_SOCKET.encode() in arguments:
            os.kill(int(process.name), signal.SIGKILL)


def _unmount(below: Path) -> None:
    """Deepest first; lazily, because a dying container may still hold one."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((each for each in points if each.startswith(f"{below}/")), reverse=True):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def _remove_cgroups() -> None:
    """The kubelet's tree of every controller; a group that is still busy is left to the next try."""
    for root in [*Path("/sys/fs/cgroup").glob("*/kubepods"), Path("/sys/fs/cgroup/kubepods")]:
        for group in sorted(root.rglob("*/"), reverse=True) if root.is_dir() else []:
            _rmdir(group)
        _rmdir(root)


def _rmdir(group: Path) -> None:
    try:
        group.rmdir()
    except OSError as error:
        if group.is_dir():
            say(f"  left {group}: {error.strerror}")
