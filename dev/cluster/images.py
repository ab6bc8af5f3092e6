"""Images without a registry or a Docker engine.

The Dockerfiles in `images/` are those that users build with Docker. Here buildah builds them on a base made of Debian's
packages, and containerd imports the result. What did not change is neither built nor imported again.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from dev.cluster import packages
from dev.cluster.addresses import BASE_IMAGE, CONTAINERD_SOCKET, PAUSE_IMAGE
from dev.cluster.binaries import cache_root
from dev.cluster.progress import SetupError, step, tail

TREE: Final = Path(__file__).parents[2]
BASE_PACKAGES: Final = ("python3-minimal", "libpython3-stdlib", "ca-certificates", "git", "bash", "procps")
BASE_WITHOUT: Final = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
PRODUCT: Final = ("runner", "operator", "agent")
"""In the order in which they build on each other."""
WHEELS: Final = (
    "--python-version=3.11",
    "--implementation=cp",
    "--only-binary=:all:",
    "--platform=manylinux2014_x86_64",
)
"""What Debian's interpreter in the base image runs, whatever interpreter builds it."""


def name(image: str) -> str:
    """The full name of one of the project's images."""
    return f"localhost/marianne/{image}:dev"


def build() -> None:
    """Every image, as an archive in the cache."""
    packages.ensure(packages.IMAGES)
    _pause()
    _base()
    for image in PRODUCT:
        _product(image)


def load() -> None:
    """Into containerd, whatever it lacks of what was built."""
    marker = Path(CONTAINERD_SOCKET).parent / "images"
    marker.mkdir(parents=True, exist_ok=True)
    for archive in sorted(_archives().glob("*.tar")):
        stamp, loaded = archive.with_suffix(".digest").read_text(), marker / archive.stem
        if loaded.is_file() and loaded.read_text() == stamp:
            continue
        with step(f"importing {archive.stem}"):
            _run(["ctr", "-a", CONTAINERD_SOCKET, "-n", "k8s.io", "images", "import", str(archive)], archive.stem)
        loaded.write_text(stamp)


def _pause() -> None:
    source = Path(__file__).with_name("pause.c")
    if not (digest := _changed("pause", [source])):
        return
    with step("building the pause image"):
        folder = _scratch("pause")
        _run(["gcc", "-static", "-Os", "-s", "-o", str(folder / "pause"), str(source)], "pause")
        (folder / "Dockerfile").write_text('FROM scratch\nCOPY pause /pause\nUSER 65535\nENTRYPOINT ["/pause"]\n')
        _commit("pause", PAUSE_IMAGE, folder, folder / "Dockerfile", {}, digest)


def _base() -> None:
    if not (digest := _changed("base", [Path(__file__)])):
        return
    with step("building the base image from Debian's packages"):
        folder = _scratch("base")
        exclude = [f"--dpkgopt=path-exclude={pattern}" for pattern in BASE_WITHOUT]
        root = folder / "root.tar"
        chosen = f"--include={','.join(BASE_PACKAGES)}"
        clean = "--customize-hook=rm -rf $1/var/lib/apt/lists/* $1/var/cache/* $1/var/log/*"
        _run(["mmdebstrap", "--variant=minbase", chosen, *exclude, clean, "bookworm", str(root)], "base")
        (folder / "Dockerfile").write_text("FROM scratch\nADD root.tar /\n")
        _commit("base", BASE_IMAGE, folder, folder / "Dockerfile", {}, digest)


def _product(image: str) -> None:
    dockerfile = TREE / "images" / image / "Dockerfile"
    sources = [dockerfile.parent, *_sources(image), _archives() / "base.digest"]
    if image == "agent":
        sources.append(_archives() / "runner.digest")
    if not (digest := _changed(image, sources)):
        return
    with step(f"building the {image} image"):
        prepare(image)
        arguments = {"BASE": BASE_IMAGE, "RUNNER": name("runner")}
        _commit(image, name(image), TREE, dockerfile, arguments, digest)


def prepare(image: str) -> None:
    """What the Dockerfile copies: the locked wheels, unpacked and compiled, in `build/<image>`."""
    lock = TREE / "requirements" / f"{image}.lock"
    if not lock.exists():
        return
    target = TREE / "build" / image
    shutil.rmtree(target, ignore_errors=True)
    pip = [shutil.which("python3") or "python3", "-m", "pip", "install", "--quiet", "--require-hashes"]
    _run([*pip, "--no-deps", *WHEELS, f"--target={target}", f"--requirement={lock}"], image)
    for package in _packages(image):
        shutil.copytree(package, target / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    compiler = ["python3", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", "-s", str(target)]
    _run([*compiler, str(target)], image)


def _packages(image: str) -> list[Path]:
    packages_of = {"runner": ("marianne_runner",), "operator": ("marianne_operator", "marianne_runner")}
    return [TREE / "operator" / package for package in packages_of[image]]


def _sources(image: str) -> list[Path]:
    return [TREE / "requirements" / f"{image}.lock", *_packages(image)] if image != "agent" else []


def _commit(
    image: str, full_name: str, context: Path, dockerfile: Path, arguments: dict[str, str], digest: str
) -> None:
    archive = _archives() / f"{image}.tar"
    archive.unlink(missing_ok=True)
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    # One layer for each image: the archive stays small and containerd unpacks it once.
    build_it = ["buildah", "build", "--pull-never", "--layers=false", *given, "-t", full_name, "-f", str(dockerfile)]
    _run([*build_it, str(context)], image)
    _run(["buildah", "push", full_name, f"docker-archive:{archive}:{full_name}"], image)
    archive.with_suffix(".digest").write_text(digest)


def _changed(image: str, sources: Iterable[Path]) -> str | None:
    """The digest of what the image is made of, or None if the archive is made of just that."""
    digest = hashlib.sha256()
    for source in sources:
        for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.name.encode())
                digest.update(file.read_bytes())
    known = _archives() / f"{image}.digest"
    made = digest.hexdigest()
    return None if known.is_file() and known.read_text() == made and known.with_suffix(".tar").exists() else made


def _archives() -> Path:
    folder = cache_root() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _scratch(image: str) -> Path:
    folder = _archives() / "scratch" / image
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _run(command: Sequence[str], image: str) -> None:
    log = _archives() / f"{image}.log"
    environment = {**os.environ, "STORAGE_DRIVER": "overlay", "BUILDAH_ISOLATION": "chroot"}
    with log.open("w") as output:
        done = subprocess.run(command, env=environment, stdout=output, stderr=output, cwd=TREE, check=False)
    if done.returncode:
        raise SetupError(f"{' '.join(command[:4])} … failed; the end of {log}:\n{tail(log)}")
