"""Whose jobs a request speaks of, and what a reader that comes back knows."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.exceptions import HTTPException

from marianne_api.dependencies import AppState
from marianne_api.read.access import _scope, last_event_id
from marianne_api.read.table_watch import Scope
from marianne_api.settings import ApiSettings


async def scope(served: tuple[str, ...], namespace: str | None, label: str = "") -> Scope:
    state = cast(AppState, SimpleNamespace(settings=ApiSettings(namespaces=served)))
    return await _scope(state, namespace, label)


@pytest.mark.parametrize(
    ("served", "namespace", "expected"),
    [
        ((), None, None),
        ((), "music", "music"),
        (("music",), None, "music"),
        (("music",), "music", "music"),
        (("music", "art"), "art", "art"),
    ],
)
async def test_the_scope(served: tuple[str, ...], namespace: str | None, expected: str | None) -> None:
    assert await scope(served, namespace, " team=red ") == Scope(expected, "team=red")


@pytest.mark.parametrize(
    ("served", "namespace", "status"),
    [
        (("music", "art"), None, 400),
        (("music",), "other", 404),
        (("music", "art"), "other", 404),
        ((), "../secrets", 404),
        ((), "Music", 404),
        ((), "a/b", 404),
    ],
)
async def test_no_scope(served: tuple[str, ...], namespace: str | None, status: int) -> None:
    with pytest.raises(HTTPException) as refused:
        await scope(served, namespace)
    assert refused.value.status_code == status


@pytest.mark.parametrize(
    ("header", "known"),
    [("17", 17), ("", 0), ("-1", 0), ("1.5", 0), ("²", 0), ("x", 0), ("9" * 19, int("9" * 19)), ("9" * 20, 0)],
)
async def test_last_event_id(header: str, known: int) -> None:
    request: Any = SimpleNamespace(headers={"last-event-id": header})
    assert await last_event_id(request) == known
