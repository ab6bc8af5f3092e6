"""A MarianneJob as the operator sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from marianne_operator.model.chain import Chain
from marianne_operator.model.managers import written_by
from marianne_operator.model.spec import JobSpec
from marianne_operator.model.status import JobStatus

VERB_ANNOTATION: Final = "marianne.dev/verb"
VERB_CHARACTERS: Final = 128


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
    verb: str = ""
    """What somebody asks for by annotation, cut where it is too long to be read."""
    verb_by: str = ""
    """The client that wrote it."""
    approve_by: str = ""
    """The client that wrote `spec.approve`."""

    @property
    def key(self) -> tuple[str, str]:
        """What the work queue is keyed by."""
        return self.namespace, self.name

    @classmethod
    def of(cls, body: Mapping[str, Any], spec: JobSpec | None = None, status: JobStatus | None = None) -> Self:
        """From the API's object, and from what was parsed of the same before.

        Raises `pydantic.ValidationError` where it was written past the CRD's schema.
        """
        meta = body["metadata"]
        verb = str((meta.get("annotations") or {}).get(VERB_ANNOTATION, ""))[: VERB_CHARACTERS + 1]
        spec = spec or JobSpec.model_validate(body.get("spec") or {})
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta["uid"],
            generation=int(meta["generation"]),
            resource_version=int(meta["resourceVersion"]),
            created_at=meta["creationTimestamp"],
            deleting="deletionTimestamp" in meta,
            spec=spec,
            status=status or JobStatus.model_validate(body.get("status") or {}),
            body=body,
            chain=Chain.of(meta),
            verb=verb,
            verb_by=written_by(meta, "f:metadata", "f:annotations", f"f:{VERB_ANNOTATION}") if verb else "",
            approve_by=written_by(meta, "f:spec", "f:approve") if spec.approve else "",
        )
