"""`python -m dev.cluster up | down | control-plane | images`.

`CLUSTER=existing` uses the cluster that KUBECONFIG names instead of one of our own.
"""

import argparse
import os
import shutil
import subprocess
import sys

from dev.cluster import binaries, images, local
from dev.cluster.control_plane import ControlPlane
from dev.cluster.image_order import ON_REQUEST
from dev.cluster.progress import SetupError, say, step


def main() -> int:
    """0 when it went well; 1 with what failed and the fix."""
    parser = argparse.ArgumentParser(prog="python -m dev.cluster", description=__doc__)
    parser.add_argument("verb", choices=("up", "down", "control-plane", "images"))
    parser.add_argument("--name", default="default", help="of the control plane")
    arguments = parser.parse_args()
    try:
        _obey(arguments.verb, arguments.name, existing=os.environ.get("CLUSTER") == "existing")
    except SetupError as error:
        say(f"✗ {error}")
        return 1
    return 0


def _obey(verb: str, name: str, *, existing: bool) -> None:
    match verb, existing:
        case "up", True:
            _look_at_existing()
        case "up", False:
            say(f"export KUBECONFIG={local.up().kubeconfig}")
        case "down", True:
            say("CLUSTER=existing: nothing of it is ours to remove")
        case "down", False:
            with step("removing the local cluster"):
                local.down()
        case "images", True:
            images.build_with_docker(*ON_REQUEST)
        case "images", False:
            _build_images()
        case _:
            _control_plane(name)


def _look_at_existing() -> None:
    kubectl = shutil.which("kubectl") or str(binaries.binary("kubectl"))
    done = subprocess.run([kubectl, "version"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"CLUSTER=existing: kubectl does not reach it; check KUBECONFIG:\n{done.stderr.strip()}")
    say(done.stdout.strip())


def _build_images() -> None:
    built = images.build(*ON_REQUEST)
    if local.is_ours():
        images.load(built, local.LocalCluster().loaded_images)


def _control_plane(name: str) -> None:
    plane = ControlPlane(local.TREE / ".local" / "control-planes" / name)
    with step(f"control plane {name}"):
        plane.start()
    say(f"export KUBECONFIG={plane.kubeconfig}")


if __name__ == "__main__":
    sys.exit(main())
