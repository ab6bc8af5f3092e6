"""Who asks: the caller's bearer token, and who the API server says that is."""

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import httpx
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from marianne_api.errors import CHALLENGE, AsciiJSONResponse, problem, refused, too_many, unreachable
from marianne_api.limits import Buckets, TooManyError
from marianne_client import paths
from marianne_client.access import Access
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError

OPEN_PATHS: Final = frozenset({"/health", "/readyz"})
DAEMON_STATUS: Final = "/api/jobs/daemon/status"
REVIEW: Final = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,12288}={0,4}")
"""RFC 6750's; nothing else ever becomes part of a header of ours."""
BELIEVED_SECONDS: Final = 60.0
BELIEVED: Final = 2048


class UnknownTokenError(Exception):
    """Nobody has this token."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`connection` acts with this caller's own rights; what is kept under `identity` is never another's."""

    identity: str
    username: str
    groups: tuple[str, ...]
    connection: Connection


class Authenticator(Protocol):
    """Raises `UnknownTokenError`, `TooManyError`, `ApiError`, `UnreachableError`."""

    async def identify(self, token: str, peer: str) -> Caller:
        """Whose token this is."""
        ...


class ForwardedTokens:
    """The API server is asked, with the token itself; its answer is believed for a minute.

    Only known tokens are remembered, so that a flood of others displaces nothing; who sends them is slowed down, and
    nobody else behind the same proxy.
    """

    def __init__(
        self, client: httpx.AsyncClient, field_manager: str, peers: Buckets, clock: Callable[[], float]
    ) -> None:
        self._client, self._field_manager = client, field_manager
        self._peers, self._clock = peers, clock
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Caller]] = {}

    async def identify(self, token: str, peer: str) -> Caller:
        """One question at a time for each token, however many requests wait for the answer."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        caller, until = self._known.get(digest, (None, 0.0))
        if caller is not None and self._clock() < until:
            self._known.move_to_end(digest)
            return caller
        if digest not in self._asking:
            if caller is None:
                self._peers.take(peer)
            asking = asyncio.create_task(self._ask(token, digest))
            self._asking[digest] = asking
            asking.add_done_callback(lambda _done: self._asking.pop(digest, None))
        return await asyncio.shield(self._asking[digest])

    async def _ask(self, token: str, digest: str) -> Caller:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            caller = await _reviewed(digest, Connection(self._client, lambda: headers, self._field_manager))
        except (UnknownTokenError, ApiError):
            self._known.pop(digest, None)
            raise
        self._known[digest] = caller, self._clock() + BELIEVED_SECONDS
        if len(self._known) > BELIEVED:
            self._known.popitem(last=False)
        return caller


class OwnToken:
    """On the user's own machine: one random token opens the door, and the kubeconfig's credential does the rest."""

    def __init__(self, client: httpx.AsyncClient, access: Access, field_manager: str, token: str) -> None:
        self._token = token.encode()
        self._connection = Connection(client, access.headers, field_manager)
        self._caller: Caller | None = None

    async def identify(self, token: str, peer: str) -> Caller:
        """Compared in constant time; never sent anywhere."""
        if not hmac.compare_digest(token.encode(), self._token):
            raise UnknownTokenError
        if self._caller is None:
            self._caller = await _reviewed("own", self._connection)
        return self._caller


async def _reviewed(identity: str, connection: Connection) -> Caller:
    try:
        answer = await connection.ask(paths.self_review(), REVIEW)
    except ApiError as error:
        if error.status == 401:
            raise UnknownTokenError from error
        raise
    user = answer["status"]["userInfo"]
    return Caller(identity, str(user.get("username") or ""), tuple(user.get("groups") or ()), connection)


class Authentication:
    """Before a byte of the body is read, and for paths that lead nowhere too; the caller is then in the state."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app, self._authenticator = app, authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        answer = await self._answer(scope)
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> AsciiJSONResponse | None:
        """None when the caller is known."""
        token = bearer_token(Headers(scope=scope))
        if token is None:
            return problem(401, "A bearer token is needed: Authorization: Bearer TOKEN", CHALLENGE)
        try:
            caller = await self._authenticator.identify(token, (scope.get("client") or ("",))[0])
        except UnknownTokenError:
            return problem(401, "The API server does not know this token", CHALLENGE)
        except TooManyError as error:
            return too_many(error)
        except ApiError as error:
            return refused(error)
        except UnreachableError as error:
            if scope["path"] == DAEMON_STATUS:  # tells nothing but what the caller just found out
                return AsciiJSONResponse({"connected": False, "message": "The API server does not answer"})
            return unreachable(error)
        scope.setdefault("state", {})["caller"] = caller
        return None


def bearer_token(headers: Headers) -> str | None:
    """The one token; several `Authorization` headers are none."""
    given = headers.getlist("authorization")
    kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token if kind.lower() == "bearer" and TOKEN.fullmatch(token) else None
