"""What confines every Pod that works on a job's claim: Pod Security's "restricted", and one user for all files."""

from typing import Any, Final

USER: Final = 65532
"""Of every process in such a Pod, so that each can read and replace what another made."""
POD_SECURITY: Final[dict[str, Any]] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY: Final[dict[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
CLAIM_LABEL: Final = "marianne.dev/claim"
"""By which Pods on one ReadWriteOnce volume are brought together on a node."""
