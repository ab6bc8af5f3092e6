"""Instruments of kind `http`: real runner and model processes, against a local server that speaks the protocols."""

import json
import signal
from collections.abc import Iterator
from email.message import Message
from http.client import HTTPMessage
from typing import Any

import pytest

from marianne_runner.command import build
from marianne_runner.http_families import FAMILIES, Question
from marianne_runner.http_instrument import wait_of
from tests.unit.runner.model_server import ModelServer
from tests.unit.runner.scene import Scene, compiled, rule, wait_until

KEY = "secret-of-the-model"
OPENAI = {"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]}
OPENAI |= {"usage": {"prompt_tokens": 11, "completion_tokens": 7}}
ANSWERS: dict[str, dict[str, Any]] = {
    "openai": OPENAI,
    "anthropic": {
        "content": [{"type": "thinking"}, {"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 11, "output_tokens": 7},
    },
    "gemini": {
        "candidates": [{"content": {"parts": [{"text": "hel"}, {"text": "lo"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7},
    },
    "ollama": {
        "message": {"role": "assistant", "content": "hello"},
        "done_reason": "stop",
        "prompt_eval_count": 11,
        "eval_count": 7,
    },
}
PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m-1:generateContent",
    "ollama": "/api/chat",
}
KEYS = {
    "openai": ("authorization", f"Bearer {KEY}"),
    "anthropic": ("x-api-key", KEY),
    "gemini": ("x-goog-api-key", KEY),
    "ollama": ("authorization", f"Bearer {KEY}"),
}


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer().running() as server:
        yield server


def profile(server: ModelServer, family: str = "openai", **http: Any) -> dict[str, Any]:
    block = {"base_url": server.url, "schema_family": family, "auth_env_var": "MODEL_KEY", **http}
    return {"kind": "http", "raw_prompt": True, "default_model": "m-1", "http": block}


def perform(scene: Scene, server: ModelServer, told: dict[str, Any] | None = None, /, **given: Any) -> Any:
    environment = {"MODEL_KEY": KEY, "OTHER": "x"} | given.pop("environment", {})
    score = compiled("ask this", given.pop("rules", None), **given.pop("score", {}))
    pod = scene.pod("pod-1", score, profile=told or profile(server), instrument="model", **given)
    return pod.run(environment=environment, user=0)  # whose interpreter it is


@pytest.mark.parametrize("family", PATHS)
def test_each_protocol(scene: Scene, model: ModelServer, family: str) -> None:
    model.answers[PATHS[family]] = (200, {}, ANSWERS[family])
    verdict = perform(scene, model, profile(model, family))
    assert verdict["outcome"] == "completed", verdict
    assert (verdict["stdout_tail"], verdict["input_tokens"], verdict["output_tokens"]) == ("hello", 11, 7)
    (asked,) = model.asked
    name, value = KEYS[family]
    assert asked.headers[name] == value
    assert asked.headers["content-type"] == "application/json"
    assert "ask this" in json.dumps(asked.body)


@pytest.mark.parametrize(
    ("family", "options", "body"),
    [
        ("openai", {}, {"model": "m", "messages": [{"role": "user", "content": "P"}], "stream": False}),
        (
            "openai",
            {"temperature": 0, "max_tokens": 5, "num_ctx": 9},
            {
                "model": "m",
                "messages": [{"role": "user", "content": "P"}],
                "stream": False,
                "temperature": 0,
                "max_tokens": 5,
            },
        ),
        (
            "anthropic",
            {},
            {"model": "m", "messages": [{"role": "user", "content": "P"}], "stream": False, "max_tokens": 16384},
        ),
        (
            "anthropic",
            {"max_tokens": 5},
            {"model": "m", "messages": [{"role": "user", "content": "P"}], "stream": False, "max_tokens": 5},
        ),
        ("gemini", {}, {"contents": [{"role": "user", "parts": [{"text": "P"}]}]}),
        (
            "gemini",
            {"temperature": 1, "max_tokens": 5},
            {
                "contents": [{"role": "user", "parts": [{"text": "P"}]}],
                "generationConfig": {"temperature": 1, "maxOutputTokens": 5},
            },
        ),
        (
            "ollama",
            {"max_tokens": 5, "num_ctx": 9, "keep_alive": "5m"},
            {
                "model": "m",
                "messages": [{"role": "user", "content": "P"}],
                "stream": False,
                "keep_alive": "5m",
                "options": {"num_predict": 5, "num_ctx": 9},
            },
        ),
    ],
)
def test_what_is_asked(family: str, options: dict[str, Any], body: dict[str, Any]) -> None:
    assert FAMILIES[family].body(Question("m", "P", options)) == body


@pytest.mark.parametrize(
    ("given", "told", "asked"),
    [
        ({}, {}, {"model": "m-1"}),
        ({"model": "m-2"}, {}, {"model": "m-2"}),
        ({"score": {"performers": [{"instrument": "m", "config": {"temperature": 0.2}}]}}, {}, {"temperature": 0.2}),
        ({"score": {"performers": [{"instrument": "m", "config": {"max_tokens": 3}}]}}, {}, {"max_tokens": 3}),
        (
            {
                "performer": 1,
                "score": {"performers": [{"instrument": "m"}, {"instrument": "f", "config": {"max_tokens": 4}}]},
            },
            {},
            {"max_tokens": 4},
        ),
        ({}, {"models": [{"name": "m-1", "max_output_tokens": 99}]}, {"max_tokens": None}),
    ],
)
def test_the_scores_words_reach_the_model(
    scene: Scene, model: ModelServer, given: dict[str, Any], told: dict[str, Any], asked: dict[str, Any]
) -> None:
    model.answers[PATHS["openai"]] = (200, {}, OPENAI)
    assert perform(scene, model, profile(model) | told, **given)["outcome"] == "completed"
    assert {name: model.asked[0].body.get(name) for name in asked} == asked


@pytest.mark.parametrize(
    ("family", "model", "config", "limits"),
    [
        ("anthropic", "m-1", {}, {"max_tokens": 99}),
        ("anthropic", "m-1", {"max_tokens": 3}, {"max_tokens": 3}),
        ("anthropic", "m-2", {}, {}),
        ("ollama", "m-1", {}, {"num_ctx": 2048}),
        ("ollama", "m-1", {"num_ctx": 9, "max_tokens": 3}, {"num_ctx": 9, "max_tokens": 3}),
        ("openai", "m-1", {}, {}),
        ("gemini", "m-1", {}, {}),
    ],
)
def test_a_models_limits_are_sent_where_the_protocol_must_know_them(
    scene: Scene, family: str, model: str, config: dict[str, Any], limits: dict[str, Any]
) -> None:
    """Anthropic asks for one; Ollama silently leaves out what is beyond a default of its own."""
    http = {"base_url": "https://a", "schema_family": family}
    models = [{"name": "m-1", "max_output_tokens": 99, "context_window": 2048}]
    brief: Any = {"instrument": "m", "timeout_seconds": 5, "model": model}
    brief |= {"profile": {"kind": "http", "http": http, "models": models}}
    program = build(brief, "", scene.workspace, {}, config)
    assert json.loads(program.arguments[-1])["options"] == limits


def test_an_endpoint_of_its_own_and_no_key(scene: Scene, model: ModelServer) -> None:
    model.answers["/api/v2/chat"] = (200, {}, OPENAI)
    told = profile(model, base_url=f"{model.url}/api/", endpoint="/v2/chat", auth_env_var=None)
    assert perform(scene, model, told)["outcome"] == "completed"
    assert "authorization" not in model.asked[0].headers


@pytest.mark.parametrize(
    ("status", "headers", "body", "message", "told"),
    [
        (429, {"Retry-After": "900"}, {"error": {"message": "slow\ndown"}}, "rate limit: slow down", "(rate limited)"),
        (401, {}, {"error": {"message": "bad key"}}, "unauthorized: bad key", "(auth error)"),
        (403, {}, {"error": "no"}, "unauthorized: no", "(auth error)"),
        (529, {}, {"type": "error", "error": {"message": "busy"}}, "overloaded: busy", "(capacity error)"),
        (503, {}, "", "overloaded: Service Unavailable", "(capacity error)"),
        (500, {}, "<html>", "HTTP error 500: <html>", ""),
        (400, {}, [1], "HTTP error 400: [1]", ""),
        (302, {"Location": "/v1/elsewhere"}, "", "HTTP error 302", ""),
    ],
)
def test_refusals(
    scene: Scene, model: ModelServer, status: int, headers: dict[str, str], body: Any, message: str, told: str
) -> None:
    model.answers[PATHS["openai"]] = (status, headers, body)
    verdict = perform(scene, model)
    assert (verdict["outcome"], verdict["reason"], verdict["exit_code"]) == ("failed", "ExitCode", 1)
    assert message in verdict["message"] and verdict["message"].endswith(told)
    assert f"HTTP error {status}" in verdict["stderr_tail"]
    assert (verdict["error_code"] == "E101") is (status == 429)
    assert ("Retry-After: 900" in verdict["stderr_tail"]) is (status == 429)
    assert len(model.asked) == 1, "a redirect would take the key along"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("no json", "the answer is no JSON document"),
        ({"choices": []}, "the answer holds no text"),
        ({"choices": [{"message": {"content": None}}]}, "the answer holds no text"),
    ],
)
def test_answers_that_are_none(scene: Scene, model: ModelServer, body: Any, message: str) -> None:
    model.answers[PATHS["openai"]] = (200, {}, body)
    assert message in perform(scene, model)["message"]


def test_an_answer_that_was_cut_is_said_to_be(scene: Scene, model: ModelServer) -> None:
    model.answers[PATHS["openai"]] = (200, {}, {"choices": [{"message": {"content": "h"}, "finish_reason": "length"}]})
    verdict = perform(scene, model)
    assert verdict["outcome"] == "completed" and "the answer was cut" in verdict["stderr_tail"]
    assert "input_tokens" not in verdict


def test_a_missing_key_is_named_and_nobody_is_asked(scene: Scene, model: ModelServer) -> None:
    verdict = perform(scene, model, environment={"MODEL_KEY": ""})
    assert "MODEL_KEY is not set" in verdict["message"] and verdict["error_category"] == "auth"
    assert model.asked == []


def test_the_key_stays_out_of_everything_that_is_kept(scene: Scene, model: ModelServer) -> None:
    model.answers[PATHS["openai"]] = (401, {}, {"error": {"message": f"wrong key {KEY}"}})
    verdict = perform(scene, model)
    kept = [path.read_text(errors="replace") for path in scene.base.rglob("*") if path.is_file()]
    assert "[REDACTED]" in verdict["message"]
    assert not [text for text in [json.dumps(verdict), *kept] if KEY in text]


def test_a_server_that_is_not_there(scene: Scene, model: ModelServer) -> None:
    verdict = perform(scene, model, profile(model, base_url="http://127.0.0.1:9"))
    assert "connection failed" in verdict["message"]


def test_a_server_that_never_answers(scene: Scene, model: ModelServer) -> None:
    model.answers[PATHS["openai"]] = None
    verdict = perform(scene, model, timeout_seconds=0.5)
    assert verdict["reason"] == "Timeout" or verdict["error_category"] == "timeout"


def test_it_can_be_interrupted(scene: Scene, model: ModelServer) -> None:
    model.answers[PATHS["openai"]] = None
    pod = scene.pod("pod-1", compiled("ask this"), profile=profile(model), instrument="model")
    pod.start(environment={"MODEL_KEY": KEY}, user=0)
    wait_until(model.reached.is_set, "the question")
    pod.signal(signal.SIGTERM)
    assert pod.wait() == 143
    assert pod.verdict["outcome"] == "interrupted"


def test_rules_judge_it_as_they_judge_any_other(scene: Scene, model: ModelServer) -> None:
    model.answers[PATHS["openai"]] = (200, {}, OPENAI)
    verdict = perform(scene, model, rules=[rule("file_exists", path="absent.md")])
    assert (verdict["outcome"], verdict["reason"]) == ("failed", "ValidationFailed")


@pytest.mark.parametrize(
    ("http", "message"),
    [
        ({"base_url": ""}, "base_url is no http or https address"),
        ({"base_url": "file:///etc/passwd"}, "base_url is no http or https address"),
        ({"schema_family": "grpc"}, "schema_family 'grpc' is not one of openai"),
    ],
)
def test_a_profile_that_says_not_whom_to_ask(
    scene: Scene, model: ModelServer, http: dict[str, Any], message: str
) -> None:
    verdict = perform(scene, model, profile(model, **http))
    assert verdict["reason"] == "InstrumentMissing" and message in verdict["message"]


def test_what_our_program_is_started_with(scene: Scene) -> None:
    """Neither the prompt nor a key in an argument, and of the Pod's variables those that it needs."""
    http = {"base_url": "https://a", "auth_env_var": "MODEL_KEY"}
    brief: Any = {"instrument": "m", "timeout_seconds": 5, "profile": {"kind": "http", "http": http}}
    needed = {"PATH": "/bin", "MODEL_KEY": KEY, "HTTPS_PROXY": "p", "no_proxy": "n", "SSL_CERT_FILE": "/c"}
    program = build(brief, "ask this", scene.workspace, {**needed, "OTHER_KEY": "o"}, {"secret": "s"})
    assert program.environment == needed
    assert (program.stdin, program.folder) == (b"ask this", scene.workspace)
    told = b" ".join(program.arguments)
    assert KEY.encode() not in told and b"ask this" not in told and b"secret" not in told


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT"}, 200),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"anthropic-ratelimit-tokens-reset": "1970-01-01T00:17:00Z"}, 20),
        (
            {
                "anthropic-ratelimit-tokens-reset": "1970-01-01T00:17:00Z",
                "anthropic-ratelimit-requests-reset": "1970-01-01T00:18:00Z",
            },
            80,
        ),
        ({"anthropic-ratelimit-tokens-reset": "never"}, None),
        ({"Retry-After": "5", "anthropic-ratelimit-tokens-reset": "1970-01-01T00:17:00Z"}, 5),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    given = HTTPMessage()
    assert isinstance(given, Message)
    for name, value in headers.items():
        given[name] = value
    assert wait_of(given, 1000.0) == seconds
