"""The claims that hold workspaces. No watch: they are read when a job is looked at, once a minute at most."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from marianne_operator.control.cluster import Cluster, NotFoundError
from marianne_operator.plan.observation import ClaimView

FRESH_SECONDS: Final = 60.0


class Claims:
    """`clock` is monotonic, in seconds."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._held: dict[tuple[str, str], tuple[float, ClaimView]] = {}

    async def get(self, namespace: str, name: str) -> ClaimView | None:
        """The claim, or None if there is none; that it is missing is never remembered."""
        held = self.known(namespace, name)
        if held is not None:
            return held
        now = self._clock()
        self._held = {key: each for key, each in self._held.items() if now < each[0] + FRESH_SECONDS}
        try:
            return self.learn(await self._cluster.get_claim(namespace, name))
        except NotFoundError:
            return None

    def known(self, namespace: str, name: str) -> ClaimView | None:
        """The claim, if it was seen within the last minute."""
        held = self._held.get((namespace, name))
        return held[1] if held is not None and self._clock() < held[0] + FRESH_SECONDS else None

    def forget(self, namespace: str, name: str) -> None:
        """Its job is gone, and the claim may go with it: the next job of that name must look for itself."""
        self._held.pop((namespace, name), None)

    def learn(self, body: Mapping[str, Any]) -> ClaimView:
        """Take in a claim as the API server told it."""
        meta = body["metadata"]
        view = ClaimView(meta["name"], meta["uid"], tuple(body["spec"].get("accessModes") or ()))
        self._held[meta["namespace"], meta["name"]] = self._clock(), view
        return view
