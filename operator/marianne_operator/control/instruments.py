"""The instruments that each namespace may play: its own before the cluster's."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from marianne_operator.control.cluster import Listing
from marianne_operator.model.instrument import InstrumentView

CLUSTER: Final = ""
"""In the place of a namespace: a ClusterInstrument."""
Where: TypeAlias = tuple[str, str]
"""An object: its namespace, or `CLUSTER`, and its name."""


class Instruments:
    """One that does not validate (written past the CRD's schema) is kept out, as if it were not there."""

    def __init__(self) -> None:
        self.unreadable: dict[Where, str] = {}
        self._versions: dict[Where, int] = {}
        self._told: dict[Where, Mapping[str, Any]] = {}
        self._views: dict[str, dict[str, InstrumentView]] = {CLUSTER: {}}

    def of_namespace(self, namespace: str) -> Mapping[str, InstrumentView]:
        """By object name; a view, not a copy."""
        return ChainMap(self._views.get(namespace, {}), self._views[CLUSTER])

    def saw(self, body: Mapping[str, Any]) -> bool:
        """Take it in unless something newer is known; True if it is to be played in another way."""
        where, version = _where(body), int(body["metadata"]["resourceVersion"])
        if self._versions.get(where, 0) >= version:
            return False
        self._versions[where] = version
        self._told[where] = body.get("status") or {}
        namespace, name = where
        try:
            view = InstrumentView.of(body)
        except ValidationError as error:
            self._views.setdefault(namespace, {}).pop(name, None)
            self.unreadable[where] = str(error)
            return True
        before = self._views.setdefault(namespace, {}).get(name)
        self._views[namespace][name] = view
        self.unreadable.pop(where, None)
        return view != before

    def object_of(self, namespace: str, name: str) -> Where:
        """The object that this namespace plays by that name: its own, else the cluster's."""
        return (namespace if name in self._views.get(namespace, {}) else CLUSTER), name

    def told(self, where: Where) -> Mapping[str, Any]:
        """The status of that object."""
        return self._told.get(where, {})

    def announced(self) -> list[Where]:
        """The objects whose status tells anything."""
        return [where for where, status in self._told.items() if status]

    def lost(self, body: Mapping[str, Any]) -> None:
        """It was deleted."""
        where, version = _where(body), int(body["metadata"]["resourceVersion"])
        if self._versions.get(where, 0) <= version:
            self._forget(where)

    def replace(self, listing: Listing, namespace: str | None = None) -> None:
        """A full listing of Instruments: also forget what vanished unseen."""
        self._replace(listing, lambda where: where != CLUSTER and namespace in (None, where))

    def replace_cluster(self, listing: Listing) -> None:
        """A full listing of ClusterInstruments."""
        self._replace(listing, lambda where: where == CLUSTER)

    def _replace(self, listing: Listing, concerns: Callable[[str], bool]) -> None:
        listed = {_where(body) for body in listing.items}
        for where, version in list(self._versions.items()):
            if concerns(where[0]) and where not in listed and version <= listing.resource_version:
                self._forget(where)
        for body in listing.items:
            self.saw(body)

    def _forget(self, where: tuple[str, str]) -> None:
        namespace, name = where
        self._versions.pop(where, None)
        self._told.pop(where, None)
        self.unreadable.pop(where, None)
        self._views.get(namespace, {}).pop(name, None)


def _where(body: Mapping[str, Any]) -> Where:
    meta = body["metadata"]
    return meta.get("namespace", CLUSTER), meta["name"]
