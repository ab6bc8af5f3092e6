"""The protocols in which a model is asked over HTTP: what to send, and how to read the answer. Pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from marianne_runner.output import found_at

DEFAULT_MAX_TOKENS: Final = 16384
"""Of an answer, where the protocol asks for a number and neither the score nor the profile has one."""
ANTHROPIC_VERSION: Final = "2023-06-01"


class Question(NamedTuple):
    """`options`: the sheet's configuration (`temperature`, `max_tokens`, `num_ctx`, `keep_alive`)."""

    model: str | None
    prompt: str
    options: Mapping[str, Any]


class Answer(NamedTuple):
    """`cut`: the model stopped because it may not say more."""

    text: str | None
    input_tokens: int | None
    output_tokens: int | None
    cut: bool


class Family(NamedTuple):
    """One protocol. `endpoint` is where the profile names none; `text` and the others are paths in the answer."""

    endpoint: str
    key_header: Callable[[str], tuple[str, str]]
    headers: Mapping[str, str]
    body: Callable[[Question], dict[str, Any]]
    text: str
    input_tokens: str
    output_tokens: str
    ending: tuple[str, str]
    """Where the reason for the end is said, and the word for one that was cut."""
    limits: Mapping[str, str] = MappingProxyType({})
    """Options that are sent in any case, by the field of the profile's model that they are when the score is silent."""

    def read(self, document: Any) -> Answer:  # noqa: ANN401  (any JSON)
        """A text in parts is put together; what is not told is None."""
        parts = [each for each in found_at(document, self.text) if isinstance(each, str)]
        endings = found_at(document, self.ending[0])
        return Answer(
            text="".join(parts) if parts else None,
            input_tokens=_number(found_at(document, self.input_tokens)),
            output_tokens=_number(found_at(document, self.output_tokens)),
            cut=endings[:1] == [self.ending[1]],
        )


def _number(found: list[Any]) -> int | None:
    return found[0] if found and isinstance(found[0], int) and not isinstance(found[0], bool) else None


def _chat(question: Question) -> dict[str, Any]:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": question.prompt}], "stream": False}
    return body if question.model is None else {"model": question.model, **body}


def _openai(question: Question) -> dict[str, Any]:
    return _chat(question) | _given(question.options, {"temperature": "temperature", "max_tokens": "max_tokens"})


def _anthropic(question: Question) -> dict[str, Any]:
    return {"max_tokens": DEFAULT_MAX_TOKENS} | _openai(question)


def _gemini(question: Question) -> dict[str, Any]:
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": question.prompt}]}]}
    given = _given(question.options, {"temperature": "temperature", "max_tokens": "maxOutputTokens"})
    return body | ({"generationConfig": given} if given else {})


def _ollama(question: Question) -> dict[str, Any]:
    names = {"temperature": "temperature", "max_tokens": "num_predict", "num_ctx": "num_ctx"}
    given = _given(question.options, names)
    body = _chat(question) | _given(question.options, {"keep_alive": "keep_alive"})
    return body | ({"options": given} if given else {})


def _given(options: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: options[ours] for ours, theirs in names.items() if options.get(ours) is not None}


def _bearer(key: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {key}"


FAMILIES: Final[Mapping[str, Family]] = {
    "openai": Family(
        endpoint="/v1/chat/completions",
        key_header=_bearer,
        headers={},
        body=_openai,
        text="choices[0].message.content",
        input_tokens="usage.prompt_tokens",
        output_tokens="usage.completion_tokens",
        ending=("choices[0].finish_reason", "length"),
    ),
    "anthropic": Family(
        endpoint="/v1/messages",
        key_header=lambda key: ("x-api-key", key),
        headers={"anthropic-version": ANTHROPIC_VERSION},
        body=_anthropic,
        text="content[*].text",
        input_tokens="usage.input_tokens",
        output_tokens="usage.output_tokens",
        ending=("stop_reason", "max_tokens"),
        limits={"max_tokens": "max_output_tokens"},
    ),
    "gemini": Family(
        endpoint="/v1beta/models/{model}:generateContent",
        key_header=lambda key: ("x-goog-api-key", key),
        headers={},
        body=_gemini,
        text="candidates[0].content.parts[*].text",
        input_tokens="usageMetadata.promptTokenCount",
        output_tokens="usageMetadata.candidatesTokenCount",
        ending=("candidates[0].finishReason", "MAX_TOKENS"),
    ),
    "ollama": Family(
        endpoint="/api/chat",
        key_header=_bearer,
        headers={},
        body=_ollama,
        text="message.content",
        input_tokens="prompt_eval_count",
        output_tokens="eval_count",
        ending=("done_reason", "length"),
        limits={"num_ctx": "context_window"},
    ),
}
