"""A score to the MarianneJob that performs it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from marianne_operator.model.spec import INSIDE

API_VERSION: Final = "marianne.dev/v1alpha1"
SLUG_LENGTH: Final = 40
"""Characters that a score's name gives to a job's; what is made of a job's name in turn fits beside it."""


class WorkspaceError(ValueError):
    """What was given is no `claim` or `claim/folder`."""


def slug(name: str) -> str:
    """A score's name as the beginning of a job's: `Weekly Review!` is `weekly-review`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_LENGTH].rstrip("-") or "score"


def workspace_of(text: str) -> dict[str, Any]:
    """`spec.workspace` of `claim[/folder]`; raises `WorkspaceError`."""
    claim, _, folder = text.removesuffix("/").partition("/")
    if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", claim) is None:
        raise WorkspaceError(f"workspace: {text[:80]!r} does not begin with the name of a PersistentVolumeClaim")
    if folder and re.fullmatch(INSIDE, folder) is None:
        raise WorkspaceError(f"workspace: {folder[:80]!r} is no folder inside of the claim {claim}")
    source = {"claimName": claim, **({"subPath": folder} if folder else {})}
    return {"persistentVolumeClaim": source}


def job_body(  # noqa: PLR0913  (the seed's request, field by field)
    score_text: str | None,
    *,
    namespace: str,
    name: str | None = None,
    generate_name: str | None = None,
    score_from: Mapping[str, str] | None = None,
    workspace: str | None = None,
    start_sheet: int = 1,
    self_healing: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """With `score_text` or the config map's key `score_from` {name, key}; raises `WorkspaceError`."""
    spec: dict[str, Any] = {} if score_text is None else {"scoreText": score_text}
    spec |= {} if score_from is None else {"scoreFrom": {"configMapKeyRef": dict(score_from)}}
    spec |= {} if workspace is None else {"workspace": workspace_of(workspace)}
    spec |= {} if start_sheet == 1 else {"startSheet": start_sheet}
    spec |= {"selfHealing": True} if self_healing else {}
    named = {"name": name} if name else {"generateName": generate_name or "score-"}
    noted = {"annotations": dict(annotations)} if annotations else {}
    metadata = {**named, "namespace": namespace, **noted}
    return {"apiVersion": API_VERSION, "kind": "MarianneJob", "metadata": metadata, "spec": spec}
