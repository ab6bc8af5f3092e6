"""Paths of the API server. Whoever calls has checked the names (`identity`)."""

from typing import Final

GROUP: Final = "/apis/marianne.dev/v1alpha1"
CORE: Final = "/api/v1"


def jobs(namespace: str | None = None) -> str:
    """All jobs of a namespace, or of all."""
    return f"{GROUP}/mariannejobs" if namespace is None else f"{GROUP}/namespaces/{namespace}/mariannejobs"


def job(namespace: str, name: str) -> str:
    """One job."""
    return f"{jobs(namespace)}/{name}"


def instruments(namespace: str | None = None) -> str:
    """Those of a namespace; without one, the cluster's."""
    return f"{GROUP}/clusterinstruments" if namespace is None else f"{GROUP}/namespaces/{namespace}/instruments"


def namespaced(namespace: str, plural: str, name: str | None = None) -> str:
    """Pods, config maps, events, claims: what has no API group."""
    path = f"{CORE}/namespaces/{namespace}/{plural}"
    return path if name is None else f"{path}/{name}"


def pods(namespace: str, name: str | None = None) -> str:
    """All Pods of a namespace, or one."""
    return namespaced(namespace, "pods", name)


def pod_log(namespace: str, name: str) -> str:
    """What a Pod printed."""
    return f"{pods(namespace, name)}/log"


def pod_metrics(namespace: str | None = None) -> str:
    """What Pods use, where somebody measures it."""
    group = "/apis/metrics.k8s.io/v1beta1"
    return f"{group}/pods" if namespace is None else f"{group}/namespaces/{namespace}/pods"


def events(namespace: str) -> str:
    """core/v1 Events."""
    return namespaced(namespace, "events")


def config_map(namespace: str, name: str) -> str:
    """A score's, or a compiled one's."""
    return namespaced(namespace, "configmaps", name)


def lease(namespace: str, name: str) -> str:
    """The conductor's."""
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"


def self_review() -> str:
    """Who am I."""
    return "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def access_review() -> str:
    """May I."""
    return "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
