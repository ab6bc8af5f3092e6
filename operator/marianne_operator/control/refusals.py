"""What the API server would not take, and what that means: try again later, never, or not at all."""

import collections
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from marianne_operator.control.cache import Key
from marianne_operator.control.cluster import RefusedError
from marianne_operator.plan.observation import WriteRefusal

QUOTA_SECONDS: Final = 30.0
LEAVING_SECONDS: Final = 2.0
"""While a Pod of the job ends."""
CONFLICT_SECONDS: Final = 600.0
"""Nobody tells us when a foreign Pod of that name is gone."""
FIELD_SECONDS: Final = 3600.0
"""Admission policies change rarely; an edit of the spec is tried at once."""
NEVER_EXPIRES: Final = frozenset({"QuotaExceeded"})
"""Held until the write succeeds: the decision reads `until` itself."""

Meaning = Literal["QuotaExceeded", "FieldUnsupported", "NamespaceTerminating", "NotAllowed"]


def meaning(refused: RefusedError) -> Meaning:
    """By the words that the API server's admission chain uses; the code 403 alone says nothing."""
    if refused.code == 403 and "exceeded quota" in refused.message:
        return "QuotaExceeded"
    if refused.code == 403 and "because it is being terminated" in refused.message:
        return "NamespaceTerminating"
    if refused.code == 401 or (refused.code == 403 and "cannot create resource" in refused.message):
        return "NotAllowed"
    return "FieldUnsupported"


@dataclass(frozen=True, slots=True)
class _Held:
    generation: int
    refusal: WriteRefusal


class Refusals:
    """By job and object name; a new generation of the job starts with none."""

    def __init__(self) -> None:
        self._held: dict[Key, dict[str, _Held]] = collections.defaultdict(dict)

    def add(self, key: Key, name: str, generation: int, refusal: WriteRefusal) -> None:
        """The write of this object was refused."""
        self._held[key][name] = _Held(generation, refusal)

    def clear(self, key: Key, name: str) -> None:
        """The write succeeded."""
        if key in self._held:
            self._held[key].pop(name, None)

    def forget(self, key: Key) -> None:
        """The job is gone."""
        self._held.pop(key, None)

    def of(self, key: Key, generation: int, now: float) -> Mapping[str, WriteRefusal]:
        """Those that still hold."""
        if key not in self._held:
            return {}
        held = {
            name: each
            for name, each in self._held[key].items()
            if each.generation == generation and (each.refusal.reason in NEVER_EXPIRES or now < each.refusal.until)
        }
        if held:
            self._held[key] = held
        else:
            del self._held[key]
        return {name: each.refusal for name, each in held.items()}
