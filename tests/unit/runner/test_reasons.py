"""What a verdict says of the reason of a failure, from the instrument's end to the mark in the ledger."""

import time
from typing import Any

import pytest

from tests.unit.runner.scene import BASH, Scene, compiled, rule

PROFILE = {**BASH, "cli": {**BASH["cli"], "errors": {"auth_error_patterns": ["log in first"]}}}
TOLD = ("error_code", "error_category", "retriable", "wait_seconds")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 1", ("E009", "transient", True, 10.0)),
        ("exit 3", ("E999", "fatal", False, None)),
        ("exit 143", ("E002", "signal", True, 10.0)),
        ("kill -SEGV $$", ("E003", "fatal", False, None)),
        ("echo connection refused >&2; exit 1", ("E901", "network", True, 30.0)),
        ("echo Please log in first; exit 1", ("E502", "auth", False, None)),
        ("echo 'usage limit reached, resets in 2 hours'; exit 1", ("E104", "rate_limit", True, 7200.0)),
        ("true", (None, None, None, None)),
    ],
)
def test_the_reason(scene: Scene, script: str, told: tuple[Any, ...]) -> None:
    verdict = scene.pod("pod-1", compiled(script), profile=PROFILE).run()
    assert tuple(verdict.get(key) for key in TOLD) == told
    assert scene.pod("pod-2", compiled(script), profile=PROFILE).run().get("error_code") == told[0], (
        "as the ledger has it"
    )


@pytest.mark.parametrize(
    ("script", "waited", "exact"),
    [
        ("echo 'rate limit: retry after 20 seconds' >&2; exit 1", 300.0, 20.0),
        ("echo 'usage limit reached, resets in 2 hours'; exit 1", 7200.0, 7200.0),
        ("echo 'rate limit: retry after 1 s' >&2; exit 1", 300.0, 5.0),
        ("date -u -d '+90 seconds' '+429, resets at %Y-%m-%dT%H:%M:%SZ' >&2; exit 1", 300.0, 90.0),
        ("echo 'usage limit reached, resets 3pm'; exit 1", ..., None),
        ("echo 'rate limited'; exit 1", None, None),
        ("echo 'out of puff, resets in 30 seconds'; exit 1", 300.0, 30.0),
    ],
)
def test_when_a_limit_is_over(scene: Scene, script: str, waited: Any, exact: float | None) -> None:
    limits = {"wait_minutes": 1, "max_waits": 1, "max_quota_waits": 1, "detection_patterns": ["out of (puff|breath)"]}
    before = time.time()
    verdict = scene.pod("pod-1", compiled(script, rate_limit=limits)).run()
    assert verdict["error_category"] == "rate_limit"
    assert waited is ... or verdict.get("wait_seconds") == waited
    if exact is None:
        assert "resets_at" not in verdict
    else:
        assert before + exact - 1 <= verdict["resets_at"] <= time.time() + exact + 1


def test_words_of_a_limit_that_only_the_score_knows(scene: Scene) -> None:
    plain = scene.pod("pod-1", compiled("echo 'out of breath' >&2; exit 1")).run()
    assert plain["error_category"] == "transient"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo You have hit your limit, resets in 2 hours", "E104"),
        ("echo 429; seq 200", None),
        ("echo 429 too many requests >&2; echo done", None),
        ("echo all is well", None),
    ],
)
def test_an_answer_that_is_nothing_but_a_limit(scene: Scene, script: str, code: str | None) -> None:
    verdict = scene.pod("pod-1", compiled(script, [rule("file_exists", path="{workspace}/made")])).run()
    assert (verdict["reason"], verdict["executed_pass_percentage"]) == ("ValidationFailed", 0.0)
    assert verdict.get("error_code") == code


def test_a_timeout_is_told_as_one(scene: Scene) -> None:
    verdict = scene.pod("pod-1", compiled("sleep 1000"), timeout_seconds=0.3).run()
    assert (verdict["error_code"], verdict["wait_seconds"]) == ("E001", 60.0)


def test_work_that_is_right_has_no_reason_to_fail(scene: Scene) -> None:
    script = "touch made; echo 429 too many requests >&2; exit 1"
    verdict = scene.pod("pod-1", compiled(script, [rule("file_exists", path="{workspace}/made")])).run()
    assert (verdict["outcome"], verdict["reason"]) == ("completed", "")
