"""The cluster that the demo plays on, and the two programs that speak to it."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import binaries, images, local
from dev.cluster.progress import SetupError, say


@dataclass(frozen=True, slots=True)
class Access:
    """As the administrator."""

    kubectl_binary: Path
    helm_binary: Path
    kubeconfig: Path | None

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        """What it prints; raises `SetupError` with what it complains about, unless `check` is off."""
        return self._run([self.kubectl_binary, *arguments], text, check)

    def helm(self, *arguments: str) -> str:
        """The same for helm."""
        return self._run([self.helm_binary, *arguments], None, check=True)

    def _run(self, command: list[str | Path], text: str | None, check: bool) -> str:
        environment = {**os.environ, **({"KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig else {})}
        given = text if text is not None else ""
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, env=environment)
        if check and done.returncode:
            shown = " ".join(str(part) for part in [Path(command[0]).name, *command[1:]])
            raise SetupError(f"{shown}: {(done.stderr or done.stdout).strip()}")
        return done.stdout


def reach() -> Access:
    """The local cluster, brought up where there is none; or the user's. Both with the images built."""
    if os.environ.get("CLUSTER") == "existing":
        return _existing()
    cluster = local.up()
    return Access(binaries.binary("kubectl"), binaries.binary("helm"), cluster.kubeconfig)


def _existing() -> Access:
    access = Access(_program("kubectl"), _program("helm"), None)
    images.build_with_docker()
    say(f"the cluster of {os.environ.get('KUBECONFIG', '~/.kube/config')}: {_version(access)}")
    return access


def _program(name: str) -> Path:
    """The user's own, which fits their cluster; ours where they have none."""
    own = shutil.which(name)
    return Path(own) if own else binaries.binary(name)


def _version(access: Access) -> str:
    try:
        return str(json.loads(access.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"])
    except (SetupError, KeyError) as error:
        raise SetupError(f"CLUSTER=existing: kubectl does not reach it; check KUBECONFIG: {error}") from error
