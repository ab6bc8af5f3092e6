"""One HTTP connection pool to the API server: JSON in, JSON out, refusals as this project's own exceptions.

Only the configuration of the `kubernetes` package is used, and the TLS context that it makes (kubeconfig, in-cluster,
token refresh, exec plugins): its typed API classes cost 25 MB and three times the CPU per call, and its session asks a
thread for the environment's proxies before every one.
"""

import json
import os
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final, NoReturn
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from marianne_operator.control.cluster import (
    AlreadyExistsError,
    Body,
    ConflictError,
    NotFoundError,
    RefusedError,
    TooManyRequestsError,
    UnknownOutcomeError,
)

CONNECTIONS: Final = 16
"""One for each worker. TLS keeps a quarter of a megabyte for each, and more would only queue in the API server."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=5)
HEADERS: Final = {"User-Agent": "marianne-operator", "Accept": "application/json", "Content-Type": "application/json"}
MERGE: Final = "application/merge-patch+json"
PAGE: Final = 500
DEFAULT_RETRY_AFTER: Final = 1.0

Observer = Callable[[str, str, int, float], None]
"""Told of each request: verb, resource, HTTP code (0: no answer), seconds."""


async def load_configuration() -> Configuration:
    """`KUBECONFIG` when it is set, else the Pod's own service account, else `~/.kube/config`."""
    configuration = Configuration()
    if "KUBECONFIG" not in os.environ and "KUBERNETES_SERVICE_HOST" in os.environ:
        kubernetes_config.load_incluster_config(client_configuration=configuration)
    else:
        await kubernetes_config.load_kube_config(client_configuration=configuration)
    return configuration


class Connection:
    """At most `limit` calls at once. Close it when done. `observe` is told of every request, answered or not."""

    def __init__(self, configuration: Configuration, observe: Observer | None = None, limit: int = CONNECTIONS) -> None:
        connector = aiohttp.TCPConnector(limit=limit, ssl=RESTClientObject(configuration).ssl_context)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=TIMEOUT, headers=HEADERS, cookie_jar=aiohttp.DummyCookieJar()
        )
        self._configuration = configuration
        self._where: dict[str, Any] = {
            "proxy": configuration.proxy,
            "proxy_headers": configuration.proxy_headers,
            "server_hostname": configuration.tls_server_name,
        }
        self._observe = observe

    async def close(self) -> None:
        """Drop all connections."""
        await self._session.close()

    async def request(
        self, verb: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Body:
        """One call; the answer's JSON. Raises the exceptions of `control.cluster`."""
        url = f"{self._configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        started, code = monotonic(), 0
        try:
            token = (await self._configuration.auth_settings()).get("BearerToken", {}).get("value")
            headers = {"Authorization": token} if token else {}
            if verb == "PATCH":
                headers["Content-Type"] = MERGE
            async with self._session.request(verb, url, data=data, headers=headers, **self._where) as answer:
                content = await answer.read()
                code = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnknownOutcomeError(f"{verb} {path}: {type(error).__name__}: {error}") from error
        finally:
            if self._observe is not None:
                self._observe(verb, resource_of(path), code, monotonic() - started)
        if code >= 400:
            _refuse(code, f"{verb} {path}", content, answer.headers.get("Retry-After"))
        return _decoded(content, f"{verb} {path}")

    async def pages(self, path: str, query: Mapping[str, Any] | None = None) -> tuple[int, list[Body]]:
        """A whole listing, read page by page from one state of the store: its version and its items."""
        items: list[Body] = []
        following: str | None = None
        while True:
            asked = {**(query or {}), "limit": PAGE} | ({"continue": following} if following else {})
            page = await self.request("GET", path, query=asked)
            items.extend(page.get("items") or ())
            following = page["metadata"].get("continue")
            if not following:
                return int(page["metadata"]["resourceVersion"]), items


def resource_of(path: str) -> str:
    """The kind of thing that a path is about: a label of few values, never a name."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        parts = parts[2:]
    return "/".join(parts[0::2][:2]) if parts else ""


def _decoded(content: bytes, what: str) -> Body:
    try:
        body: Body = json.loads(content)
    except ValueError as error:
        raise UnknownOutcomeError(f"{what}: the answer is no JSON") from error
    return body


def _refuse(code: int, what: str, content: bytes, retry_after: str | None) -> NoReturn:
    try:
        status = json.loads(content)
        reason, message = str(status.get("reason", "")), str(status.get("message", ""))
    except (ValueError, AttributeError):
        reason, message = "", content[:200].decode("utf-8", "replace")
    told = f"{what}: {code} {reason}: {message}"
    if code == 404:
        raise NotFoundError(told)
    if code == 409:
        raise AlreadyExistsError(told) if reason == "AlreadyExists" else ConflictError(told)
    if code == 429:
        raise TooManyRequestsError(told, _seconds(retry_after))
    if code >= 500:
        raise UnknownOutcomeError(told)
    raise RefusedError(code, reason, message)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else DEFAULT_RETRY_AFTER
