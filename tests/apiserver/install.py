"""What an installation is without its Deployment: CRDs, the chart's own RBAC, instruments and settings file.

The operator runs as a process here; it speaks as the chart's ServiceAccount, so it may exactly what the chart allows.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from dev.cluster import binaries
from dev.cluster.control_plane import ControlPlane
from dev.cluster.progress import wait_until

TREE: Final = Path(__file__).parents[2]
CRDS: Final = TREE / "crds"
CHART: Final = TREE / "charts" / "marianne-operator"
SYSTEM_NAMESPACE: Final = "marianne-system"
APPLIED_KINDS: Final = frozenset(
    {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ClusterInstrument"}
)
SETTINGS_KEY: Final = "settings.yaml"


@dataclass(frozen=True, slots=True)
class Installation:
    """`user` is what the operator is to the API server; `settings` what the chart's ConfigMap holds."""

    plane: ControlPlane
    user: str
    settings: Mapping[str, Any]

    def kubeconfig(self) -> Path:
        """The operator's own."""
        namespace = self.user.split(":")[2]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return self.plane.kubeconfig_for(self.user, groups)


def install_crds(plane: ControlPlane) -> None:
    """Returns when all are served."""
    must(plane, "apply", "--server-side", "-f", str(CRDS))
    must(plane, "wait", "--for=condition=Established", "-f", str(CRDS), "--timeout=30s")
    wait_until(
        "the new resources",
        lambda: plane.kubectl("get", "mariannejobs,instruments,clusterinstruments").returncode == 0,
        30,
    )


def install(plane: ControlPlane) -> Installation:
    """Everything but the Deployment; the CRDs must stand."""
    rendered = render_chart()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}}
    wanted = [namespace, *(each for each in rendered if each["kind"] in APPLIED_KINDS)]
    must(plane, "apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(wanted))
    return Installation(plane, _operator_user(rendered), _settings(rendered))


def render_chart(*options: str) -> list[dict[str, Any]]:
    """`helm template` with the chart's defaults and these options, parsed."""
    command = [
        str(binaries.binary("helm")),
        "template",
        "marianne",
        str(CHART),
        f"--namespace={SYSTEM_NAMESPACE}",
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"helm template: {done.stderr}")
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def must(plane: ControlPlane, *arguments: str, text: str | None = None) -> str:
    """kubectl's output; raises where it fails."""
    done = plane.kubectl(*arguments, text=text)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def _operator_user(rendered: list[dict[str, Any]]) -> str:
    """The one ServiceAccount that the chart's Deployment runs as."""
    deployment = next(each for each in rendered if each["kind"] == "Deployment")
    name = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    return f"system:serviceaccount:{SYSTEM_NAMESPACE}:{name}"


def _settings(rendered: list[dict[str, Any]]) -> Mapping[str, Any]:
    maps = (each for each in rendered if each["kind"] == "ConfigMap" and SETTINGS_KEY in each.get("data", {}))
    found: Mapping[str, Any] = yaml.safe_load(next(maps)["data"][SETTINGS_KEY])
    return found
