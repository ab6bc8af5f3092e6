"""One identity's calls to the API server: JSON, tables, watches and logs.

A thin layer over httpx, because a list of thousands of jobs is affordable only as a `Table` without objects, which
the generated clients cannot ask for. Nothing is retried here: who calls knows whether that is safe.
"""

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import httpx

from marianne_client.access import Access
from marianne_client.errors import ApiError, UnreachableError

Body = dict[str, Any]
Query = str | int | bool | None
"""None: it is not asked."""
TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
ANSWER_SECONDS: Final = 10.0
CHUNK: Final = 500
LONGEST_MESSAGE: Final = 4096
"""Of what an API server says that is no `Status`."""
CUT: Final = "… (cut)"


def open_client(access: Access, *, timeout: float = ANSWER_SECONDS, connections: int = 200) -> httpx.AsyncClient:
    """A pool of connections. No redirect is followed, for it would carry a credential elsewhere; no cookie is kept.

    Several identities may share it, and what one is given must not be sent by another.
    """
    # The pool counts open watches among those kept: with a lower limit, each call beside them is a new connection.
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    client = httpx.AsyncClient(
        base_url=access.server, verify=access.verify, timeout=timeout, limits=limits, trust_env=False
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


class Connection:
    """What one identity does over the pool. Every call raises `ApiError` or `UnreachableError`."""

    def __init__(self, client: httpx.AsyncClient, headers: Callable[[], Mapping[str, str]], field_manager: str) -> None:
        self._client, self._headers, self._field_manager = client, headers, field_manager

    async def get(self, path: str, **query: Query) -> Body:
        """One object, or a list."""
        return await self._json("GET", path, query)

    async def pages(self, path: str, **query: Query) -> AsyncGenerator[list[Body], None]:
        """A list's items, so many at a time: for lists of unknown length, of which little is kept."""
        while True:
            listed = await self._json("GET", path, {"limit": CHUNK, **query})
            yield listed.get("items") or []
            query["continue"] = (listed.get("metadata") or {}).get("continue") or None
            if query["continue"] is None:
                return

    async def table(self, path: str, **query: Query) -> Body:
        """A list as printer columns, without the objects."""
        return await self._json("GET", path, {"includeObject": "None", **query}, headers={"Accept": TABLE})

    async def create(self, path: str, body: Mapping[str, Any], *, dry_run: bool = False) -> Body:
        """Unknown fields are refused, not lost."""
        query = self._write(dry_run=dry_run) | {"fieldValidation": "Strict"}
        return await self._json("POST", path, query, json.dumps(body).encode())

    async def ask(self, path: str, body: Mapping[str, Any]) -> Body:
        """A review: it is created to be answered, and leaves nothing."""
        return await self._json("POST", path, {}, json.dumps(body).encode())

    async def patch(self, path: str, operations: Sequence[Mapping[str, Any]], *, dry_run: bool = False) -> Body:
        """A JSON patch; a `test` that fails is an `ApiError` 422."""
        query = self._write(dry_run=dry_run) | {"fieldValidation": "Strict"}
        content = json.dumps(list(operations)).encode()
        return await self._json("PATCH", path, query, content, {"Content-Type": "application/json-patch+json"})

    async def delete(self, path: str, uid: str | None = None, grace_seconds: int | None = None) -> Body:
        """With a UID, only that very object: else an `ApiError` 409."""
        options: Body = {"apiVersion": "v1", "kind": "DeleteOptions"}
        options |= {} if uid is None else {"preconditions": {"uid": uid}}
        options |= {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        return await self._json("DELETE", path, {}, json.dumps(options).encode())

    @contextlib.asynccontextmanager
    async def lines(
        self,
        path: str,
        *,
        table: bool = False,
        idle_seconds: float | None = None,
        longest: int | None = None,
        **query: Query,
    ) -> AsyncIterator[AsyncIterator[str]]:
        """What comes line by line and has no end of its own: a watch, a log that is followed.

        `idle_seconds` without a byte are an `UnreachableError`; None waits for ever. Of a line of more than `longest`
        bytes comes the beginning, with a mark.
        """
        asked = {"includeObject": "None", **query} if table else dict(query)
        headers = self._told({"Accept": TABLE} if table else {})
        timeout = httpx.Timeout(ANSWER_SECONDS, read=idle_seconds)
        with _translated():
            async with self._client.stream(
                "GET", path, params=_params(asked), headers=headers, timeout=timeout
            ) as answer:
                if answer.status_code >= 400:
                    await answer.aread()
                _raise(answer)
                async with contextlib.aclosing(_translated_lines(answer, longest)) as lines:
                    yield lines

    def _told(self, headers: Mapping[str, str]) -> httpx.Headers:
        """The credential, whose headers may repeat (groups to act as), and these."""
        told = httpx.Headers(self._headers())
        told.update(headers)
        return told

    def _write(self, *, dry_run: bool) -> dict[str, Query]:
        return {"fieldManager": self._field_manager, **({"dryRun": "All"} if dry_run else {})}

    async def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, Query],
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Body:
        answer = await self._send(method, path, query, content, headers)
        with _translated():
            body: Body = answer.json()
        return body

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Query],
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        kinds = {"Content-Type": "application/json"} if content is not None else {}
        told = self._told({**kinds, **(headers or {})})
        with _translated():
            answer = await self._client.request(method, path, params=_params(query), content=content, headers=told)
        _raise(answer)
        return answer


async def _translated_lines(answer: httpx.Response, longest: int | None) -> AsyncGenerator[str, None]:
    with _translated():
        # Not httpx's own lines: those end at any character that Unicode calls a line's end, also inside of JSON.
        rest, dropped = bytearray(), False
        async for chunk in answer.aiter_bytes():
            rest += chunk
            if b"\n" in chunk:
                *lines, rest = rest.split(b"\n")
                for line in lines:
                    yield _text(line, longest, cut=dropped)
                    dropped = False
            if longest is not None and len(rest) > longest:
                del rest[longest:]
                dropped = True
        if rest:
            yield _text(rest, longest, cut=dropped)


def _text(line: bytearray, longest: int | None, *, cut: bool) -> str:
    cut = cut or (longest is not None and len(line) > longest)
    return line[:longest].decode("utf-8", "replace") + (CUT if cut else "")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, OSError, json.JSONDecodeError) as error:
        raise UnreachableError(f"{type(error).__name__}: {error}".rstrip(": ")) from error


def _params(query: Mapping[str, Query]) -> dict[str, str]:
    asked = {key: value for key, value in query.items() if value is not None}
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in asked.items()}


def _raise(answer: httpx.Response) -> None:
    if answer.status_code < 300:
        return
    reason, message = _told(answer)
    if answer.status_code >= 500 or answer.status_code < 400:
        raise UnreachableError(f"the API server answers {answer.status_code}: {message}")
    raise ApiError(answer.status_code, reason, message)


def _told(answer: httpx.Response) -> tuple[str, str]:
    """(reason, message) of a `Status`, or of what else was said."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if isinstance(body, dict) and body.get("kind") == "Status":
        return str(body.get("reason") or ""), str(body.get("message") or "")[:LONGEST_MESSAGE]
    return "", answer.text[:LONGEST_MESSAGE]
