"""A MarianneJob as the operator sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from marianne_operator.model.chain import Chain
from marianne_operator.model.spec import JobSpec
from marianne_operator.model.status import JobStatus

VERB_ANNOTATION: Final = "marianne.dev/verb"


@dataclass(frozen=True, slots=True)
class JobView:
    """One object, parsed once for each version of it; `body` is what a status PUT goes over."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: int
    created_at: str
    deleting: bool
    spec: JobSpec
    status: JobStatus
    body: Mapping[str, Any]
    chain: Chain | None = None
    """Where it stands in a chain, if a hook of another job started it."""

    @property
    def key(self) -> tuple[str, str]:
        """What the work queue is keyed by."""
        return self.namespace, self.name

    @property
    def verb(self) -> str:
        """What somebody asks for by annotation; empty if nothing."""
        return str((self.body["metadata"].get("annotations") or {}).get(VERB_ANNOTATION, ""))

    @classmethod
    def of(cls, body: Mapping[str, Any], spec: JobSpec | None = None, status: JobStatus | None = None) -> Self:
        """From the API's object, and from what was parsed of the same before.

        Raises `pydantic.ValidationError` where it was written past the CRD's schema.
        """
        meta = body["metadata"]
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta["uid"],
            generation=int(meta["generation"]),
            resource_version=int(meta["resourceVersion"]),
            created_at=meta["creationTimestamp"],
            deleting="deletionTimestamp" in meta,
            spec=spec or JobSpec.model_validate(body.get("spec") or {}),
            status=status or JobStatus.model_validate(body.get("status") or {}),
            body=body,
            chain=Chain.of(meta),
        )
