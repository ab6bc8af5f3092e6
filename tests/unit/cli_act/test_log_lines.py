"""Log lines as they are shown."""

from dataclasses import replace

import pytest

from kubectl_marianne.log_lines import LogStyle, prefix, shown
from kubectl_marianne.log_reading import Asked, chosen
from kubectl_marianne.reading import Score
from marianne_client.follow import LogLine

LINE = LogLine(3, 2, "song-s3-a2", "hello", "2026-11-24T12:00:00.1Z", "pod", initial=True)
PLACE = {"stage": 2, "instance": 1, "fan_count": 3}
NAMED = Score({"sheets": [{}, {}, PLACE], "stage_names": {"2": "draft"}})
NAMELESS = Score({"sheets": [{}, {}, PLACE]})
ALONE = Score({"sheets": [{}, {}, PLACE | {"fan_count": 1}], "stage_names": {"2": "draft"}})


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (NAMED, "[3 draft.v1 a2]"),
        (NAMELESS, "[3 v1 a2]"),
        (ALONE, "[3 draft a2]"),
        (Score({}), "[3 a2]"),
    ],
)
def test_the_prefix_names_sheet_movement_and_attempt(score: Score, told: str) -> None:
    assert prefix(LINE, score) == told
    assert prefix(replace(LINE, source="tail"), score) == told.replace("a2]", "a2 tail]")


def test_nothing_that_a_terminal_obeys_is_passed_on() -> None:
    hostile = replace(LINE, text="\x1b]0;mine\x07a\x1b[2Jb\u202ec\x1b[31mred")
    assert shown(hostile, Score({}), LogStyle(prefix=False), colours=False) == "abcred"
    coloured = shown(hostile, Score({}), LogStyle(prefix=False), colours=True)
    assert coloured == "abc\x1b[31mred\x1b[0m"
    evil = Score({"sheets": [{}, {}, PLACE], "stage_names": {"2": "x\x1b[2Jy"}})
    assert shown(LINE, evil, LogStyle(), colours=False) == "[3 xy.v1 a2] hello"


def test_what_stands_before_a_line_is_chosen() -> None:
    assert shown(LINE, NAMED, LogStyle(timestamps=True), colours=False) == (
        "[3 draft.v1 a2] 2026-11-24T12:00:00.1Z hello"
    )
    assert shown(LINE, NAMED, LogStyle(prefix=False), colours=True) == "hello"


def test_sheets_are_chosen_by_number_and_state() -> None:
    status = {
        "sheets": [
            {"num": 1, "state": "completed", "attempt": 1},
            {"num": 2, "state": "failed", "attempt": 3},
            {"num": 3, "state": "pending"},
        ]
    }
    every = Asked(frozenset(), False, None, False, False, None, None)
    assert chosen(status, every) == {1: 1, 2: 3, 3: 0}
    assert chosen(status, replace(every, failed=True)) == {2: 3}
    assert chosen(status, replace(every, sheets=frozenset({1}))) == {1: 1}
    assert chosen({}, every) == {}
