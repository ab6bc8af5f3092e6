"""Why a Pod has not started, in the words of `status.waiting`."""

from typing import Final

from marianne_operator.model.pod import PodView

PATIENCE_SECONDS: Final = 10.0
"""A Pod that takes less to start needs no explanation, and its job no extra write."""
EVENTS_EVERY_SECONDS: Final = 60.0

_IMAGE: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
)


def of_pod(pod: PodView, event: str, now: float) -> tuple[str, str] | None:
    """(reason, message), or None while there is nothing to explain. `event` is the Pod's newest warning, if any."""
    if now < pod.created_at + PATIENCE_SECONDS:
        return None
    container = pod.container
    if pod.unschedulable:
        return _volume_or("Unschedulable", pod.unschedulable)
    if container is not None and container.reason in _IMAGE:
        return "ImagePull", f"{container.reason}: {container.message}"
    if container is not None and container.reason == "CreateContainerConfigError":
        return _secret_or("VolumeUnavailable", container.message)
    if event:
        return _secret_or("VolumeUnavailable", event)
    return None


def next_look(pod: PodView, now: float) -> float:
    """When an unstarted Pod is worth another look, if no watch speaks before."""
    patient_until = pod.created_at + PATIENCE_SECONDS
    return patient_until if now < patient_until else now + EVENTS_EVERY_SECONDS


def _volume_or(reason: str, message: str) -> tuple[str, str]:
    return ("VolumeUnavailable" if "persistentvolumeclaim" in message.lower() else reason), message


def _secret_or(reason: str, message: str) -> tuple[str, str]:
    told = message.lower()
    missing = "not found" in told or "couldn't find key" in told
    return ("SecretNotFound" if missing and ("secret" in told or "configmap" in told) else reason), message
