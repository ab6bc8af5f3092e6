"""Which images there are, what each is made of and in which order they build: pure, but for reading files."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

PACKAGES: Final = {
    "runner": ("marianne_runner",),
    "operator": ("marianne_operator", "marianne_runner"),
    "api": ("marianne_api", "marianne_client", "marianne_operator", "marianne_runner"),
}
"""Our own packages in an image; one without an entry has none."""
ON_REQUEST: Final = ("api", "opencode")
"""What an installation by default does without: nobody waits for it who did not ask."""


def full_name(image: str) -> str:
    """What a Pod writes, and what containerd calls it."""
    return f"localhost/marianne/{image}:dev"


def argument(image: str) -> str:
    """The build argument by which a Dockerfile names another of our images as what it is built FROM."""
    return image.upper().replace("-", "_")


def dockerfiles(tree: Path) -> dict[str, str]:
    """Image to the text of its Dockerfile: every folder of `images/` that has one."""
    return {file.parent.name: file.read_text() for file in sorted((tree / "images").glob("*/Dockerfile"))}


def parents(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Image to the images of ours that it is built FROM (`FROM ${RUNNER}`)."""
    named = {image: set(re.findall(r"^FROM \$\{?(\w+)", text, re.MULTILINE)) for image, text in texts.items()}
    return {image: [other for other in texts if argument(other) in names] for image, names in named.items()}


def build_order(texts: Mapping[str, str]) -> list[str]:
    """Those that others are built FROM come first."""
    return list(TopologicalSorter(parents(texts)).static_order())


def wanted(texts: Mapping[str, str], requested: Iterable[str]) -> list[str]:
    """Those to build, in order: of `ON_REQUEST` only what is requested."""
    unasked = set(ON_REQUEST).difference(requested)
    return [image for image in build_order(texts) if image not in unasked]


def sources(tree: Path, image: str) -> list[Path]:
    """Files and folders of the tree that decide what is in the image."""
    lock = tree / "requirements" / f"{image}.lock"
    own = [tree / "operator" / package for package in PACKAGES.get(image, ())]
    return [tree / "images" / image, *([lock] if lock.is_file() else []), *own]


def digest(paths: Iterable[Path], *made_of: str) -> str:
    """Of every file's place and content below these paths, and of what else the image is made of."""
    sha = hashlib.sha256("\n".join(made_of).encode())
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                sha.update(f"{path.name}/{file.relative_to(path)} {file.stat().st_mode & 0o111} {content}\n".encode())
    return sha.hexdigest()
