"""The project's images: prepared, built and imported. What did not change is neither built nor imported again.

The Dockerfiles in `images/` are those that users build with Docker. What they copy out of `build/<image>` is prepared
here, from the lock files with their hashes, so that no build needs pip or its configuration.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dev.cluster import bases, buildah, cache, packages
from dev.cluster.addresses import CONTAINERD_SOCKET
from dev.cluster.image_order import (
    PACKAGES,
    argument,
    digest,
    dockerfiles,
    full_name,
    parents,
    sources,
    wanted,
)
from dev.cluster.progress import say, step

TREE: Final = Path(__file__).parents[2]
WHEELS: Final = (
    "--python-version=3.11",
    "--implementation=cp",
    "--only-binary=:all:",
    "--platform=manylinux2014_x86_64",
)
"""What Debian's interpreter in the base image runs, whatever interpreter builds it."""


def build(*requested: str) -> dict[str, str]:
    """Archives in the cache; image to the digest of what it is made of. One `ON_REQUEST` only where it is named."""
    packages.ensure(packages.IMAGES)
    with cache.locked("images"):
        built = bases.build()
        texts = dockerfiles(TREE)
        above = parents(texts)
        for image in wanted(texts, requested):
            built[image] = _build(image, {other: built[other] for other in ("base", *above[image])})
        return built


def load(built: Mapping[str, str], loaded: Path) -> None:
    """Into containerd, what it lacks of what was built; the folder `loaded` says what it has."""
    loaded.mkdir(parents=True, exist_ok=True)
    for image, now in built.items():
        has = loaded / image
        if has.is_file() and has.read_text() == now:
            continue
        with step(f"importing the {image} image"):
            target = str(buildah.archive(image, now))
            buildah.run(["ctr", "-a", CONTAINERD_SOCKET, "-n", "k8s.io", "images", "import", target], image)
        has.write_text(now)


def build_with_docker(*requested: str) -> None:
    """For a cluster that the user names: with their engine, or the lines to do it with."""
    texts = dockerfiles(TREE)
    order = wanted(texts, requested)
    for image in order:
        prepare(image)
    commands = [docker_command(image, parents(texts)[image]) for image in order]
    if not _docker_engine():
        say("there is no Docker engine here; where there is one, in this folder:")
        for command in commands:
            say("  " + " ".join(command))
    else:
        for image, command in zip(order, commands, strict=True):
            with step(f"building the {image} image"):
                buildah.run(command, image, TREE)
    say(f"then, for kind: kind load docker-image {' '.join(full_name(image) for image in order)}")


def _docker_engine() -> bool:
    """The program alone says nothing: it may have nobody to speak to."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def docker_command(image: str, above: list[str]) -> list[str]:
    """The same Dockerfile on the base that it names itself."""
    given = [f"--build-arg={argument(other)}={full_name(other)}" for other in above]
    return ["docker", "build", "-f", f"images/{image}/Dockerfile", "-t", full_name(image), *given, "."]


def prepare(image: str) -> None:
    """What the Dockerfile copies out of `build/<image>`: what seldom changes, and our own `packages`."""
    _unpack_wheels(image)
    _unpack_node_modules(image)
    packages_folder = TREE / "build" / image / "packages"
    shutil.rmtree(packages_folder, ignore_errors=True)
    for package in PACKAGES.get(image, ()):
        own = TREE / "operator" / package
        shutil.copytree(own, packages_folder / package, ignore=shutil.ignore_patterns("__pycache__"))


def _unpack_wheels(image: str) -> None:
    """What the lock file names, checked by its hashes; left alone while that is the same, so that layers are, too."""
    lock = TREE / "requirements" / f"{image}.lock"
    if not lock.is_file():
        return
    now = digest([lock], *WHEELS)
    with _unpacking(image, "wheels", now) as target:
        if target is not None:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
            where = [f"--target={target}", f"--requirement={lock}"]
            buildah.run([*pip, "--require-hashes", "--no-deps", *WHEELS, *where], image)


def _unpack_node_modules(image: str) -> None:
    """The same of an image that has a lock of npm's; no package's own scripts are run."""
    folder = TREE / "images" / image
    pins = [folder / name for name in ("package.json", "package-lock.json")]
    if not pins[1].is_file():
        return
    packages.ensure(packages.NPM)
    with _unpacking(image, "node_modules", digest(pins)) as target:
        if target is not None:
            for pin in pins:
                shutil.copy(pin, target.parent)
            buildah.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], image, target.parent)


@contextmanager
def _unpacking(image: str, name: str, now: str) -> Iterator[Path | None]:
    """An empty place to unpack to, or None where what is there was unpacked from the same."""
    target = TREE / "build" / image / name
    unpacked = target.with_suffix(".digest")
    if unpacked.is_file() and unpacked.read_text() == now:
        yield None
        return
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    yield target
    unpacked.write_text(now)


def _build(image: str, above: Mapping[str, str]) -> str:
    now = digest(sources(TREE, image), *above.values())
    if buildah.is_built(image, now):
        return now
    with step(f"building the {image} image"):
        prepare(image)
        arguments = {argument(other): buildah.stored_name(other, made_of) for other, made_of in above.items()}
        buildah.build(image, full_name(image), TREE, TREE / "images" / image / "Dockerfile", arguments, now)
    return now
