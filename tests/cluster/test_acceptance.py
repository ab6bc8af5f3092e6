"""The cluster is a Kubernetes: Pods reach the API and Services by name, a claim gets a volume, kubectl reaches in."""

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dev.cluster.image_order import full_name
from tests.cluster.lane import Lane, wait_for

TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"
ASK_FOR_THE_VERSION = f"""
import ssl, urllib.request
token = open("{TOKEN_DIRECTORY}/token").read()
request = urllib.request.Request("https://kubernetes.default/version", headers={{"Authorization": "Bearer " + token}})
trusted = ssl.create_default_context(cafile="{TOKEN_DIRECTORY}/ca.crt")
print(urllib.request.urlopen(request, context=trusted, timeout=10).read().decode())
"""
WRITE_TO_THE_CLAIM = """
from pathlib import Path
Path("/data/proof").write_text("written")
print(Path("/data/proof").read_text())
"""
SERVE = 'from http.server import *; HTTPServer(("", 8080), SimpleHTTPRequestHandler).serve_forever()'


def _pod(name: str, program: str, **spec: Any) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": full_name("runner"),
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", program],
        "workingDir": "/tmp",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        **spec.pop("container", {}),
    }
    whole = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    metadata = {"name": name, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": whole | spec}


def test_a_restricted_pod_asks_the_api_by_its_name_with_its_own_token(lane: Lane) -> None:
    lane.apply(_pod("asks", ASK_FOR_THE_VERSION))
    _await_end(lane, "asks")
    server = json.loads(lane.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    assert json.loads(lane.kubectl("logs", "asks"))["gitVersion"] == server


def test_the_namespace_refuses_a_pod_that_is_not_restricted(lane: Lane) -> None:
    body = json.dumps(_pod("root", "pass", securityContext={"runAsUser": 0}))
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        lane.kubectl("create", "-f", "-", text=body)


def test_a_claim_is_provisioned_for_the_pod_that_writes_to_it(lane: Lane) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}},
    }
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    lane.apply(claim, _pod("writes", WRITE_TO_THE_CLAIM, container=mount, volumes=[volume]))
    _await_end(lane, "writes")
    assert lane.kubectl("logs", "writes").strip() == "written"


def test_kubectl_reaches_into_a_pod_and_pods_reach_a_service(lane: Lane) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "pages"},
        "spec": {"selector": {"app": "serves"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    lane.apply(service, _pod("serves", SERVE))
    lane.kubectl("wait", "--for=condition=Ready", "pod/serves", "--timeout=60s")
    assert lane.kubectl("exec", "serves", "--", "id", "-u").strip() == "65532"
    with _forwarded(lane, "serves", 8080) as port:
        assert _status(f"http://127.0.0.1:{port}/") == 200
    fetch = 'import urllib.request; print(urllib.request.urlopen("http://pages/", timeout=20).status)'
    lane.apply(_pod("fetches", fetch))
    _await_end(lane, "fetches")
    assert lane.kubectl("logs", "fetches").strip() == "200"


def _await_end(lane: Lane, pod: str) -> None:
    """Until it succeeded; a Pod that failed shows its log."""

    def phase() -> str:
        return str(lane.get("pod", pod).get("status", {}).get("phase"))

    ended = wait_for(phase, lambda seen: seen in ("Succeeded", "Failed"))
    assert ended == "Succeeded", lane.kubectl("logs", pod)


@contextmanager
def _forwarded(lane: Lane, pod: str, port: int) -> Iterator[int]:
    """A local port that leads to the Pod's."""
    command = [lane.kubectl_binary, f"--kubeconfig={lane.kubeconfig}", f"--namespace={lane.namespace}"]
    with subprocess.Popen(
        [*command, "port-forward", f"pod/{pod}", f":{port}"], stdout=subprocess.PIPE, text=True
    ) as forward:
        assert forward.stdout is not None
        local_port = int(forward.stdout.readline().split("127.0.0.1:")[1].split()[0])
        with socket.create_connection(("127.0.0.1", local_port), timeout=10):
            pass
        try:
            yield local_port
        finally:
            forward.terminate()


def _status(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return int(answer.status)
