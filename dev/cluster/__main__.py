"""`python -m dev.cluster up | down | control-plane | images`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dev.cluster import images
from dev.cluster.control_plane import ControlPlane
from dev.cluster.local import TREE, LocalCluster
from dev.cluster.progress import SetupError, say, step


def main() -> int:
    """0 when it went well; 1 with what failed and the fix."""
    parser = argparse.ArgumentParser(prog="python -m dev.cluster", description=__doc__)
    parser.add_argument("verb", choices=("up", "down", "control-plane", "images"))
    parser.add_argument("--name", default="default", help="of the control plane")
    arguments = parser.parse_args()
    verbs: dict[str, Callable[[], None]] = {
        "up": _up,
        "down": _down,
        "images": _images,
        "control-plane": partial(_control_plane, arguments.name),
    }
    try:
        verbs[arguments.verb]()
    except SetupError as error:
        say(f"✗ {error}")
        return 1
    return 0


def _up() -> None:
    if os.environ.get("CLUSTER") == "existing":
        _existing()
        return
    cluster = LocalCluster()
    cluster.up()
    say(f"export KUBECONFIG={cluster.kubeconfig}")


def _existing() -> None:
    """A cluster that the user names: only looked at."""
    done = subprocess.run(["kubectl", "version"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"CLUSTER=existing: kubectl does not reach it; check KUBECONFIG:\n{done.stderr.strip()}")
    say(done.stdout.strip())


def _down() -> None:
    with step("removing the local cluster"):
        LocalCluster().down()
    for folder in sorted((TREE / ".local" / "control-planes").glob("*")):
        ControlPlane(folder).stop()


def _images() -> None:
    images.build()
    if LocalCluster().node.containerd.pid() is not None:
        images.load()


def _control_plane(name: str) -> None:
    plane = ControlPlane(Path(TREE / ".local" / "control-planes" / name))
    with step(f"control plane {name}"):
        plane.start()
    say(f"export KUBECONFIG={plane.kubeconfig}")


if __name__ == "__main__":
    sys.exit(main())
