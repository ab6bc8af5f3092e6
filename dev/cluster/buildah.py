"""Images without a Docker engine: buildah builds into a store of our own and writes an archive for containerd.

Store and archives lie in the cache, so that every checkout of a machine shares what did not change.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dev.cluster import cache
from dev.cluster.progress import SetupError, tail

ISOLATION: Final = {"BUILDAH_ISOLATION": "chroot"}
"""No namespaces of its own: it works wherever we are root."""


def archive(image: str) -> Path:
    """Where the image lies as `docker-archive`; beside it, `.digest` says what it was made of."""
    return _folder() / f"{image}.tar"


def made_of(image: str) -> str:
    """The digest that the archive was built from; empty if there is none."""
    file = archive(image).with_suffix(".digest")
    return file.read_text() if file.is_file() and archive(image).is_file() else ""


def scratch(image: str) -> Path:
    """An empty folder to prepare things in."""
    folder = _folder() / "scratch" / image
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def build(
    image: str, full_name: str, context: Path, dockerfile: Path, arguments: Mapping[str, str], digest: str
) -> None:
    """Layers are kept, so that an edit of our own code does not compile its dependencies again."""
    target = archive(image)
    target.with_suffix(".digest").unlink(missing_ok=True)
    target.unlink(missing_ok=True)
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    command = ["build", "--pull-never", "--layers", *given, "-t", full_name, "-f", str(dockerfile), str(context)]
    _buildah(image, *command)
    _buildah(image, "push", full_name, f"docker-archive:{target}:{full_name}")
    _buildah(image, "rmi", "--prune", "--force")
    target.with_suffix(".digest").write_text(digest)


def run(command: Sequence[str], image: str, folder: Path | None = None) -> None:
    """A step of building this image; raises `SetupError` with the end of its log."""
    log = _folder() / f"{image}.log"
    with log.open("a") as output:
        done = subprocess.run(
            command, env={**os.environ, **ISOLATION}, stdout=output, stderr=output, cwd=folder, check=False
        )
    if done.returncode:
        raise SetupError(f"{' '.join(command[:6])} … failed; the end of {log}:\n{tail(log)}")


def _buildah(image: str, *arguments: str) -> None:
    store = [f"--root={_folder() / 'store'}", "--runroot=/run/marianne-images", "--storage-driver=overlay"]
    run(["buildah", *store, *arguments], image)


def _folder() -> Path:
    folder = cache.root() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
