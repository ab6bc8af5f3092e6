"""Images without a Docker engine: buildah builds into a store of our own and writes an archive for containerd.

Store and archives lie in the cache, so that every checkout of a machine shares what did not change.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dev.cluster import cache
from dev.cluster.progress import SetupError, tail

ISOLATION: Final = {"BUILDAH_ISOLATION": "chroot"}
"""No namespaces of its own: it works wherever we are root."""
KEPT: Final = 3
"""Archives of an image: enough for checkouts that take turns."""


def archive(image: str, digest: str) -> Path:
    """Where an image that was made of this lies as `docker-archive`; it is there only if it is whole."""
    return _folder() / f"{image}-{digest[:16]}.tar"


def stored_name(image: str, digest: str) -> str:
    """What the image is called in our store: two checkouts may have different ones of one name."""
    return f"localhost/marianne/{image}:{digest[:16]}"


def is_built(image: str, digest: str) -> bool:
    """Whether there is nothing to do; what is used is kept."""
    there = archive(image, digest)
    if there.is_file():
        os.utime(there)
    return there.is_file()


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
    stored, target = stored_name(image, digest), archive(image, digest)
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    _buildah(image, "build", "--pull-never", "--layers", *given, "-t", stored, "-f", str(dockerfile), str(context))
    _buildah(image, "push", stored, f"docker-archive:{partial}:{full_name}")
    partial.rename(target)
    for old in superseded(_folder(), image):
        old.unlink()
        _forget(f"localhost/marianne/{image}:{old.stem.removeprefix(f'{image}-')}")
    _forget("--prune")


def superseded(folder: Path, image: str) -> list[Path]:
    """Archives of this image beyond those that were last used."""
    name = re.compile(rf"{re.escape(image)}-[0-9a-f]{{16}}\.tar")
    found = [file for file in folder.glob("*.tar") if name.fullmatch(file.name)]
    return sorted(found, key=lambda file: file.stat().st_mtime, reverse=True)[KEPT:]


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
    run([*_program(), *arguments], image)


def _forget(what: str) -> None:
    """Only to save space: what cannot be removed may stay."""
    subprocess.run([*_program(), "rmi", "--force", what], capture_output=True, check=False)


def _program() -> list[str]:
    return ["buildah", f"--root={_folder() / 'store'}", "--runroot=/run/marianne-images", "--storage-driver=overlay"]


def _folder() -> Path:
    folder = cache.root() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
