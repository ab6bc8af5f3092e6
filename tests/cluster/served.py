"""A small program of the tests as a server that Pods of a namespace reach by its name."""

from pathlib import Path
from types import ModuleType

from dev.cluster.image_order import full_name
from tests.cluster.lane import Lane

PORT = 8000
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def serve(lane: Lane, name: str, program: ModuleType) -> None:
    """At `http://<name>:8000`, once this returns; the Pod `<name>` has its log."""
    meta = {"name": name, "labels": {"app": name}}
    container = {
        "name": name,
        "image": full_name("runner"),
        "command": ["python3", "/server/program.py", str(PORT)],
        "volumeMounts": [{"name": "server", "mountPath": "/server"}],
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1},
        "securityContext": RESTRICTED,
    }
    spec = {
        "containers": [container],
        "volumes": [{"name": "server", "configMap": {"name": name}}],
        "automountServiceAccountToken": False,
    }
    source = Path(program.__file__ or "").read_text()
    lane.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"program.py": source}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"selector": meta["labels"], "ports": [{"port": PORT}]},
        },
    )
    lane.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=60s")
