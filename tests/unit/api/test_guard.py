"""What is refused by its head alone, and what a body may be."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request

from marianne_api.errors import add_handlers
from marianne_api.guard import Guard
from marianne_api.safe_headers import SENT_ALWAYS, SafeHeaders
from marianne_api.settings import ApiSettings, Limits

ORIGIN = "https://pages.example"
SETTINGS = ApiSettings(
    allowed_hosts=("api.example", "[::1]"),
    cors_origins=(ORIGIN,),
    limits=Limits(body_bytes=1000, header_bytes=2000, body_seconds=0.05),
)
JSON = {"Content-Type": "application/json"}


def _app() -> FastAPI:
    app = FastAPI()
    add_handlers(app)

    @app.post("/")
    async def count(request: Request) -> int:
        return len(await request.body())

    @app.get("/")
    async def host() -> str:
        return "here"

    @app.get("/broken")
    async def broken() -> str:
        raise LookupError("a secret")

    app.add_middleware(Guard, settings=SETTINGS)
    app.add_middleware(SafeHeaders, new_id=lambda: "the-id")
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as opened:
        yield opened


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example", 200),
        ("API.example:8443", 200),
        ("api.example.", 200),
        ("[::1]:80", 200),
        ("[::2]:80", 421),
        ("evil.example", 421),
        ("api.example.evil.example", 421),
        ("evil.example:api.example", 421),
        ("api.example@evil.example", 421),
        ("", 421),
    ],
)
async def test_host(client, host, status):
    assert (await client.get("/", headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://api.example"}, 200),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}, 200),
        ({"Origin": "https://api.example"}, 403),
        ({"Origin": "http://api.example:8080"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Impersonate-User": "root"}, 400),
        ({"impersonate-extra-scopes": "all"}, 400),
    ],
)
async def test_origin(client, headers, status):
    assert (await client.post("/", headers=headers)).status_code == status


async def test_reading_from_another_origin_is_the_browsers_to_refuse(client):
    answer = await client.get("/", headers={"Origin": "http://evil.example"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_reading_as_another_is_refused(client):
    assert (await client.get("/", headers={"Impersonate-Group": "system:masters"})).status_code == 400


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/merge-patch+json", 200),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/jsonp", 415),
    ],
)
async def test_kind_of_body(client, kind, status):
    assert (await client.post("/", content=b"{}", headers={"Content-Type": kind})).status_code == status


async def test_a_body_of_no_kind(client):
    assert (await client.post("/", content=b"{}")).status_code == 415
    assert (await client.post("/")).status_code == 200
    assert (await client.post("/", headers={"Content-Type": "text/plain"})).status_code == 415


async def _chunks(number: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b"x" * size


@pytest.mark.parametrize(("number", "status"), [(9, 200), (10, 200), (11, 413)])
async def test_length_of_a_body_that_does_not_tell_it(client, number, status):
    assert (await client.post("/", content=_chunks(number, 100), headers=JSON)).status_code == status


async def test_length_of_a_body_that_tells_it(client):
    assert (await client.post("/", content=b"x" * 1000, headers=JSON)).json() == 1000
    assert (await client.post("/", content=b"x" * 1001, headers=JSON)).status_code == 413
    assert (await client.post("/", content=b"x", headers={**JSON, "Content-Length": "-1"})).status_code == 400


async def test_a_body_that_does_not_come(client):
    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    assert (await client.post("/", content=never(), headers=JSON)).status_code == 408


async def test_head_too_large(client):
    assert (await client.get("/", headers={"X-Long": "x" * 2000})).status_code == 431
    assert (await client.get("/?" + "x" * 2000)).status_code == 431


async def test_every_answer_is_safe(client):
    for answer in (await client.get("/"), await client.get("/none"), await client.get("/", headers={"Host": "evil"})):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-request-id"] == "the-id"


async def test_errors_do_not_fail_over_what_was_sent():
    app = FastAPI()
    add_handlers(app)

    @app.post("/{number}")
    async def post(number: int, body: dict[str, int]) -> None:
        return None

    @app.get("/")
    async def get() -> None:
        raise RuntimeError("of our own making")

    @app.get("/quoted")
    async def quote() -> None:
        raise HTTPException(409, "what was sent: \ud800")

    app.add_middleware(SafeHeaders, new_id=lambda: "the-id")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        answer = await client.post("/1", content=json.dumps({"secret\ud800": "swordfish"}), headers=JSON)
        broken, quoted = await client.get("/"), await client.get("/quoted")
    assert answer.status_code == 422
    assert "swordfish" not in answer.text
    assert (quoted.status_code, quoted.json()) == (409, {"detail": "what was sent: \ud800"})
    assert broken.status_code == 500
    assert broken.json() == {"detail": "Internal error"}


async def test_a_mistake_of_ours_is_answered_like_everything_else(caplog):
    transport = httpx.ASGITransport(_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example") as opened:
        answer = await opened.get("/broken")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal error"})
    assert answer.headers["x-request-id"] == "the-id"
    assert all(answer.headers[name] == value for name, value in SENT_ALWAYS.items())
    assert [each.request_id for each in caplog.records if each.name == "marianne_api"] == ["the-id"]
