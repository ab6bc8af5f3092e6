"""What the API server's audit log tells of one user's calls."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.apiserver.install import Installation

READS: Final = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class Call:
    """One completed call. `resource` with its subresource, as in `pods/status`."""

    verb: str
    resource: str
    namespace: str
    name: str
    code: int

    @property
    def write(self) -> bool:
        """It may change something."""
        return self.verb not in READS


class Audit:
    """Calls of the operator since this was made, Leases aside."""

    def __init__(self, installation: Installation) -> None:
        self._log, self._user = installation.plane.audit_log, installation.user
        self._from = self._log.stat().st_size

    def calls(self, namespace: str | None = None) -> list[Call]:
        """In order; with `namespace`, about that one only."""
        return [call for call in self._calls() if namespace in (None, call.namespace)]

    def _calls(self) -> Iterator[Call]:
        with self._log.open() as log:
            log.seek(self._from)
            for line in log:
                entry = json.loads(line)
                about = entry.get("objectRef") or {}
                resource = "/".join(filter(None, (about.get("resource", ""), about.get("subresource"))))
                if entry["user"].get("username") == self._user and resource != "leases":
                    code = (entry.get("responseStatus") or {}).get("code", 0)
                    yield Call(entry["verb"], resource, about.get("namespace", ""), about.get("name", ""), code)
