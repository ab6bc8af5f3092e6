"""The cluster's programs, built from Go modules.

The pins are `modules/*/go.mod` and `go.sum`; the binaries go into a cache outside the tree, keyed by the pins and the
flags, so that every checkout on a machine shares them. Cold, on two cores: about twelve minutes.
"""

import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.cluster import cache
from dev.cluster.progress import SetupError, say, step, tail

MODULES: Final = Path(__file__).parent / "modules"
KUBERNETES: Final = "1.37.2"
FLAGS: Final = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"}
REPORT_EVERY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Module:
    """One module of pins and what is built of it: package to the program's name."""

    folder: str
    packages: dict[str, str]
    tags: str = ""
    link: str = "-s -w"


def _kubernetes_link_flags() -> str:
    """Without them every component says v0.0.0-master, and version skew checks go wrong."""
    major, minor, _ = KUBERNETES.split(".")
    stamps = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return "-s -w " + " ".join(f"-X {package}.{key}={value}" for package in packages for key, value in stamps.items())


_COMPONENTS: Final = ("kube-apiserver", "kube-controller-manager", "kubectl", "kube-scheduler", "kubelet", "kube-proxy")
ALL: Final = (
    Module("etcd", {"go.etcd.io/etcd/server/v3": "etcd"}),
    Module(
        "kubernetes",
        {f"k8s.io/kubernetes/cmd/{name}": name for name in _COMPONENTS},
        tags="selinux,notest,grpcnotrace",
        link=_kubernetes_link_flags(),
    ),
    Module("coredns", {"github.com/coredns/coredns": "coredns"}),
    Module("local-path-provisioner", {"github.com/rancher/local-path-provisioner": "local-path-provisioner"}),
    Module("helm", {"helm.sh/helm/v4/cmd/helm": "helm"}),
)


def ensure(folders: frozenset[str] | None = None) -> Path:
    """The folder with the programs, built where they are missing. `folders` None: of every module."""
    built = cache_folder()
    wanted = [module for module in ALL if folders is None or module.folder in folders]
    if not _missing(wanted, built):
        return built
    with cache.locked("binaries"):
        built.mkdir(parents=True, exist_ok=True)
        missing = _missing(wanted, built)
        if len(missing) > 1:
            say(f"{len(missing)} programs to build from source: about twelve minutes on two cores, once a machine")
        for number, (module, package) in enumerate(missing, start=1):
            _build(module, package, built, f"{number}/{len(missing)}")
    return built


def binary(name: str) -> Path:
    """The path of one program; builds its module where it is missing."""
    folder = next(module.folder for module in ALL if name in module.packages.values())
    return ensure(frozenset({folder})) / name


def cache_folder(modules: Path = MODULES) -> Path:
    """Keyed by everything that decides what is built."""
    key = hashlib.sha256()
    for pin in sorted(modules.glob("*/go.*")):
        key.update(f"{pin.relative_to(modules)}\n".encode())
        key.update(pin.read_bytes())
    key.update(repr((ALL, FLAGS)).encode())
    return cache.root() / "binaries" / key.hexdigest()[:16]


def _missing(modules: list[Module], built: Path) -> list[tuple[Module, str]]:
    return [
        (module, package)
        for module in modules
        for package, name in module.packages.items()
        if not (built / name).exists()
    ]


def _build(module: Module, package: str, built: Path, position: str) -> None:
    name = module.packages[package]
    log, partial = built / f"{name}.log", built / f"{name}.partial"
    with step(f"building {name} ({position})"), log.open("w") as output, _reporting(name):
        _go(module, package, partial, output.fileno(), log)
        partial.rename(built / name)


def _go(module: Module, package: str, target: Path, output: int, log: Path) -> None:
    environment = {**os.environ, **FLAGS}
    command = ["go", "build", "-trimpath", "-tags", module.tags, "-ldflags", module.link, "-o", str(target), package]
    try:
        done = subprocess.run(
            command, cwd=MODULES / module.folder, env=environment, stdout=output, stderr=output, check=False
        )
    except FileNotFoundError as error:
        raise SetupError("go is not installed: install Go 1.26 or newer") from error
    if done.returncode:
        raise SetupError(f"building {package} failed; the end of {log}:\n{tail(log)}")


@contextmanager
def _reporting(name: str) -> Iterator[None]:
    """A compiler is silent for minutes: say that it still works."""
    begun, over = time.monotonic(), threading.Event()

    def report() -> None:
        while not over.wait(REPORT_EVERY_SECONDS):
            say(f"  {name}: {time.monotonic() - begun:.0f} s so far")

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
