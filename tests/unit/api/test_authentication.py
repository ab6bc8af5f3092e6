"""Whose token it is, how often that is asked, and what is never sent on."""

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from marianne_api.authentication import (
    BELIEVED,
    Authentication,
    ForwardedTokens,
    OwnToken,
    UnknownTokenError,
    bearer_token,
)
from marianne_api.limits import Buckets, TooManyError
from marianne_client.access import Access
from marianne_client.errors import ApiError, UnreachableError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Reviewer:
    """An API server that knows tokens by `known`; it keeps what it was asked with."""

    def __init__(self, known: Callable[[str], str | None]) -> None:
        self.known, self.asked = known, []
        self.status = 201
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="https://kubernetes")

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        self.asked.append(request.headers.get("Authorization"))
        await asyncio.sleep(0)
        user = self.known(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if self.status != 201:
            return httpx.Response(self.status, json={"kind": "Status", "reason": "Forbidden", "message": "you may not"})
        if user is None:
            return httpx.Response(401, json={"kind": "Status", "reason": "Unauthorized", "message": "Unauthorized"})
        return httpx.Response(201, json={"status": {"userInfo": {"username": user, "groups": ["g"]}}})


@pytest.fixture
def reviewer() -> Reviewer:
    return Reviewer(lambda token: f"user of {token}" if token.startswith("known") else None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(reviewer, clock) -> ForwardedTokens:
    return ForwardedTokens(reviewer.client, "marianne-api", Buckets(1.0, 3, clock), clock)


async def test_the_api_server_is_asked_once_a_minute(tokens, reviewer, clock):
    for clock.now in (0.0, 30.0, 59.9):
        caller = await tokens.identify("known", "peer")
        assert (caller.username, caller.groups) == ("user of known", ("g",))
    assert reviewer.asked == ["Bearer known"]
    reviewer.known = lambda _token: None
    clock.now = 60.0
    with pytest.raises(UnknownTokenError):
        await tokens.identify("known", "peer")


async def test_many_at_once_are_one_question(tokens, reviewer):
    callers = await asyncio.gather(*(tokens.identify("known", "peer") for _ in range(50)))
    assert len({id(caller) for caller in callers}) == 1
    assert len(reviewer.asked) == 1


async def test_who_gives_up_does_not_take_the_answer_from_the_others(tokens):
    waiting = [asyncio.create_task(tokens.identify("known", "peer")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert (await waiting[1]).username == "user of known"


async def test_identities_are_apart(tokens):
    one, other = await tokens.identify("known-1", "peer"), await tokens.identify("known-2", "peer")
    assert one.identity != other.identity
    assert "known" not in one.identity
    assert one.connection is not other.connection


async def test_unknown_tokens_are_not_remembered_and_slow_their_sender_down(tokens, reviewer):
    for number in range(3):
        with pytest.raises(UnknownTokenError):
            await tokens.identify(f"guess-{number}", "peer")
    with pytest.raises(TooManyError):
        await tokens.identify("guess-4", "peer")
    assert len(reviewer.asked) == 3
    assert tokens._known == {}
    assert (await tokens.identify("known", "another peer")).username == "user of known"


async def test_who_is_known_is_not_slowed_down_by_a_flood_from_the_same_peer(tokens):
    await tokens.identify("known", "peer")
    for number in range(5):
        with pytest.raises((UnknownTokenError, TooManyError)):
            await tokens.identify(f"guess-{number}", "peer")
    assert (await tokens.identify("known", "peer")).username == "user of known"


async def test_nor_when_it_is_asked_about_again(tokens, clock):
    await tokens.identify("known", "peer")
    clock.now = 100.0
    for number in range(5):
        with pytest.raises((UnknownTokenError, TooManyError)):
            await tokens.identify(f"guess-{number}", "peer")
    assert (await tokens.identify("known", "peer")).username == "user of known"


async def test_a_token_that_was_withdrawn_is_like_any_other(tokens, reviewer, clock):
    await tokens.identify("known", "peer")
    reviewer.known = lambda _token: None
    clock.now = 100.0
    for _ in range(4):  # what was known is asked about once beside the three that a peer may
        with pytest.raises(UnknownTokenError):
            await tokens.identify("known", "peer")
    with pytest.raises(TooManyError):
        await tokens.identify("known", "peer")
    assert tokens._known == {}


async def test_what_is_remembered_is_bounded(reviewer, clock):
    tokens = ForwardedTokens(reviewer.client, "marianne-api", Buckets(1.0, 10 * BELIEVED, clock), clock)
    for number in range(BELIEVED + 10):
        await tokens.identify(f"known-{number}", "peer")
    assert len(tokens._known) == BELIEVED
    assert tokens._asking == {}


@pytest.mark.parametrize(("status", "error"), [(403, ApiError), (500, UnreachableError), (401, UnknownTokenError)])
async def test_other_answers(tokens, reviewer, status, error):
    reviewer.status = status
    with pytest.raises(error):
        await tokens.identify("known", "peer")


async def test_ones_own_token_is_never_sent_on(reviewer):
    access = Access("https://kubernetes", True, lambda: {"Authorization": "Bearer known-from-the-kubeconfig"})
    own = OwnToken(reviewer.client, access, "marianne-api", "random")
    for wrong in ("", "rando", "randomm", "known-from-the-kubeconfig"):
        with pytest.raises(UnknownTokenError):
            await own.identify(wrong, "peer")
    assert reviewer.asked == []
    assert (await own.identify("random", "peer")).username == "user of known-from-the-kubeconfig"
    await own.identify("random", "peer")
    assert reviewer.asked == ["Bearer known-from-the-kubeconfig"]


@pytest.mark.parametrize(
    ("given", "token"),
    [
        (["Bearer abc.DEF-1_2~3+4/5=="], "abc.DEF-1_2~3+4/5=="),
        (["bearer abc"], "abc"),
        ([], None),
        (["abc"], None),
        (["Bearer"], None),
        (["Bearer "], None),
        (["Bearer a b"], None),
        (["Bearer a\tb"], None),
        (["Bearer a=b"], None),
        (["Bearer é"], None),
        (["Basic abc"], None),
        (["Bearer a", "Bearer b"], None),
        (["Bearer " + "a" * 20000], None),
    ],
)
def test_bearer_token(given, token):
    raw = [(b"authorization", value.encode("latin-1")) for value in given]
    assert bearer_token(Headers(raw=raw)) == token


class Front:
    """The door, and behind it a route that reads its body and tells who came."""

    def __init__(self, tokens: ForwardedTokens) -> None:
        self.reached: list[str] = []
        transport = httpx.ASGITransport(Authentication(self._behind, tokens))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://api")

    async def _behind(self, scope, receive, send) -> None:
        self.reached.append(scope["path"])
        caller = scope.get("state", {}).get("caller")
        await PlainTextResponse(caller.username if caller else "nobody")(scope, receive, send)


@pytest.fixture
def front(tokens) -> Front:
    return Front(tokens)


async def test_nobody_gets_past_the_door_without_a_token(front, reviewer):
    for path in ("/", "/none", "/openapi.json", "/health/x", "//health", "/api/jobs/daemon/status"):
        answer = await front.client.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert front.reached == []
    assert reviewer.asked == []
    for path in ("/health", "/readyz"):
        assert (await front.client.get(path)).text == "nobody"


async def test_the_body_waits_outside(front):
    read = []

    async def body():
        read.append(1)
        yield b"{}"

    answer = await front.client.post("/", content=body(), headers={"Authorization": "Bearer guess"})
    assert answer.status_code == 401
    assert read == []


@pytest.mark.parametrize(
    ("token", "status", "path", "expected"),
    [
        ("known", 201, "/", 200),
        ("guess", 201, "/", 401),
        ("known", 403, "/", 403),
        ("known", 500, "/", 503),
        ("known", 500, "/api/jobs/daemon/status", 200),
        ("guess", 201, "/api/jobs/daemon/status", 401),
    ],
)
async def test_answers_at_the_door(front, reviewer, token, status, path, expected):
    reviewer.status = status
    answer = await front.client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == expected
    if (status, expected) == (500, 200):
        assert json.loads(answer.text)["connected"] is False
    if expected != 200:
        assert front.reached == []
