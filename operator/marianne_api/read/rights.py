"""An open watch is not authorised again by the API server, so its reader has to ask whether it still may."""

from typing import Final

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError

GROUP: Final = "marianne.dev"
VERBS: Final = ("list", "watch")


async def must_still_read(connection: Connection, namespace: str | None) -> None:
    """Raises `ApiError` 401 or 403 where the jobs of that namespace, or of all, may not be read any more."""
    for verb in VERBS:
        attributes = {"group": GROUP, "resource": "mariannejobs", "verb": verb, "namespace": namespace or ""}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        status = (await connection.ask(paths.access_review(), body)).get("status") or {}
        if not status.get("allowed"):
            where = f"in the namespace {namespace!r}" if namespace else "at the cluster scope"
            why = f": {status['reason']}" if status.get("reason") else ""
            raise ApiError(403, "Forbidden", f"the right to {verb} mariannejobs.{GROUP} {where} was taken away{why}")
