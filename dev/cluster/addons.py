"""What Pods expect of a cluster beside the node: names and volumes. Both run as processes of this machine."""

import json
from pathlib import Path

import yaml

from dev.cluster import binaries
from dev.cluster.addresses import BASE_IMAGE, GATEWAY, RECORDS
from dev.cluster.control_plane import ControlPlane
from dev.cluster.processes import Program
from dev.cluster.progress import SetupError

STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": "local-path",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": "rancher.io/local-path",
    "volumeBindingMode": "WaitForFirstConsumer",
    "reclaimPolicy": "Delete",
}
SETUP = '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n'
"""0777: a hostPath volume ignores fsGroup, and sheets are no root."""
TEARDOWN = '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n'


class Addons:
    """CoreDNS and local-path-provisioner."""

    def __init__(self, directory: Path, control_plane: ControlPlane) -> None:
        self.directory = directory.absolute()
        self.control_plane = control_plane
        self.dns = Program(self.directory, "coredns", RECORDS)
        self.volumes = Program(self.directory, "local-path-provisioner", RECORDS)

    def start(self) -> None:
        """Names of Services resolve in Pods; a claim gets a folder of this machine."""
        corefile = self.directory / "Corefile"
        corefile.write_text(corefile_text(self.control_plane.kubeconfig))
        self.dns.start([binaries.binary("coredns"), "-conf", corefile])
        self._start_volumes()

    def _start_volumes(self) -> None:
        files = {
            "config.json": json.dumps(self._node_paths()),
            "setup": SETUP,
            "teardown": TEARDOWN,
            "helperPod.yaml": yaml.safe_dump(helper_pod()),
        }
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "local-path-config", "namespace": "local-path-storage"},
            "data": files,
        }
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "local-path-storage"}}
        objects = yaml.safe_dump_all([namespace, config_map, STORAGE_CLASS])
        applied = self.control_plane.kubectl("apply", "-f", "-", text=objects)
        if applied.returncode:
            raise SetupError(f"applying the StorageClass failed: {applied.stderr}")
        for name in ("config.json", "helperPod.yaml"):
            (self.directory / name).write_text(files[name])
        self.volumes.start(
            [
                binaries.binary("local-path-provisioner"),
                "start",
                f"--kubeconfig={self.control_plane.kubeconfig}",
                f"--config={self.directory / 'config.json'}",
                f"--helper-pod-file={self.directory / 'helperPod.yaml'}",
                f"--helper-image={BASE_IMAGE}",
                "--configmap-name=local-path-config",
                "--namespace=local-path-storage",
                "--service-account-name=default",
            ],
            {"POD_NAMESPACE": "local-path-storage"},
        )

    def _node_paths(self) -> dict[str, object]:
        volumes = str(self.directory / "volumes")
        return {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [volumes]}]}


def corefile_text(kubeconfig: Path) -> str:
    """Serves cluster.local on the bridge, and nothing else: the outer world has no names here."""
    return f""".:53 {{
  bind {GATEWAY}
  errors
  kubernetes cluster.local {{
    kubeconfig {kubeconfig} local
    pods insecure
  }}
  cache 10
}}
"""


def helper_pod() -> dict[str, object]:
    """Makes and removes a volume's folder: root, and an image with `sh`."""
    container = {
        "name": "helper-pod",
        "image": BASE_IMAGE,
        "imagePullPolicy": "Never",
        "securityContext": {"runAsUser": 0},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {"containers": [container]},
    }
