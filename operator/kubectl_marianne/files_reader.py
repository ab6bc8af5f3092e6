"""The Pod that reads a job's workspace or ledger for its caller: restricted as a sheet's, tokenless, short-lived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kubectl_marianne import files_program
from marianne_operator.model.confinement import CLAIM_LABEL, CONTAINER_SECURITY, POD_SECURITY
from marianne_operator.model.pod import MAIN_CONTAINER
from marianne_runner.contract import SHEET_LABEL

READER_LABEL: Final = "marianne.dev/reader-of"
FOLDER: Final = "/workspace"
SECONDS: Final = 300
"""It ends by then, and its owner the job takes it away, whatever becomes of the caller."""
FROM_THE_TEMPLATE: Final = ("imagePullSecrets", "nodeSelector", "tolerations", "runtimeClassName")


class NoImageError(Exception):
    """No Pod of the job is left to learn an image from."""


@dataclass(frozen=True, slots=True)
class Question:
    """`ls`, `cat` or `cp`, of a path in the workspace; `evidence`, of a sheet's folder in the ledger."""

    verb: str
    path: str

    @property
    def of_ledger(self) -> bool:
        """Where it is about."""
        return self.verb == "evidence"


def claim_of(job: Mapping[str, Any]) -> tuple[str, str | None]:
    """(claim, folder of it) that the job's sheets work in."""
    given = job["spec"].get("workspace", {}).get("persistentVolumeClaim")
    if given:
        return given["claimName"], given.get("subPath")
    return f"{job['metadata']['name']}-workspace", "workspace"


def ledger_of(job: Mapping[str, Any]) -> str:
    """The folder of the same claim that the runners keep their marks in."""
    return ".marianne" if job["spec"].get("workspace", {}).get("persistentVolumeClaim") else "ledger"


def image_of(pods: Sequence[Mapping[str, Any]]) -> str:
    """Of the job's latest Pod: a sheet's image has all that is needed; raises `NoImageError`."""
    sheets = [pod for pod in pods if SHEET_LABEL in pod["metadata"].get("labels", {})]
    if not sheets:
        raise NoImageError("the job has no Pod to learn an image from; name one with --image, the runner's will do")
    latest = max(sheets, key=lambda pod: pod["metadata"]["creationTimestamp"])
    return next(str(each["image"]) for each in latest["spec"]["containers"] if each["name"] == MAIN_CONTAINER)


def reader(job: Mapping[str, Any], claim: Mapping[str, Any], image: str, question: Question) -> dict[str, Any]:
    """The whole Pod. The claim's node is shared where the volume is on one node alone."""
    folder = ledger_of(job) if question.of_ledger else claim_of(job)[1]
    mount = {"name": "claim", "mountPath": FOLDER, "readOnly": True} | ({"subPath": folder} if folder else {})
    template = job["spec"].get("sheetTemplate") or {}
    spec = {
        **{key: template[key] for key in FROM_THE_TEMPLATE if template.get(key)},
        "restartPolicy": "Never",
        "activeDeadlineSeconds": SECONDS,
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": POD_SECURITY,
        "affinity": _affinity(claim),
        "containers": [_container(image, mount, question)],
        "volumes": [{"name": "claim", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(job, claim), "spec": spec}


def program() -> str:
    """The text that the Pod's python runs."""
    return Path(files_program.__file__).read_text()


def _container(image: str, mount: Mapping[str, Any], question: Question) -> dict[str, Any]:
    return {
        "name": "reader",
        "image": image,
        "command": ["python3", "-I", "-c", program(), FOLDER, question.verb, question.path],
        "volumeMounts": [mount],
        "securityContext": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    }


def _metadata(job: Mapping[str, Any], claim: Mapping[str, Any]) -> dict[str, Any]:
    """Owned by the job, so that nothing is left of one that nobody deleted."""
    meta = job["metadata"]
    owner = {"apiVersion": job["apiVersion"], "kind": job["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {
        "generateName": f"{meta['name'][:40].rstrip('-.')}-files-",
        "namespace": meta["namespace"],
        "labels": {READER_LABEL: meta["name"][:63].rstrip("-."), CLAIM_LABEL: claim["metadata"]["uid"]},
        "ownerReferences": [owner],
    }


def _affinity(claim: Mapping[str, Any]) -> dict[str, Any]:
    if "ReadWriteOnce" not in claim["spec"].get("accessModes", ()):
        return {}
    term = {
        "labelSelector": {"matchLabels": {CLAIM_LABEL: claim["metadata"]["uid"]}},
        "topologyKey": "kubernetes.io/hostname",
    }
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
