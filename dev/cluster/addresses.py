"""The addresses of the local cluster, in one place; all private to this machine."""

from pathlib import Path
from typing import Final

BRIDGE: Final = "cni0"
GATEWAY: Final = "10.234.0.1"
"""The bridge's own: the API server advertises it, the node has it, DNS listens there."""
PODS: Final = "10.234.0.0/24"
API_PORT: Final = 6443
NODE: Final = "node1"
RUNTIME: Final = "/run/marianne-cluster"
"""Short, because Unix socket names are; not in the tree, because one machine has one such cluster."""
RECORDS: Final = Path(RUNTIME) / "run"
CNI_NETWORK: Final = "marianne-local"
"""Stands in the comment of every masquerading rule, by which those of ours are told."""
CONTAINERD_SOCKET: Final = f"{RUNTIME}/containerd.sock"
PAUSE_IMAGE: Final = "localhost/marianne/pause:dev"
BASE_IMAGE: Final = "localhost/marianne/base:dev"
