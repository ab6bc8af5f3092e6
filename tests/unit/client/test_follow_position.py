"""Where a log was left off, and what of it comes again."""

import pytest

from marianne_client.follow_position import Position, split, stamp_of


@pytest.mark.parametrize(
    ("time", "stamp"),
    [
        ("2026-11-24T10:00:00.000000001Z", (1795514400, 1)),
        ("2026-11-24T10:00:00.5Z", (1795514400, 500_000_000)),
        ("2026-11-24T10:00:00Z", (1795514400, 0)),
        ("2026-11-24T12:00:00.123456789+02:00", (1795514400, 123_456_789)),
        ("2026-11-24T10:00:00", None),
        ("2026-11-24 10:00:00.5Z", None),
        ("unable", None),
        ("2026-99-24T10:00:00.5Z", None),
        ("2026-11-24T10:00:00.٣Z", None),
        ("", None),
    ],
)
def test_times_as_nodes_write_them(time: str, stamp: tuple[int, int] | None) -> None:
    assert stamp_of(time) == stamp


@pytest.mark.parametrize("text", ["", " ", "  two blanks", "2026-11-24T10:00:00Z", "tab\tand \x85 \u2028 more"])
def test_the_containers_text_is_kept_as_it_is(text: str) -> None:
    parts = split(f"2026-11-24T10:00:00.5Z {text}")
    assert parts is not None
    assert parts[2] == text


def test_a_clock_that_is_set_back_hides_no_line() -> None:
    position = Position()
    for stamp in ((10, 0), (5, 0)):
        position.advance(stamp)
    replay = position.replay()
    assert [replay.is_new(stamp) for stamp in ((5, 0), (6, 0), (3, 0))] == [False, True, True]


def test_lines_that_share_a_time_are_counted() -> None:
    position = Position()
    for stamp in ((1, 1), (1, 2), (1, 2)):
        position.advance(stamp)
    replay = position.replay()
    assert [replay.is_new(stamp) for stamp in ((1, 1), (1, 2), (1, 2), (1, 2), (1, 2))] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_nothing_read_yet_means_that_all_is_new() -> None:
    assert Position().replay().is_new((0, 0))
