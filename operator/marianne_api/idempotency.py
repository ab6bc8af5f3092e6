"""The same key, the same job: a client that heard no answer may ask again.

The job's name is made of the key and the user, so the API server itself refuses the second create, whichever replica
sends it. A digest of the request in the job tells a repetition from another request with a used key.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from pydantic import BaseModel

ANNOTATION: Final = "marianne.dev/request-digest"
NAME_PREFIX: Final = "job-"
"""Not the score's name: a key used for another score must meet the first one's job."""
LONGEST_KEY: Final = 255


@dataclass(frozen=True, slots=True)
class Once:
    """`suffix` is of the key and the user, `digest` of what was asked for."""

    suffix: str
    digest: str

    @classmethod
    def of(cls, key: str, username: str, request: BaseModel) -> Self:
        """By what the request means: its spelling does not matter."""
        suffix = hashlib.sha256(f"{username}\0{key}".encode()).hexdigest()[:16]
        meant = json.dumps(request.model_dump(mode="json"), sort_keys=True)
        return cls(suffix, hashlib.sha256(meant.encode()).hexdigest())

    @property
    def name(self) -> str:
        """Of the job, where the request gives it none."""
        return NAME_PREFIX + self.suffix

    def annotations(self) -> dict[str, str]:
        """By which the request is known again. The user is in it: a job's name may be another's choice."""
        return {ANNOTATION: f"{self.suffix}.{self.digest}"}

    def made(self, job: Mapping[str, Any]) -> bool:
        """The job is of this very request."""
        held = job["metadata"].get("annotations") or {}
        return bool(held.get(ANNOTATION) == f"{self.suffix}.{self.digest}")
