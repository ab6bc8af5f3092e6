"""A job that is started from a file of the workspace: read within bounds, and told to the API server alone."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dev.cluster.certificates import Authority
from marianne_runner import hook_job
from marianne_runner.contract import SCORE_LIMIT, ErrandResult
from marianne_runner.places import Places
from tests.unit.runner.scene import Scene
from tests.unit.runner.test_errand import Errand
from tests.unit.runner.webhook import Pair, webhook

BODY = {
    "apiVersion": "marianne.dev/v1alpha1",
    "kind": "MarianneJob",
    "metadata": {"name": "song-n1", "namespace": "band", "labels": {"marianne.dev/chain-parent": "song"}},
    "spec": {"podRetention": "None"},
}
TEXT = "name: next é\n"


class Place:
    """A Pod with a service account, and the certificate of its API server."""

    def __init__(self, root: Path, authority: Authority) -> None:
        self.places = Places.below(root)
        self.places.workspace.mkdir(parents=True)
        self.pair: Pair = authority.issue("server", "server", (), ("127.0.0.1",))
        self.account = root / "var/run/secrets/kubernetes.io/serviceaccount"
        self.account.mkdir(parents=True)
        (self.account / "token").write_text("t0ken\n")
        (self.account / "ca.crt").write_bytes(authority.certificate.read_bytes())
        self.slept: list[float] = []

    def start(self, file: str = "next.yaml", stopped: bool = False) -> ErrandResult:
        result = ErrandResult(protocol=1, pod_uid="u", errand="hook-1", outcome="failed", message="")
        start: Any = {"file": file, "body": BODY, "account": "starter"}
        hook_job.perform(start, 30, self.places, result, self.slept.append, lambda: stopped)
        return result


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "pod", Authority(tmp_path / "authority"))
    (made.places.workspace / "next.yaml").write_text(TEXT)
    yield made


def refusal(code: int, reason: str, message: str = "") -> tuple[int, dict[str, str], bytes]:
    return code, {}, json.dumps({"kind": "Status", "reason": reason, "message": message, "code": code}).encode()


def at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(urlsplit(url).port))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")


def test_the_operators_object_with_the_files_text(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook((201, {}, b"{}"), pair=place.pair) as server:
        at(monkeypatch, server.url)
        result = place.start()
    assert (result["outcome"], result["message"]) == ("succeeded", "job song-n1 is there")
    ((path, headers, body),) = server.heard
    assert path == "/apis/marianne.dev/v1alpha1/namespaces/band/mariannejobs"
    assert headers["Authorization"] == "Bearer t0ken"
    assert body == {**BODY, "spec": {"podRetention": "None", "scoreText": TEXT}}


@pytest.mark.parametrize(
    ("answers", "times", "outcome", "told"),
    [
        ([refusal(409, "AlreadyExists")], 1, "succeeded", "song-n1"),
        ([refusal(409, "Conflict", "other")], 1, "failed", "HTTP 409: other"),
        ([refusal(403, "Forbidden", "User x cannot create")], 1, "failed", "starter needs a Role with create on"),
        ([refusal(403, "Forbidden", "User x cannot create")], 1, "failed", "HTTP 403: User x cannot create"),
        ([refusal(403, "Forbidden", "exceeded quota: q")], 1, "failed", "was not made: HTTP 403: exceeded quota: q"),
        ([refusal(422, "Invalid", "spec: no")], 1, "failed", "HTTP 422: spec: no"),
        ([(503, {}, b"oops")] * 3, 3, "failed", "HTTP 503: Service Unavailable"),
        ([(500, {}, b"[1]"), (429, {}, b""), (201, {}, b"")], 3, "succeeded", ""),
        ([(500, {}, b""), refusal(409, "AlreadyExists")], 2, "succeeded", ""),
        ([(302, {"Location": "https://elsewhere.test/"}, b"")], 1, "failed", "HTTP 302"),
    ],
)
def test_what_the_api_server_says(
    answers: list[Any], times: int, outcome: str, told: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook(*answers, pair=place.pair) as server:
        at(monkeypatch, server.url)
        result = place.start()
    assert (len(server.heard), result["outcome"], place.slept) == (times, outcome, [1.0] * (times - 1))
    assert told in result["message"]


def test_another_server_never_sees_the_token(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Authority(tmp_path / "stranger").issue("server", "server", (), ("127.0.0.1",))
    for pair in (stranger, None):
        with webhook(pair=pair) as server:
            at(monkeypatch, server.url)
            result = place.start()
        assert (server.heard, result["outcome"]) == ([], "failed")


def test_a_pod_without_an_account_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert "KUBERNETES_SERVICE_HOST" in place.start()["message"]
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    (place.account / "token").unlink()
    assert "token" in place.start()["message"]


def test_what_is_no_score_of_the_workspace_is_not_sent(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = place.places.workspace
    (inside / "token").symlink_to(place.account / "token")
    (inside / "out").symlink_to(place.account)
    (inside / "deep").mkdir()
    (inside / "large").write_bytes(b"x" * (SCORE_LIMIT + 1))
    (inside / "odd").write_bytes(b"\xff\xfe")
    os.mkfifo(inside / "pipe")
    beside = place.places.root / "workspace-of-another"
    beside.mkdir()
    (beside / "x").write_text("x")
    (inside / "beside").symlink_to(beside / "x")
    with webhook(pair=place.pair) as server:
        at(monkeypatch, server.url)
        told = {
            name: place.start(name)["message"]
            for name in ("token", "out/token", "beside", "pipe", "deep", "large", "odd", "missing")
        }
    assert server.heard == []
    for name in ("token", "out/token", "beside"):
        assert f"{name} leads out of the workspace" in told[name]
    assert "no file" in told["pipe"]
    assert "directory" in told["deep"]
    assert f"more than {SCORE_LIMIT} bytes" in told["large"]
    assert "UTF-8" in told["odd"]
    assert "No such file" in told["missing"]


def test_a_link_within_the_workspace_and_the_largest_file(place: Place) -> None:
    inside = place.places.workspace
    (inside / "link").symlink_to("next.yaml")
    assert hook_job.read(inside, "link") == TEXT
    (inside / "full").write_bytes(b"x" * SCORE_LIMIT)
    assert len(hook_job.read(inside, "full")) == SCORE_LIMIT


def test_it_is_not_tried_again_once_it_is_stopped(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook((500, {}, b""), (201, {}, b""), pair=place.pair) as server:
        at(monkeypatch, server.url)
        assert place.start(stopped=True)["outcome"] == "failed"
    assert len(server.heard) == 1


def test_as_an_errand_it_answers_once() -> None:
    scene = Scene()
    try:
        start = {"file": "next.yaml", "body": BODY, "account": "starter"}
        first = Errand(scene, "pod-1", None, start=start).run()
        (scene.workspace / "next.yaml").write_text(TEXT)
        second = Errand(scene, "pod-2", None, start=start).run()
    finally:
        scene.close()
    assert (first["outcome"], "No such file" in first["message"]) == ("failed", True)
    assert second == {**first, "pod_uid": "pod-2"}
