"""Instruments as a user sees them: the namespace's own, the cluster's, and what each is known to lack."""

import ssl
from typing import Any

import httpx
import pytest

from kubectl_marianne.instruments_look import Found, found_instruments, instruments
from kubectl_marianne.layout_instruments import instrument_table
from kubectl_marianne.lines import plain
from kubectl_marianne.options import Options
from kubectl_marianne.output import Screen
from kubectl_marianne.session import Session
from marianne_client.access import Access
from marianne_client.connection import Connection
from marianne_client.errors import ApiError
from tests.unit.cli_read.samples import look

GROUP = "/apis/marianne.dev/v1alpha1"
OWN = f"{GROUP}/namespaces/band/instruments"
CLUSTER = f"{GROUP}/clusterinstruments"
SECRETS = "/api/v1/namespaces/band/secrets"
PLAIN = Screen(None, None, fancy=False, redraws=False)


def instrument(
    name: str, image: str = "tool:1", namespace: str = "", secret: str = "", **profile: Any
) -> dict[str, Any]:
    credentials = [{"name": "KEY", "secretKeyRef": {"name": secret, "key": "k"}}] if secret else []
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"metadata": meta, "spec": {"image": image, "profile": profile, "credentials": credentials}}


class Server:
    """Has what it was given, by path; anything else is not found. A number is a refusal."""

    def __init__(self, **lists: Any) -> None:
        self.has: dict[str, Any] = {OWN: lists.get("own", []), CLUSTER: lists.get("cluster", [])}
        self.asked: list[httpx.Request] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        held = self.has.get(request.url.path, 404)
        if isinstance(held, int):
            return httpx.Response(held, json={"kind": "Status", "reason": "No", "message": f"not {request.url.path}"})
        return httpx.Response(200, json={"metadata": {}, "items": held})

    async def look(self, name: str | None = None, **options: Any) -> list[Found]:
        transport = httpx.MockTransport(self._answer)
        async with httpx.AsyncClient(base_url="http://api.example", transport=transport) as client:
            reach = Access("http://api.example", ssl.create_default_context(), dict, "band")
            opened = Session(Connection(client, dict, "marianne-cli"), reach, "band", PLAIN, Options(**options))
            return await found_instruments(opened, await instruments(opened, name))


def states(found: list[Found]) -> dict[str, str]:
    return {each.listed.reference: each.state for each in found}


async def test_what_each_lacks_is_told_in_words() -> None:
    command: Any = {"cli": {"command": {"executable": "bash"}}}
    server = Server(
        own=[instrument("mine", namespace="band", secret="there")],
        cluster=[
            instrument("bare", image=""),
            instrument("poor", secret="gone"),
            instrument("sealed", secret="hidden"),
            instrument("shell", image="", **command),
            instrument("server", image="", kind="http"),
            instrument("both", image="", secret="gone"),
        ],
    )
    server.has |= {f"{SECRETS}/there": [], f"{SECRETS}/hidden": 403}
    assert states(await server.look()) == {
        "instrument.marianne.dev/mine": "ready",
        "clusterinstrument.marianne.dev/bare": "image unset",
        "clusterinstrument.marianne.dev/poor": "secret missing",
        "clusterinstrument.marianne.dev/sealed": "secret unknown",
        "clusterinstrument.marianne.dev/shell": "ready",
        "clusterinstrument.marianne.dev/server": "ready",
        "clusterinstrument.marianne.dev/both": "image unset",
    }


async def test_a_secret_is_asked_for_once_and_without_its_values() -> None:
    server = Server(cluster=[instrument("a", secret="gone"), instrument("b", secret="gone")])
    await server.look()
    (asked,) = [each for each in server.asked if "secrets" in each.url.path]
    assert "as=Table" in asked.headers["accept"]
    assert asked.url.params["includeObject"] == "None"


async def test_the_namespaces_own_overrides_the_clusters() -> None:
    server = Server(own=[instrument("claude-cli", namespace="band")], cluster=[instrument("claude-cli")])
    found = await server.look("claude_cli")
    assert [(each.listed.namespace, each.state) for each in found] == [("band", "ready"), ("", "overridden")]
    assert await server.look("other") == []


async def test_of_all_namespaces() -> None:
    server = Server(cluster=[instrument("shared", secret="gone")])
    server.has[f"{GROUP}/instruments"] = [instrument("theirs", namespace="choir", secret="gone")]
    server.has["/api/v1/namespaces/choir/secrets/gone"] = []
    found = await server.look(all_namespaces=True, selector="team=web")
    assert [each.state for each in found] == ["ready", "secret missing"]
    lists = [each for each in server.asked if each.url.path.startswith(GROUP)]
    assert {each.url.params["labelSelector"] for each in lists} == {"team=web"}
    lines = [plain(each) for each in instrument_table(found, look(None, wide=True), namespaces=True)]
    assert lines == [
        "NAMESPACE  NAME    KIND  STATUS          MODEL  IMAGE   SCOPE      CREDENTIALS",
        "choir      theirs  cli   ready           -      tool:1  namespace  KEY=gone/k",
        "-          shared  cli   secret missing  -      tool:1  cluster    KEY=gone/k",
    ]


async def test_a_kind_that_may_not_be_listed_is_left_out_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    server = Server(own=[instrument("mine", namespace="band")])
    server.has[CLUSTER] = 403
    assert states(await server.look()) == {"instrument.marianne.dev/mine": "ready"}
    assert capsys.readouterr().err == f"warning: not {CLUSTER}\n"
    server.has[OWN] = 403
    with pytest.raises(ApiError):
        await server.look()


async def test_no_such_kind_is_a_failure() -> None:
    server = Server()
    server.has[CLUSTER] = 404
    with pytest.raises(ApiError):
        await server.look()


async def test_a_table_for_people_shows_model_and_image() -> None:
    hostile = "\x1b[31mred"
    server = Server(
        cluster=[instrument("a", kind="http", default_model=hostile), instrument("b", image="", kind="http")]
    )
    lines = [plain(each) for each in instrument_table(await server.look(), look(60), namespaces=False)]
    assert [line.split()[:3] for line in lines] == [
        ["NAME", "KIND", "STATUS"],
        ["a", "http", "ready"],
        ["b", "http", "ready"],
    ]
    assert lines[2].endswith("(runner)")
    assert "\x1b" not in "".join(lines)


async def test_a_limit_is_told_where_it_holds() -> None:
    until = "2030-01-01T00:00:00.000Z"
    mine = {**instrument("mine", namespace="band"), "status": {"limitedUntil": until}}
    here, elsewhere = ([{"namespace": each, "until": until}] for each in ("band", "choir"))
    cluster = [
        {**instrument(name), "status": {"limits": limits}} for name, limits in (("here", here), ("there", elsewhere))
    ]
    found = states(await Server(own=[mine], cluster=cluster).look())
    assert found == {
        "instrument.marianne.dev/mine": "limited",
        "clusterinstrument.marianne.dev/here": "limited",
        "clusterinstrument.marianne.dev/there": "ready",
    }
