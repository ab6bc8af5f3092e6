"""What a node leaves when it is stopped: containers, shims, mounts, groups, sockets. None of it needs containerd alive.

Only what is ours is touched: containers by the records in our state folder, shims by our socket in their arguments,
mounts by our folders, a shim's socket only if nobody listens on it.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dev.cluster.addresses import CNI_NETWORK, CONTAINERD_SOCKET, RUNTIME
from dev.cluster.progress import SetupError, wait_until

TASKS: Final = Path(RUNTIME) / "containerd" / "io.containerd.runtime.v2.task" / "k8s.io"
SHIM_SOCKETS: Final = Path("/run/containerd/s")
DEVICE_PLUGINS: Final = Path("/var/lib/kubelet/device-plugins")
LOG_LINKS: Final = Path("/var/log/containers")
CNI_RESULTS: Final = Path("/var/lib/cni/results")
SHARED_FOLDERS: Final = (
    DEVICE_PLUGINS,
    Path("/var/lib/kubelet"),
    CNI_RESULTS,
    CNI_RESULTS.parent,
    LOG_LINKS,
    SHIM_SOCKETS,
    Path("/run/containerd/runc"),
)
"""Made by programs of ours in places that cannot be chosen; removed when empty."""


def kill_containers() -> None:
    """Every process in a group of one of our containers; the kernel's own answer to what belongs to it."""
    names = _containers()
    _kill_until_gone("the containers' processes", lambda: _processes("cgroup", lambda text: _mentions(text, names)))


def kill_shims() -> None:
    """A shim outlives its containerd on purpose."""
    _kill_until_gone("containerd's shims", _shims)


def clean(directory: Path) -> None:
    """Mounts, groups, links and sockets; the caller removes the folders themselves."""
    for below in (directory, Path(RUNTIME)):
        for point in mounts(below):
            # Lazily, because a dying container may still hold one.
            subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
    for group in _groups():
        _remove_empty(group)
    for link in LOG_LINKS.glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(directory):
            link.unlink()
    _remove_dead_sockets()
    for result in cni_results(CNI_RESULTS):
        result.unlink(missing_ok=True)
    for folder in SHARED_FOLDERS:
        _remove_empty(folder)


def remains(directory: Path) -> list[str]:
    """What should be gone and is not."""
    groups = [str(root) for root in _roots() if root.is_dir()]
    return [
        *(f"process {pid} (shim)" for pid in _shims()),
        *(f"mount {point}" for below in (directory, Path(RUNTIME)) for point in mounts(below)),
        *(f"control group {group}" for group in groups),
        *(f"folder {folder}" for folder in (directory, Path(RUNTIME)) if folder.exists()),
    ]


def mounts(below: Path) -> list[str]:
    """Mount points under a folder, the deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((each for each in points if each.startswith(f"{below}/")), reverse=True)


def cni_results(folder: Path) -> list[Path]:
    """What CNI keeps about Pods of ours that it was never asked to remove: `<network>-<sandbox>-<interface>`."""
    ours = list(folder.glob(f"{CNI_NETWORK}-*-*"))
    sandboxes = {file.name.removeprefix(f"{CNI_NETWORK}-").partition("-")[0] for file in ours}
    return [*ours, *(folder / f"cni-loopback-{sandbox}-lo" for sandbox in sorted(sandboxes))]


def _containers() -> list[str]:
    return [folder.name for folder in TASKS.glob("*")]


def _shims() -> list[int]:
    def ours(arguments: str) -> bool:
        program = arguments.partition("\0")[0]
        return program.endswith("containerd-shim-runc-v2") and CONTAINERD_SOCKET in arguments.split("\0")

    return _processes("cmdline", ours)


def _mentions(text: str, names: list[str]) -> bool:
    return any(name in text for name in names)


def _processes(file: str, wanted: Callable[[str], bool]) -> list[int]:
    """PIDs whose /proc/<pid>/<file> is wanted."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / file).read_text(errors="replace")
        except OSError:
            continue  # it ended while we looked
        if wanted(text):
            found.append(int(process.name))
    return found


def _kill_until_gone(what: str, find: Callable[[], list[int]]) -> None:
    def gone() -> bool:
        found = find()
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return not found

    wait_until(f"{what} to end", gone, 20.0)


def _roots() -> list[Path]:
    """The kubelet's group in every hierarchy (cgroup v1), or the one (v2)."""
    return [*Path("/sys/fs/cgroup").glob("*/kubepods"), Path("/sys/fs/cgroup/kubepods")]


def _groups() -> list[Path]:
    return [group for root in _roots() if root.is_dir() for group in [*sorted(root.rglob("*/"), reverse=True), root]]


def _remove_dead_sockets() -> None:
    """A killed shim leaves its socket; one that somebody listens on is in the kernel's table."""
    living = Path("/proc/net/unix").read_text()
    for socket in [*SHIM_SOCKETS.glob("*"), DEVICE_PLUGINS / "kubelet.sock"]:
        if str(socket) not in living:
            socket.unlink(missing_ok=True)


def _remove_empty(folder: Path) -> None:
    """Left alone when somebody else uses it, too."""
    try:
        folder.rmdir()
    except OSError:
        return


def must_be_gone(directory: Path, *others: str) -> None:
    """Raises `SetupError` that names what is left."""
    left = [*remains(directory), *others]
    if left:
        raise SetupError("the cluster is down, but this is left:\n" + "\n".join(f"  {each}" for each in left))
