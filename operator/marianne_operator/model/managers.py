"""Who wrote a field of an object: the name of the client, as the API server keeps it in `managedFields`."""

from collections.abc import Mapping
from typing import Any, Final

CHARACTERS: Final = 40


def written_by(meta: Mapping[str, Any], *path: str) -> str:
    """The client that wrote what stands at this path of `fieldsV1`, the latest of several; empty if nobody is known."""
    entries = sorted(meta.get("managedFields") or [], key=lambda entry: str(entry.get("time", "")))
    names = [str(each.get("manager", "?"))[:CHARACTERS] for each in entries if _holds(each.get("fieldsV1"), path)]
    return names[-1] if names else ""


def _holds(fields: Any, path: tuple[str, ...]) -> bool:  # noqa: ANN401  (JSON)
    for name in path:
        if not isinstance(fields, dict) or name not in fields:
            return False
        fields = fields[name]
    return True
