"""Output: shown live and redacted, its end kept, in bounded memory."""

import os
import time

import pytest

from marianne_runner.redact import redact
from marianne_runner.streams import LINE_LIMIT, Head, Live, Tee

KEY = b"sk-ant-api03-" + b"a" * 40


class Shown:
    def __init__(self) -> None:
        self.content = b""

    def __call__(self, text: bytes) -> None:
        self.content += text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"k=" + KEY + b" end", b"k=[REDACTED_ANTHROPIC_KEY] end"),
        (b"k=sk-" + b"A" * 48 + b" end", b"k=[REDACTED_OPENAI_KEY] end"),
        (b"k=sk-proj-" + b"A_-" * 10 + b" end", b"k=[REDACTED_OPENAI_KEY] end"),
        (b"k=AKIA" + b"ABCDEFGHIJKLMNOP" + b" end", b"k=[REDACTED_AWS_KEY] end"),
        (b"k=AIzaSy" + b"a" * 33 + b" end", b"k=[REDACTED_GOOGLE_KEY] end"),
        (b"k=ghp_" + b"a" * 36 + b" end", b"k=[REDACTED_GITHUB_TOKEN] end"),
        (b"k=github_pat_" + b"a_" * 20 + b" end", b"k=[REDACTED_GITHUB_TOKEN] end"),
        (b"k=Bearer " + b"a" * 40 + b" end", b"k=Bearer [REDACTED_BEARER_TOKEN] end"),
        (b"k=xoxb-" + b"1" * 24 + b" end", b"k=[REDACTED_SLACK_TOKEN] end"),
        (b"k=xapp-" + b"1" * 24 + b" end", b"k=[REDACTED_SLACK_TOKEN] end"),
        (b"k=hf_" + b"a" * 34 + b" end", b"k=[REDACTED_HF_TOKEN] end"),
        (b"k=sk-ant-x end", b"k=sk-ant-x end"),
        (b"ask-me hf_x Bearer of news", b"ask-me hf_x Bearer of news"),
    ],
)
def test_credentials(text: bytes, expected: bytes) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_a_credential_is_not_cut_in_two(size: int) -> None:
    shown, text = Shown(), b"first\nkey " + KEY + b"\nlast " + KEY
    tee = Tee(shown, 1000)
    for start in range(0, len(text), size):
        tee.feed(text[start : start + size])
    tee.close()
    assert shown.content == b"first\nkey [REDACTED_ANTHROPIC_KEY]\nlast [REDACTED_ANTHROPIC_KEY]"
    assert tee.tail == shown.content


def test_a_line_is_shown_the_moment_it_ends() -> None:
    shown = Shown()
    tee = Tee(shown, 1000)
    tee.feed(b"one\ntw")
    assert shown.content == b"one\n"
    tee.feed(b"o\n")
    assert shown.content == b"one\ntwo\n"


def test_a_line_without_end_goes_in_pieces() -> None:
    """Cut at blanks, and never within the reach of a credential."""
    shown = Shown()
    tee = Tee(shown, 1000)
    words = b"word " * (LINE_LIMIT // 5 + 100)
    for _ in range(10):
        tee.feed(words + KEY)
    assert len(shown.content) > 9 * LINE_LIMIT
    tee.close()
    assert b"aaaa" not in shown.content
    assert shown.content.count(b"[REDACTED_ANTHROPIC_KEY]") == 10


@pytest.mark.parametrize(
    ("text", "limit", "tail", "truncated"),
    [
        ("", 10, "", False),
        ("abc", 10, "abc", False),
        ("x" * 10, 10, "x" * 10, False),
        ("x" * 25, 10, "x" * 10, True),
        ("é" * 8, 5, "\ufffdéé", True),
    ],
)
def test_the_tail(text: str, limit: int, tail: str, truncated: bool) -> None:
    tee = Tee(lambda _: None, limit)
    tee.feed(text.encode())
    tee.close()
    assert (tee.tail.decode(errors="replace"), tee.truncated) == (tail, truncated)


def test_a_document_is_kept_from_its_start() -> None:
    tee = Tee(lambda _: None, 10, document_bytes=20)
    for _ in range(10):
        tee.feed(b'{"key": 1}')
    assert tee.document == b'{"key": 1}' * 2


def test_fifty_megabytes_take_a_moment_and_no_memory() -> None:
    tee, chunk = Tee(lambda _: None, 51200), (b"x" * 99 + b"\n") * 655
    begun = time.process_time()
    for _ in range(50 * 2**20 // len(chunk)):
        tee.feed(chunk)
    assert time.process_time() - begun < 5
    assert len(tee.tail) == 51200


def test_the_head() -> None:
    head = Head(5)
    for _ in range(3):
        head.feed(b"abc")
    assert head.content == b"abcab"


def test_a_log_that_nobody_reads_any_more_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    live = Live(writing)
    live(b"text")
    live(b"text")
    os.close(writing)


@pytest.mark.parametrize(
    ("said", "tail", "shown"),
    [
        ([b"abc", b"def"], b"cdef", b"abcdef"),
        ([b"abcdef", b"g"], b"defg", b"abcdef|g"),
        ([b"abc", b"defghij", b"klm"], b"klm", b"abcdef|4 klm"),
        ([b"abcdefghijklm"], b"jklm", b"abcdef|3 jklm"),
    ],
)
def test_a_log_has_the_beginning_and_the_end_of_too_much(said: list[bytes], tail: bytes, shown: bytes) -> None:
    reading, writing = os.pipe()
    live = Live(writing, limit=6)
    for text in said:
        live(text)
    live.end(tail)
    os.close(writing)
    log = os.read(reading, 10_000)
    os.close(reading)
    begun, *rest = shown.split(b"|")
    assert log.startswith(begun)
    notice, lines = log.removeprefix(begun), []
    if rest:
        left_out, _, end = rest[0].rpartition(b" ")
        lines = [b"6 bytes are enough", (left_out or b"0") + b" bytes are left out here\n" + end]
        assert notice.endswith(end)
    assert [each for each in lines if each not in notice] == []
    assert bool(notice) is bool(rest)
