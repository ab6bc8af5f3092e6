"""Lines and lists of a connection, however they come in pieces."""

import httpx
import pytest

from marianne_client.connection import Connection


async def lines(*chunks: bytes, longest: int | None = None) -> list[str]:
    async def content():
        for chunk in chunks:
            yield chunk

    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=content()))
    client = httpx.AsyncClient(base_url="https://cluster", transport=transport)
    async with client, Connection(client, dict, "test").lines("/log", longest=longest) as found:
        return [each async for each in found]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_pieces_do_not_matter(size):
    whole = "eins\r\n\n zwei\u2028drei\x85\nvier".encode()
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert await lines(*pieces) == ["eins\r", "", " zwei\u2028drei\x85", "vier"]


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
async def test_a_line_without_an_end_is_cut_and_those_around_it_are_not(size):
    whole = b"12345\n" + b"x" * 50 + b"\n67890\n" + b"y" * 6
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert await lines(*pieces, longest=5) == ["12345", "xxxxx… (cut)", "67890", "yyyyy… (cut)"]
    assert await lines(*pieces, longest=50) == ["12345", "x" * 50, "67890", "yyyyyy"]


async def test_a_long_list_comes_in_pages():
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        begun = int(request.url.params.get("continue", 0))
        meta = {"continue": str(begun + 2)} if begun < 4 else {}
        return httpx.Response(200, json={"metadata": meta, "items": [{"at": begun}, {"at": begun + 1}]})

    async with httpx.AsyncClient(base_url="https://cluster", transport=httpx.MockTransport(answer)) as client:
        pages = [page async for page in Connection(client, dict, "test").pages("/events", fieldSelector="x")]
    assert [[each["at"] for each in page] for page in pages] == [[0, 1], [2, 3], [4, 5]]
    assert [each.get("continue") for each in asked] == [None, "2", "4"]
    assert all((each["limit"], each["fieldSelector"]) == ("500", "x") for each in asked)
