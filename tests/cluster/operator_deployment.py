"""The operator in the cluster, as the chart installed it; tests take it away for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tests.cluster.lane import Lane, wait_for

SELECTOR = "--selector=app.kubernetes.io/name=marianne-operator,app.kubernetes.io/component=operator"


@dataclass(frozen=True)
class OperatorDeployment:
    """In its own namespace."""

    lane: Lane

    @classmethod
    def of(cls, lane: Lane, namespace: str) -> "OperatorDeployment":
        return cls(replace(lane, namespace=namespace))

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """No operator within."""
        self._scale(0)
        wait_for(self._pods, lambda pods: not pods)
        try:
            yield
        finally:
            self._scale(1)
            self.lane.kubectl("rollout", "status", "deployment", SELECTOR, "--timeout=90s")

    def _scale(self, replicas: int) -> None:
        self.lane.kubectl("scale", "deployment", SELECTOR, f"--replicas={replicas}")

    def _pods(self) -> str:
        return self.lane.kubectl("get", "pods", SELECTOR, "-o", "name")
