"""What doctor asks the API server, all of it reading."""

import asyncio
from typing import Any

from kubectl_marianne.doctor_remarks import (
    Remark,
    Right,
    on_conductor,
    on_instruments,
    on_kinds,
    on_rights,
    on_storage,
    rights,
)
from kubectl_marianne.fetch import LEASE, conductor
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.errors import ApiError
from marianne_operator import __version__

REFUSED = (403, 404)


async def examine(opened: Session) -> list[Remark]:
    """Raises `UnreachableError`: without an API server there is nothing to look at."""
    version = await opened.connection.get("/version")
    user = await _user(opened)
    wanted = rights(opened.namespace, opened.options.operator_namespace, LEASE)
    allowed = await asyncio.gather(*(_allowed(opened, right) for right in wanted))
    return [
        Remark("ok", "API server", f"{opened.access.server} {version.get('gitVersion', '')}".rstrip()),
        user,
        on_kinds(await _served(opened)),
        on_conductor(await conductor(opened), __version__),
        *on_rights(list(zip(wanted, allowed, strict=True))),
        on_storage(await _items(opened, "/apis/storage.k8s.io/v1/storageclasses")),
        *on_instruments(await _instruments(opened)),
    ]


async def _user(opened: Session) -> Remark:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = await opened.connection.ask(paths.self_review(), review)
    except ApiError as error:
        return Remark("missing", "user", error.message)
    return Remark("ok", "user", f"{answer['status']['userInfo'].get('username')}, namespace {opened.namespace}")


async def _allowed(opened: Session, right: Right) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": right.attributes},
    }
    answer = await opened.connection.ask(paths.access_review(), review)
    return bool(answer["status"].get("allowed"))


async def _served(opened: Session) -> list[str] | None:
    try:
        found = await opened.connection.get(paths.GROUP)
    except ApiError as error:
        if error.status not in REFUSED:
            raise
        return None
    return [each["name"] for each in found["resources"]]


async def _items(opened: Session, path: str) -> list[dict[str, Any]] | None:
    """None where they may not be listed, or are of no kind that is known there."""
    try:
        found: list[dict[str, Any]] = (await opened.connection.get(path))["items"]
    except ApiError as error:
        if error.status not in REFUSED:
            raise
        return None
    return found


async def _instruments(opened: Session) -> list[dict[str, Any]] | None:
    """A namespace's own comes before the cluster's of the same name."""
    cluster, own = await asyncio.gather(
        _items(opened, paths.instruments()), _items(opened, paths.instruments(opened.namespace))
    )
    if cluster is None and own is None:
        return None
    return list({each["metadata"]["name"]: each for each in (*(cluster or ()), *(own or ()))}.values())
