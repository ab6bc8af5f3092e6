"""The two images that no Dockerfile of ours describes: the sandbox's pause program, and Debian itself.

The base is made of Debian's packages, because there is no registry to pull one from.
"""

from pathlib import Path
from typing import Final

from dev.cluster import buildah
from dev.cluster.addresses import BASE_IMAGE, PAUSE_IMAGE
from dev.cluster.image_order import digest
from dev.cluster.progress import step

RELEASE: Final = "bookworm"
PACKAGES: Final = ("python3-minimal", "libpython3-stdlib", "ca-certificates", "git", "bash", "procps", "patchelf")
WITHOUT: Final = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
EMPTIED: Final = ("var/lib/apt/lists", "var/cache", "var/log")
PAUSE_DOCKERFILE: Final = 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n'
BASE_DOCKERFILE: Final = "FROM scratch\nADD root.tar /\n"


def build() -> dict[str, str]:
    """Both, where they changed; image to the digest of what it is made of."""
    return {"pause": _pause(), "base": _base()}


def _pause() -> str:
    source = Path(__file__).with_name("pause.c")
    now = digest([source], PAUSE_DOCKERFILE)
    if buildah.is_built("pause", now):
        return now
    with step("building the pause image"):
        folder = buildah.scratch("pause")
        buildah.run(["gcc", "-static", "-Os", "-s", "-o", str(folder / "pause"), str(source)], "pause")
        _commit("pause", PAUSE_IMAGE, folder, PAUSE_DOCKERFILE, now)
    return now


def _base() -> str:
    now = digest([], RELEASE, *PACKAGES, *WITHOUT, *EMPTIED, BASE_DOCKERFILE)
    if buildah.is_built("base", now):
        return now
    with step("building the base image from Debian's packages (about a minute)"):
        folder = buildah.scratch("base")
        exclude = [f"--dpkgopt=path-exclude={pattern}" for pattern in WITHOUT]
        clean = [f"--customize-hook=find $1/{each} -mindepth 1 -delete" for each in EMPTIED]
        chosen = f"--include={','.join(PACKAGES)}"
        root = str(folder / "root.tar")
        buildah.run(["mmdebstrap", "--variant=minbase", chosen, *exclude, *clean, RELEASE, root], "base")
        _commit("base", BASE_IMAGE, folder, BASE_DOCKERFILE, now)
    buildah.scratch("base")
    return now


def _commit(image: str, full_name: str, folder: Path, text: str, now: str) -> None:
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(text)
    buildah.build(image, full_name, folder, dockerfile, {}, now)
