"""Debian packages that the local cluster needs."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dev.cluster.progress import SetupError, step

NODE: Final = {
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "iptables": "iptables",
    "nftables": "nft",
    "conntrack": "conntrack",
    "socat": "socat",
    "iproute2": "ip",
    "mount": "mount",
}
"""Package to the program by which its presence is told."""
IMAGES: Final = {"buildah": "buildah", "mmdebstrap": "mmdebstrap", "gcc": "gcc", "libc6-dev": "/usr/include/stdlib.h"}
NPM: Final = {"npm": "npm"}
SHELLS: Final = {"zsh": "zsh", "fish": "fish", "bash-completion": "/usr/share/bash-completion/bash_completion"}
"""In which the command line's completion is tried."""


def ensure(packages: dict[str, str]) -> None:
    """Install what is missing; nothing is asked of the archive when all is there."""
    missing = [package for package, program in packages.items() if not _present(program)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise SetupError(f"missing packages, and not root: apt-get install {' '.join(missing)}")
    with step(f"apt-get install {' '.join(missing)}"):
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *missing)


def _present(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None


def _apt(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(f"apt-get {arguments[0]} failed:\n{_last(done.stderr.splitlines())}")


def _last(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in list(lines)[-15:])
