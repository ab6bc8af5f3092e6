"""What no request may be, whoever sends it: decided from its head alone, before anybody is asked who that is."""

import asyncio
import re
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marianne_api.errors import AsciiJSONResponse, problem
from marianne_api.rates import SAFE
from marianne_api.settings import ApiSettings, Limits

JSON_TYPE: Final = re.compile(r"application/([a-z0-9.-]+\+)?json", re.IGNORECASE)
OWN_SITES: Final = frozenset({"", "same-origin", "none"})
Refused = tuple[int, str]


class Guard:
    """Refuses by the head, and cuts off a body that is too long or too slow."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self._app(scope, _Body(receive, self._settings.limits).receive, send)

    def _answer(self, scope: Scope) -> AsciiJSONResponse | None:
        headers = Headers(scope=scope)
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size + len(scope.get("raw_path") or b"") + len(scope["query_string"]) > self._settings.limits.header_bytes:
            return problem(431, "The request's head is too large")
        if not host_allowed(headers.get("host", ""), self._settings.allowed_hosts):
            return problem(421, "This host is not served here")
        found = impersonating(headers)
        if found is None and scope["method"] not in SAFE:
            found = foreign(headers, scope["scheme"], self._settings.cors_origins) or unfit_body(
                headers, self._settings.limits.body_bytes
            )
        return None if found is None else problem(*found)


class _Body:
    """Counts what comes; FastAPI answers with what is raised here while the body is read."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        self._read, self._whole = 0, False
        self._until: float | None = None

    async def receive(self) -> Message:
        """The next message; after the body's end there is none but the disconnect, which may take its time."""
        if self._whole:
            return await self._receive()
        message = await self._in_time()
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        self._read += len(message.get("body", b""))
        if self._read > self._limits.body_bytes:
            raise HTTPException(413, too_long(self._limits.body_bytes))
        return message

    async def _in_time(self) -> Message:
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + self._limits.body_seconds
        try:
            async with asyncio.timeout_at(self._until):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The body did not arrive in time") from None


def host_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    """By name, whatever the port: a page of another name that was made to resolve to us is told nothing."""
    name = re.sub(r":\d*$", "", host).lower().removesuffix(".")
    return name in allowed


def impersonating(headers: Headers) -> Refused | None:
    """They would be lost silently: only the token is passed on."""
    if any(name.startswith("impersonate-") for name in headers):
        return 400, "Impersonate-* headers are not passed on: use a token of that user"
    return None


def foreign(headers: Headers, scheme: str, allowed: tuple[str, ...]) -> Refused | None:
    """A page of another origin made the browser send this. Programs send neither header."""
    origin = headers.get("origin")
    if origin in allowed:
        return None
    if origin is not None:
        parts = urlsplit(origin)
        if (parts.scheme, parts.netloc.lower()) != (scheme, headers.get("host", "").lower()):
            return 403, "Requests of another origin are refused"
    if headers.get("sec-fetch-site", "") not in OWN_SITES:
        return 403, "Requests of another site are refused"
    return None


def unfit_body(headers: Headers, limit: int) -> Refused | None:
    """Anything but JSON, above all what a form can send; and what is too long by its own account."""
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        return 400, "Content-Length is no number"
    kind = headers.get("content-type", "").partition(";")[0].strip()
    has_body = int(length) > 0 or "transfer-encoding" in headers
    if (kind or has_body) and JSON_TYPE.fullmatch(kind) is None:
        return 415, "Only application/json is read here"
    return (413, too_long(limit)) if int(length) > limit else None


def too_long(limit: int) -> str:
    """Says the limit."""
    return f"The body is longer than {limit} bytes"
