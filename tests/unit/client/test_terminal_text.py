"""What a hostile container or name may show on a terminal: text, and nothing that the terminal obeys."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marianne_client.terminal_text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ♪ 日本語 text", "plain ♪ 日本語 text"),
        ("tab\tstays", "tab\tstays"),
        ("\x1b]0;a title\x07after", "after"),
        ("\x1b]8;;http://bad\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0gLXJm\x9cx", "x"),
        ("\x9d0;c1 title\x9cafter", "after"),
        ("\x1bP1$r0m\x1b\\after", "after"),
        ("\x1b[2J\x1b[1;1Hover", "over"),
        ("\x9b2Jover", "over"),
        ("real\rfake", "realfake"),
        ("a\x08b\x7fc\x00d", "abcd"),
        ("two\nlines\u2028more", "twolinesmore"),
        ("abc\u202etxt.exe\u2066x\u061c", "abctxt.exex"),
        ("red \x1b[31mred\x1b[0m", "red red"),
        ("cut \x1b[", "cut "),
        ("cut \x1b", "cut "),
        ("lone \ud800", "lone "),
        ("\x1b\x1b[31mx", "x"),
        ("\x1b]0;no end \x1b[31mx", "x"),
    ],
)
def test_only_text_is_left(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m\x1b[0m"),
        ("\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx\x1b[0m"),
        ("\x1b[2Jx\x1b[?25l", "x"),
        ("\x1b[31", ""),
        ("\x1b[>4;2mx", "x"),
        ("plain", "plain"),
    ],
)
def test_colours_may_stay_and_end_with_the_text(text: str, shown: str) -> None:
    assert visible(text, colours=True) == shown


PIECES = st.sampled_from(
    ["\x1b", "[", "]", "\x9b", "\x9d", "\x07", "\\", "0", ";", "m", "A", "\n", "\r", "\u202e", "é"]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=20).map("".join))
def test_no_control_is_left_whatever_comes(text: str) -> None:
    shown = visible(text)
    assert not [char for char in shown if unicodedata.category(char) == "Cc" and char != "\t"]
    coloured = visible(text, colours=True)
    assert visible(coloured) == shown
