"""A small client of the API server for tests and benches: JSON in, JSON out, and watches that survive.

Not the operator's own connection: what judges the operator must not share its mistakes.
"""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import aiohttp
import yaml

Body = dict[str, Any]
Event = dict[str, Any]

JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
JOBS: Final = "/apis/marianne.dev/v1alpha1"


class ApiError(Exception):
    """The API server's refusal: `code`, `reason` and the message, as it gave them."""

    def __init__(self, what: str, code: int, text: str) -> None:
        super().__init__(f"{what}: {code} {text[:500]}")
        self.code = code
        self.reason = _reason(text)


class Api:
    """`async with Api(kubeconfig) as api`; the kubeconfig names client certificates by file."""

    def __init__(self, kubeconfig: Path, connections: int = 100) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        self.server: str = config["clusters"][0]["cluster"]["server"]
        self._context = client_context(config)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def authorities(self) -> list[bytes]:
        """Whom the API server's certificate is from, as DER."""
        return self._context.get_ca_certs(binary_form=True)

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._context, limit=self._connections)
        timeout = aiohttp.ClientTimeout(total=None, connect=10)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """Open between enter and exit."""
        if self._session is None:
            raise RuntimeError("use `async with`")
        return self._session

    async def request(self, verb: str, path: str, body: Mapping[str, Any] | None = None, kind: str = JSON) -> Body:
        """One call; raises `ApiError` where the answer is a refusal."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": kind}
        async with self.session.request(verb, self.server + path, data=data, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise ApiError(f"{verb} {path}", answer.status, text)
        found: Body = json.loads(text) if text.startswith("{") else {"text": text}
        return found

    async def get(self, path: str) -> Body:
        """Read."""
        return await self.request("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Body:
        """Create."""
        return await self.request("POST", path, body)

    async def patch(self, path: str, body: Mapping[str, Any], kind: str = MERGE) -> Body:
        """Merge."""
        return await self.request("PATCH", path, body, kind)

    async def delete(self, path: str, options: Mapping[str, Any] | None = None) -> None:
        """Delete; that it is gone already is as good."""
        try:
            await self.request("DELETE", path, options or {})
        except ApiError as error:
            if error.code != 404:
                raise

    async def watch(self, path: str, **query: str) -> AsyncIterator[Event]:
        """What is there, as ADDED, then every change. Lost connections and versions too old begin again."""
        version = ""
        while True:
            if not version:
                listing = await self.get(f"{path}?{urlencode(query)}")
                version = listing["metadata"]["resourceVersion"]
                for item in listing.get("items") or ():
                    yield {"type": "ADDED", "object": item}
            try:
                async for event in self._stream(path, {**query, "watch": "1", "resourceVersion": version}):
                    if event["type"] == "ERROR":
                        version = ""
                        break
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        yield event
            except aiohttp.ClientError:
                continue

    async def _stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Event]:
        async with self.session.get(f"{self.server}{path}?{urlencode(query)}") as answer:
            if answer.status == 410:
                yield {"type": "ERROR"}
                return
            if answer.status >= 400:
                raise ApiError(f"WATCH {path}", answer.status, await answer.text())
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)


def client_context(config: Mapping[str, Any]) -> ssl.SSLContext:
    """TLS as a parsed kubeconfig says: its CA, and its user's client certificate."""
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cafile=cluster["certificate-authority"])
    context.load_cert_chain(user["client-certificate"], user["client-key"])
    return context


def pods_path(namespace: str, name: str = "") -> str:
    """Of one namespace's Pods, or one of them."""
    return f"/api/v1/namespaces/{namespace}/pods" + (f"/{name}" if name else "")


def jobs_path(namespace: str, name: str = "") -> str:
    """Of one namespace's MarianneJobs, or one of them."""
    return f"{JOBS}/namespaces/{namespace}/mariannejobs" + (f"/{name}" if name else "")


def _reason(text: str) -> str:
    try:
        return str(json.loads(text).get("reason", ""))
    except (ValueError, AttributeError):
        return ""
