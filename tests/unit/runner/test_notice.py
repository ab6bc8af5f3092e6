"""One notice: sent once, tried again where that helps, and nothing secret said of it."""

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dev.cluster.certificates import Authority
from marianne_runner import notice
from marianne_runner.contract import ErrandResult
from tests.unit.runner.scene import Scene, wait_until
from tests.unit.runner.test_errand import Errand
from tests.unit.runner.webhook import webhook

BODY = {"event": "job_complete", "job": "song", "message": "é"}


def send(url: str | None = None, stopped: bool = False, **asked: Any) -> tuple[ErrandResult, list[float]]:
    result = ErrandResult(protocol=1, pod_uid="u", errand="notice-1", outcome="failed", message="")
    slept: list[float] = []
    target = {} if url is None else {"url": url}
    notice.perform({**target, "body": BODY, **asked}, result, slept.append, lambda: stopped)  # type: ignore[typeddict-item]
    return result, slept


def test_a_post_of_json() -> None:
    with webhook() as server:
        result, slept = send(server.url, headers={"X-Team": "a", "User-Agent": "mine"})
    ((path, headers, body),) = server.heard
    assert (path, body) == ("/hooks/T0PSECRET?key=s3cret", BODY)
    assert (headers["Content-Type"], headers["X-Team"], headers["User-Agent"]) == ("application/json", "a", "mine")
    assert (result["outcome"], result["message"], slept) == ("succeeded", "", [])


def test_the_url_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as server:
        monkeypatch.setenv("HOOK", server.url + "\n")
        assert send(url_env="HOOK")[0]["outcome"] == "succeeded"
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    ("answers", "times", "outcome"),
    [
        ([(500, {}, b"")], 2, "succeeded"),
        ([(503, {}, b""), (429, {}, b"")], 3, "succeeded"),
        ([(500, {}, b"")] * 3, 3, "failed"),
        ([(500, {}, b"")] * 9, 3, "failed"),
        ([(404, {}, b"")], 1, "failed"),
        ([(400, {}, b"")], 1, "failed"),
        ([(204, {}, b"")], 1, "succeeded"),
    ],
)
def test_tries(answers: list[Any], times: int, outcome: str) -> None:
    with webhook(*answers) as server:
        result, slept = send(server.url)
    assert (len(server.heard), result["outcome"], slept) == (times, outcome, [1.0] * (times - 1))


def test_told_to_stop_it_tries_no_more() -> None:
    with webhook((500, {}, b"")) as server:
        result, slept = send(server.url, stopped=True)
    assert (len(server.heard), slept, result["outcome"]) == (1, [], "failed")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with webhook() as other, webhook((status, {"Location": other.url}, b"")) as server:
        result, _ = send(server.url)
    assert (len(server.heard), other.heard) == (1, [])
    assert "redirect" in result["message"]


SECRETS = ("T0PSECRET", "s3cret", "sk-ant-0123456789abcdef")


def test_a_refusal_tells_its_first_words_and_no_secret() -> None:
    said = b"no\n such channel: /hooks/T0PSECRET?key=s3cret sk-ant-0123456789abcdef " + 500 * b"x"
    with webhook((403, {}, said)) as server:
        message = send(server.url)[0]["message"]
    assert message.startswith("127.0.0.1: HTTP 403: no such channel: [URL] [REDACTED_ANTHROPIC_KEY] ")
    assert len(message) < 300
    assert not any(secret in message for secret in SECRETS)


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/T0PSECRET"
    result, slept = send(url)
    assert (result["message"], slept) == ("127.0.0.1: connection failed: Connection refused (try 3)", [1.0, 1.0])


def test_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice, "NOTICE_SECONDS", 0.05)
    with webhook(pause=0.3) as server:
        result, _ = send(server.url)
    assert result["message"] == "127.0.0.1: no answer within 0.05 s (try 3)"


@pytest.mark.parametrize(
    ("name", "trusted", "heard"), [("127.0.0.1", True, 1), ("127.0.0.1", False, 0), ("a.example", True, 0)]
)
def test_a_server_that_nobody_vouches_for_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool, heard: int
) -> None:
    authority, other = Authority(tmp_path / "one"), Authority(tmp_path / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str((authority if trusted else other).certificate))
    with webhook(pair=authority.issue("server", "server", (), (name,))) as server:
        result, _ = send(server.url)
    assert len(server.heard) == heard
    assert result["outcome"] == ("succeeded" if heard else "failed")
    assert heard or result["message"].startswith("127.0.0.1: the server's certificate is not trusted: ")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "the environment variable HOOK is not set: bring it by spec.sheetTemplate.env or envFrom"),
        ("  ", "the environment variable HOOK is not set: bring it by spec.sheetTemplate.env or envFrom"),
        ("file:///etc/T0PSECRET", "the environment variable HOOK holds no URL of http or https"),
        ("ftp://a/T0PSECRET", "the environment variable HOOK holds no URL of http or https"),
        ("T0PSECRET", "the environment variable HOOK holds no URL of http or https"),
        ("http://", "the environment variable HOOK holds no URL of http or https"),
        ("http://a:T0PSECRET/", "the environment variable HOOK holds no URL of http or https"),
        ("http://[T0PSECRET/", "the environment variable HOOK holds no URL of http or https"),
        ("http://a/T0P SECRET", "the environment variable HOOK holds no URL of http or https"),
        ("http://a/T0P\nSECRET", "the environment variable HOOK holds no URL of http or https"),
    ],
)
def test_what_is_no_url_is_said_and_not_shown(monkeypatch: pytest.MonkeyPatch, value: str | None, told: str) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    if value is not None:
        monkeypatch.setenv("HOOK", value)
    assert send(url_env="HOOK")[0]["message"] == told


def test_the_runner_sends_it_and_says_so(scene: Scene) -> None:
    with webhook() as server:
        pod = Errand(scene, "pod-1", None, errand="notice-1", once=False, notice={"url": server.url, "body": BODY})
        answer = pod.run()
    assert (answer["outcome"], answer["errand"]) == ("succeeded", "notice-1")
    assert [body for _, _, body in server.heard] == [BODY]


def test_a_failure_is_its_exit_code(scene: Scene) -> None:
    with webhook((404, {}, b"")) as server:
        pod = Errand(scene, "pod-1", None, errand="notice-1", once=False, notice={"url": server.url, "body": BODY})
        process: subprocess.Popen[bytes] = pod.start()
        wait_until(lambda: server.heard, "the notice")
        assert process.wait(60) == 1
    assert pod.answer["message"] == "127.0.0.1: HTTP 404: Not Found"
    assert "T0PSECRET" not in json.dumps(pod.answer) + pod.pod.log
