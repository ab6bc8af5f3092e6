"""Open watches and logs are not authorised again by the API server: who streams one asks if the caller still may."""

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError


async def must_still(
    connection: Connection, verb: str, resource: str, namespace: str | None, *, group: str = "", subresource: str = ""
) -> None:
    """Raises `ApiError` 401 or 403 where the caller may not any more; a namespace of None is all of them."""
    attributes = {"group": group, "resource": resource, "verb": verb, "namespace": namespace or ""}
    attributes |= {"subresource": subresource} if subresource else {}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    status = (await connection.ask(paths.access_review(), review)).get("status") or {}
    if not status.get("allowed"):
        what = f"{resource}{f'/{subresource}' if subresource else ''}{f'.{group}' if group else ''}"
        where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        why = f": {status['reason']}" if status.get("reason") else ""
        raise ApiError(403, "Forbidden", f"the right to {verb} {what} {where} was taken away{why}")
