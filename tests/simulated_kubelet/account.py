"""A Pod's service account: the files and variables that let a program in it call the API server."""

import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.simulated_kubelet.api import Api
from tests.simulated_kubelet.script import Body

FOLDER: Final = "var/run/secrets/kubernetes.io/serviceaccount"


def mounts_token(pod: Body) -> bool:
    """Only as written: that yes is the default is the admission's, which this cluster has not."""
    return pod["spec"].get("automountServiceAccountToken") is True


def server(api: Api) -> dict[str, str]:
    """What every container is told, whether its Pod has a token or not."""
    parts = urlsplit(api.server)
    return {"KUBERNETES_SERVICE_HOST": str(parts.hostname), "KUBERNETES_SERVICE_PORT": str(parts.port)}


async def mount_token(api: Api, pod: Body, root: Path) -> None:
    """A real token, bound to nothing: it ends with the namespace."""
    name = pod["spec"].get("serviceAccountName", "default")
    path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/serviceaccounts/{name}/token"
    issued = await api.post(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text(issued["status"]["token"])
    (folder / "ca.crt").write_text("".join(ssl.DER_cert_to_PEM_cert(each) for each in api.authorities))
