"""Why a Pod is long in ContainerCreating: only its events say it (a missing volume, Secret or ConfigMap).

Events are many and no watch on them is worth its cost: they are listed for such Pods alone, once after ten seconds
and then once a minute.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from marianne_operator.control.cache import Key
from marianne_operator.control.cluster import Body, Cluster, ClusterError
from marianne_operator.model.pod import PodView

PATIENCE_SECONDS: Final = 10.0
EVERY_SECONDS: Final = 60.0
CREATING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})


class PodEvents:
    """The newest warning of each slow Pod, by UID."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._told: dict[Key, dict[str, tuple[float, str]]] = {}

    def due(self, key: Key, pods: Iterable[PodView], now: float) -> list[PodView]:
        """Slow Pods whose events are to be listed now; those that are no longer slow are forgotten."""
        slow = [pod for pod in pods if _slow(pod, now)]
        told = self._told.get(key, {})
        kept = {pod.uid: told[pod.uid] for pod in slow if pod.uid in told}
        if kept:
            self._told[key] = kept
        else:
            self._told.pop(key, None)
        return [pod for pod in slow if pod.uid not in kept or now >= kept[pod.uid][0] + EVERY_SECONDS]

    async def look(self, key: Key, pods: Iterable[PodView], now: float) -> None:
        """List their events. Explanations are not worth a failure: an error keeps what was known."""
        for pod in pods:
            told = self._told.setdefault(key, {})
            try:
                text = newest_warning(await self._cluster.list_events(pod.namespace, pod.uid))
            except ClusterError:
                text = told.get(pod.uid, (0.0, ""))[1]
            told[pod.uid] = now, text

    def of(self, key: Key) -> Mapping[str, str]:
        """`<reason>: <message>` by Pod UID."""
        return {uid: text for uid, (_, text) in self._told.get(key, {}).items() if text}

    def forget(self, key: Key) -> None:
        """The job is gone."""
        self._told.pop(key, None)


def newest_warning(events: Iterable[Body]) -> str:
    """`<reason>: <message>` of the last one, or an empty text."""
    warnings = [event for event in events if event.get("type") == "Warning"]
    if not warnings:
        return ""
    newest = max(warnings, key=_when)
    return f"{newest.get('reason', '')}: {newest.get('message', '')}"


def _when(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or "")


def _slow(pod: PodView, now: float) -> bool:
    creating = pod.container is None or (pod.container.state == "waiting" and pod.container.reason in CREATING)
    return bool(pod.node) and pod.phase == "Pending" and creating and now >= pod.created_at + PATIENCE_SECONDS
