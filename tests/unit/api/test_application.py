"""The app as it is put together: the user's own token, and other origins where they were allowed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from marianne_api.application import create_app
from marianne_api.settings import ApiSettings
from marianne_client.access import Access

NOWHERE = Access("http://127.0.0.1:1", True, dict)
PAGES = "https://pages.example"


@asynccontextmanager
async def client(settings: ApiSettings, **options: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, NOWHERE, **options)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened, app.state.marianne.client:
        yield opened


async def test_only_the_own_token_opens():
    async with client(ApiSettings(), own_token="random") as opened:
        for headers in ({}, {"Authorization": "Bearer other"}, {"Cookie": "token=random"}):
            assert (await opened.get("/openapi.json", headers=headers)).status_code == 401
        answer = await opened.get("/openapi.json", headers={"Authorization": "Bearer random"})
        assert (answer.status_code, answer.json()) == (503, {"detail": "Conductor unavailable"})


@pytest.mark.parametrize(("origin", "allowed"), [(PAGES, True), ("https://evil.example", False)])
async def test_origins_that_are_allowed(origin, allowed):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with client(ApiSettings(cors_origins=(PAGES,))) as opened:
        answer = await opened.options("/api/jobs", headers=asked)
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        assert "access-control-allow-credentials" not in answer.headers
    async with client(ApiSettings()) as opened:
        answer = await opened.options("/api/jobs", headers=asked)
        assert answer.status_code == 401
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_every_operation_has_a_name_of_its_own():
    described = create_app(ApiSettings(), NOWHERE).openapi()
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) > 8
    assert "http" not in str(described.get("servers", ""))


async def test_callers_share_connections_but_no_cookies():
    async with client(ApiSettings()) as opened:
        pool = opened._transport.app.state.marianne.client
        request = httpx.Request("GET", "http://127.0.0.1:1/")
        pool.cookies.extract_cookies(httpx.Response(200, headers={"Set-Cookie": "session=one"}, request=request))
        assert "cookie" not in pool.build_request("GET", "/").headers
