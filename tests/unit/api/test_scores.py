"""What is told of a score by its findings."""

import pytest

from marianne_api.logs_routes.asked import LATEST, since_of
from marianne_api.scores import judged
from marianne_operator.score.lint.findings import Finding
from marianne_operator.score.sandbox import Sandbox

SCORE = "name: song\nsheet: {size: 1, total_items: 2}\nprompt: {template: 'true'}\n"
NOW = 1_795_514_400.0


def finding(check_id: str, severity: str = "error", line: int | None = None) -> Finding:
    return Finding(check_id, severity, f"about {check_id}", "score", line)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("checks", "valid", "yaml", "schema"),
    [
        ([], True, True, True),
        ([("V203", "warning"), ("K101", "info")], True, True, True),
        ([("K001", "error")], False, False, False),
        ([("K002", "error")], False, True, False),
        ([("V007", "error")], False, True, False),
        ([("K003", "error")], False, True, False),
        ([("K005", "error")], False, True, True),
        ([("V001", "error"), ("K002", "warning")], False, True, True),
    ],
)
def test_what_is_valid(checks: list[tuple[str, str]], valid: bool, yaml: bool, schema: bool) -> None:
    told = judged("x", [finding(*each) for each in checks], None)
    assert (told.valid, told.yaml_syntax_valid, told.schema_valid) == (valid, yaml, schema)
    assert sum(told.counts.values()) == len(checks)
    assert (told.error_message is None) == valid


def test_an_issue_shows_its_line_and_no_other() -> None:
    text = "one\r\n" + "x" * 500 + "\nthree"
    told = judged(text, [finding("K002", line=num) for num in (1, 2, 3, 4)] + [finding("K002")], None)
    assert [each.context for each in told.issues] == ["one", "x" * 200, "three", None, None]
    assert told.error_message == "about K002"


async def test_a_valid_score_is_summed_up() -> None:
    async with Sandbox() as sandbox:
        findings, compiled = await sandbox.lint(SCORE), await sandbox.compile(SCORE)
    summary = judged(SCORE, findings, compiled).config_summary
    assert summary is not None
    assert (summary.name, summary.total_sheets, summary.validations) == ("song", 2, 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", NOW),
        ("90s", NOW - 90),
        ("5m", NOW - 300),
        ("2h", NOW - 7200),
        ("1d", NOW - 86400),
        ("999999999d", 0),
        ("2026-11-24T10:00:00Z", NOW),
        ("2026-11-24T12:00:00.9+02:00", NOW),
        ("1900-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59Z", LATEST),
    ],
)
def test_since_when(text: str, seconds: float) -> None:
    assert since_of(text, NOW) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "-5m", "٣m", "m", "2026-11-24", "2026-11-24T10:00:00", "now", "1h30m"]
)
def test_what_says_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        since_of(text, NOW)
