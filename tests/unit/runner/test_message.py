"""The verdict as a termination message: it always fits, and is never believed blindly."""

import base64
import json
import random
import zlib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marianne_runner.contract import MESSAGE_LIMIT, UnreadableMessageError, Verdict, decode_message, encode_message


def verdict(**fields: Any) -> Verdict:
    base = {
        "protocol": 1,
        "pod_uid": "7d1c1f6e-0000-0000-0000-000000000000",
        "run": 1,
        "sheet": 3,
        "attempt": 2,
        "outcome": "failed",
        "reason": "ValidationFailed",
        "message": "it did not hold",
        "passed_rules": ["a"],
        "failed_rules": ["b"],
    }
    return cast(Verdict, {**base, **fields})


def check(number: int, *, passed: bool = False) -> dict[str, Any]:
    return {
        "rule_type": "file_exists",
        "passed": passed,
        "path": f"{{workspace}}/{number}",
        "error_message": f"/workspace/{number * 7919} does not exist",
        "checked_at": "2027-01-15T08:00:00Z",
        "check_duration_ms": number * 1.1,
        "confidence": 1.0,
    }


def noise(characters: int) -> str:
    """Text that does not compress."""
    return base64.b85encode(random.Random(characters).randbytes(characters)).decode()[:characters]  # noqa: S311


def test_a_small_one_is_plain() -> None:
    message = encode_message(verdict())
    assert json.loads(message) == verdict()
    assert decode_message(message.decode()) == verdict()


def test_a_larger_one_is_packed() -> None:
    large = verdict(stdout_tail="the same again\n" * 1000, message="ü" * 300)
    message = encode_message(large)
    assert message.startswith(b"m1:")
    assert len(message) <= MESSAGE_LIMIT
    assert decode_message(message.decode()) == large
    assert decode_message(message.decode() + "\n") == large


def test_tails_go_first_and_their_ends_last() -> None:
    tail = noise(20_000) + "THE END"
    told = decode_message(encode_message(verdict(stdout_tail=tail, checks=[check(1)])).decode())
    assert told["stdout_tail"].endswith("THE END")
    assert (told["output_truncated"], told["message"], told["checks"]) == (True, "it did not hold", [check(1)])


def test_checks_that_passed_are_not_sent() -> None:
    sent = [check(1, passed=True), check(2) | {"confidence_factors": {"exit_code": 0.5}}]
    told = decode_message(encode_message(verdict(checks=sent)).decode())
    assert told["checks"] == [check(2)]


@pytest.mark.parametrize(
    "large",
    [
        {"checks": [check(number) for number in range(2000)]},
        {"failed_rules": [noise(80) + str(number) for number in range(2000)]},
        {"message": noise(100_000)},
        {"stderr_tail": noise(100_000), "stdout_tail": "\x00" * 100_000, "message": "\ud800" * 5000},
    ],
)
def test_whatever_is_large_fits_in_the_end(large: dict[str, Any]) -> None:
    message = encode_message(verdict(**large))
    assert len(message) <= MESSAGE_LIMIT
    told = decode_message(message.decode())
    assert (told["outcome"], told["attempt"]) == ("failed", 2)


@given(
    st.text(max_size=3000), st.text(max_size=3000), st.lists(st.text(max_size=100), max_size=100), st.text(max_size=200)
)
def test_it_always_fits_and_can_be_read(stdout: str, stderr: str, rules: list[str], message: str) -> None:
    said = verdict(stdout_tail=stdout, stderr_tail=stderr, failed_rules=rules, message=message)
    encoded = encode_message(said)
    assert len(encoded) <= MESSAGE_LIMIT
    assert decode_message(encoded.decode())["pod_uid"] == said["pod_uid"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        "m1:",
        "m1:zzz",
        "m1:" + base64.b85encode(b"no zlib").decode(),
        "[" * 100_000,
        json.dumps({**verdict(), "protocol": 2}),
        json.dumps({key: value for key, value in verdict().items() if key != "outcome"}),
        encode_message(verdict(stdout_tail="x" * 4000)).decode()[1:],
    ],
)
def test_what_is_no_verdict_is_not_read(text: str) -> None:
    with pytest.raises(UnreadableMessageError):
        decode_message(text)


def test_a_bomb_is_cut() -> None:
    bomb = zlib.compress(json.dumps(verdict(stdout_tail="0" * 50_000_000)).encode(), 9)
    with pytest.raises(UnreadableMessageError):
        decode_message("m1:" + base64.b85encode(bomb).decode())


@pytest.mark.parametrize("key", ["", "k" * 64])
def test_notes_never_keep_a_verdict_from_fitting(key: str) -> None:
    many = [noise(200)] * 8 + [noise(190 + number) for number in range(8)]
    notes = {
        "preflight_warnings": many,
        "healing": many,
        "agent_feedback": noise(3000),
        "grounding_guidance": noise(400),
    }
    told = decode_message(encode_message(verdict(remedies=many[:8], stdout_tail=noise(900), **notes), key).decode())
    assert told["remedies"] == many[:8] and told["failed_rules"] == ["b"], "what decides goes last"


def test_what_decides_goes_in_the_end_too() -> None:
    told = decode_message(encode_message(verdict(remedies=[noise(5000 + number) for number in range(3)])).decode())
    assert [len(each) for each in told["remedies"]] == [100]
