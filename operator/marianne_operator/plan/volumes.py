"""The volumes of a sheet's Pod (design §4, §6).

The ledger lies outside the agent's working tree. In a claim of ours both are folders of it; in a user's claim the
ledger is `.marianne` at its root, and an empty mount masks it where the workspace is that root.
"""

from collections.abc import Mapping
from typing import Any, Final

from marianne_operator.model.names import claim_name
from marianne_operator.model.spec import JobSpec, ScoreFile
from marianne_runner.contract import BRIEF_ANNOTATION

HIDDEN_LEDGER: Final = ".marianne"
TEMPORARY_SIZE: Final = "1Gi"
"""`HOME` and `/tmp`: memory of a node that a sheet may fill."""


def claim_of(job: str, spec: JobSpec) -> str:
    """The claim that this job works on."""
    given = spec.workspace.persistent_volume_claim
    return given.claim_name if given is not None else claim_name(job)


def volumes(job: str, spec: JobSpec, score_config_map: str) -> list[dict[str, Any]]:
    """`spec.volumes` of the Pod."""
    brief = [
        {"path": "brief.json", "fieldRef": {"fieldPath": f"metadata.annotations['{BRIEF_ANNOTATION}']"}},
        {"path": "pod-uid", "fieldRef": {"fieldPath": "metadata.uid"}},
    ]
    made: list[dict[str, Any]] = [
        {"name": "claim", "persistentVolumeClaim": {"claimName": claim_of(job, spec)}},
        {"name": "score", "configMap": {"name": score_config_map}},
        {"name": "brief", "downwardAPI": {"items": brief}},
        {"name": "temporary", "emptyDir": {"sizeLimit": TEMPORARY_SIZE}},
    ]
    if spec.files:
        made.append({"name": "files", "projected": {"sources": [_projected(each) for each in spec.files]}})
    if _masked(spec):
        made.append({"name": "mask", "emptyDir": {"sizeLimit": "1Mi"}})
    return made


def mounts(spec: JobSpec) -> list[dict[str, Any]]:
    """`volumeMounts` of the sheet's container."""
    made: list[dict[str, Any]] = [
        *_workspace(spec),
        {"name": "score", "mountPath": "/marianne/score", "readOnly": True},
        {"name": "brief", "mountPath": "/marianne/brief", "readOnly": True},
        {"name": "temporary", "mountPath": "/tmp"},  # noqa: S108  (a path in the Pod)
    ]
    if spec.files:
        made.append({"name": "files", "mountPath": "/score", "readOnly": True})
    return made


def _workspace(spec: JobSpec) -> list[dict[str, Any]]:
    given = spec.workspace.persistent_volume_claim
    if given is None:
        return [
            {"name": "claim", "mountPath": "/workspace", "subPath": "workspace"},
            {"name": "claim", "mountPath": "/marianne/ledger", "subPath": "ledger"},
        ]
    workspace: dict[str, Any] = {"name": "claim", "mountPath": "/workspace"}
    ledger = {"name": "claim", "mountPath": "/marianne/ledger", "subPath": HIDDEN_LEDGER}
    if given.sub_path is not None:
        return [workspace | {"subPath": given.sub_path}, ledger]
    mask = {"name": "mask", "mountPath": f"/workspace/{HIDDEN_LEDGER}", "readOnly": True}
    return [workspace, mask, ledger]


def _masked(spec: JobSpec) -> bool:
    given = spec.workspace.persistent_volume_claim
    return given is not None and given.sub_path is None


def _projected(file: ScoreFile) -> Mapping[str, Any]:
    if file.config_map_key_ref is not None:
        kind, ref = "configMap", file.config_map_key_ref
    elif file.secret_key_ref is not None:
        kind, ref = "secret", file.secret_key_ref
    else:
        raise ValueError(f"spec.files: {file.path} names neither configMapKeyRef nor secretKeyRef")  # CEL refuses it
    return {kind: {"name": ref.name, "items": [{"key": ref.key, "path": file.path}]}}
