"""Lines, times and the decision how plain the output has to be."""

import json

import pytest

from kubectl_marianne.changes import job_changes, row_changes
from kubectl_marianne.lines import Line, Span, fit, grid, line, plain
from kubectl_marianne.output import Screen, screen, show, show_objects, unicode_wanted
from kubectl_marianne.times import clock, duration, since, until
from tests.unit.cli_read.samples import NOW, job, row, sheet

TERMINAL = {"TERM": "xterm", "LANG": "en_US.UTF-8"}
HOSTILE = "\x1b]0;owned\x07red\x1b[31m\u202etxt\x9b2J\r\nnext\tcell"


def texts(lines: list[Line]) -> list[str]:
    return [plain(each) for each in lines]


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    assert plain(line("a ", Span(HOSTILE, "red"))) == "a redtxt next cell"
    assert texts(grid([["x", HOSTILE]], None, "…", [])) == ["x  redtxt next cell"]


def test_columns_give_way_in_the_order_given() -> None:
    rows = [["NAME", "WHY", "N"], ["a" * 20, "b" * 30, "1"]]
    assert texts(grid(rows, 45, "…", [1, 0]))[1] == f"{'a' * 20}  {'b' * 19}…  1"
    assert texts(grid(rows, 30, "…", [1, 0]))[1] == f"{'a' * 16}…  {'b' * 7}…  1"
    assert texts(grid(rows, None, "…", [1, 0]))[1] == f"{'a' * 20}  {'b' * 30}  1"


def test_a_wide_character_is_not_cut_in_half() -> None:
    assert plain(fit(line("日本語"), 4, "…")) == "日 …"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "-"), (-3, "0s"), (59.9, "59s"), (190, "3m10s"), (720, "12m"), (3720, "1h02m"), (90000, "1d01h")],
)
def test_durations(seconds: float | None, told: str) -> None:
    assert duration(seconds) == told


def test_times_are_of_the_reader_s_zone_and_day() -> None:
    assert clock("2026-11-24T14:05:00+00:00", NOW) == "14:05"
    assert clock("2026-11-25T14:05:00Z", NOW) == "11-25 14:05"
    assert until("2026-11-24T13:00:00Z", NOW) == "until 13:00"
    assert (since("not a time", NOW), until(None, NOW), clock("", NOW)) == ("-", "", "")


@pytest.mark.parametrize(
    ("environ", "size", "no_color", "fancy", "redraws"),
    [
        (TERMINAL, (80, 24), False, True, True),
        (TERMINAL, None, False, False, False),
        (TERMINAL, (80, 24), True, False, True),
        ({**TERMINAL, "NO_COLOR": "1"}, (80, 24), False, False, True),
        ({**TERMINAL, "NO_COLOR": ""}, (80, 24), False, True, True),
        ({**TERMINAL, "TERM": "dumb"}, (80, 24), False, False, False),
        ({**TERMINAL, "LANG": "C"}, (80, 24), False, False, True),
    ],
)
def test_who_gets_colours_and_signs(
    environ: dict[str, str], size: tuple[int, int] | None, no_color: bool, fancy: bool, redraws: bool
) -> None:
    found = screen(environ, size, "utf-8", no_color=no_color)
    assert (found.fancy, found.redraws, found.width) == (fancy, redraws, size and size[0])


@pytest.mark.parametrize(
    ("environ", "encoding", "wanted"),
    [
        ({"LANG": "C.UTF-8"}, "utf-8", True),
        ({"LANG": "C", "LC_ALL": "en_US.utf8"}, "utf-8", True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "utf-8", False),
        ({"LC_CTYPE": "C.UTF-8"}, "utf-8", False),  # set by Python itself, for want of any locale
        ({"LC_CTYPE": "de_DE.UTF-8", "LANG": "C"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-1"}, "iso-8859-1", False),
        ({}, "utf-8", False),
    ],
)
def test_what_the_locale_says(environ: dict[str, str], encoding: str, wanted: bool) -> None:
    assert unicode_wanted(environ, encoding) is wanted


def test_markup_of_others_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    show([line("[red]a[/] :smile: http://x", Span("b", "bold"))], Screen(80, 24, fancy=True, redraws=True))
    assert capsys.readouterr().out == "[red]a[/] :smile: http://xb\n"


def test_objects_are_printed_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    body = {"metadata": {"name": "a"}, "status": {"message": "ü \x1b \u202e"}}
    for output in ("json", "yaml"):
        show_objects(output, [body], one=True)
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "\x1b" not in printed
    show_objects("json", [body, body], one=False)
    assert json.loads(capsys.readouterr().out)["items"] == [body, body]
    show_objects("name", [body], one=True)
    assert capsys.readouterr().out == "mariannejob.marianne.dev/a\n"


def test_a_pipe_is_told_only_what_changed() -> None:
    first = job("Running", sheet(1, "in_progress", attempt=1), sheet(2), progress="0/2")
    assert texts(job_changes(None, first)) == ["sheet 1 in_progress attempt 1", "review-k2 Running"]
    second = job("Failed", sheet(1, "failed", attempt=1, errorMessage="exit 3"), sheet(2), progress="0/2")
    assert texts(job_changes(first, second)) == ["sheet 1 failed attempt 1: exit 3", "review-k2 Failed 0/2"]
    assert job_changes(second, second) == []
    again = job("Running", sheet(1, "in_progress", attempt=2), sheet(2), progress="0/2")
    assert texts(job_changes(first, again)) == ["sheet 1 in_progress attempt 2"]


def test_a_pipe_is_told_of_sheets_that_were_asked_for_and_of_what_became_of_them() -> None:
    failed = job("Running", sheet(1, "failed", attempt=1, errorMessage="exit 3"), sheet(2, "in_progress", attempt=1))
    again = job("Running", sheet(1, "in_progress", attempt=2), sheet(2, "completed", attempt=1))
    only_failed = lambda each: each["state"] == "failed"  # noqa: E731
    assert texts(job_changes(None, failed, only_failed)) == ["sheet 1 failed attempt 1: exit 3", "review-k2 Running"]
    assert texts(job_changes(failed, again, only_failed)) == ["sheet 1 in_progress attempt 2"]


def test_a_pipe_is_told_which_jobs_changed() -> None:
    before, after = row("a"), row("a", "Waiting", waiting_reason="ImagePull")
    gone = row("b")
    told = row_changes({("default", "a"): before, ("default", "b"): gone}, {("default", "a"): after})
    assert texts(told) == ["default/a Waiting 7/12: ImagePull", "default/b deleted"]


def test_a_job_that_is_no_more_what_was_asked_for_is_not_called_deleted() -> None:
    failed, running = row("a", "Failed"), row("a", "Running")
    before = {("default", "a"): failed, ("default", "b"): row("b", "Running"), ("default", "c"): row("c", "Running")}
    after = {("default", "a"): running, ("default", "b"): row("b", "Waiting")}
    told = row_changes(before, after, lambda each: each.phase == "Failed")
    assert texts(told) == ["default/a Running 7/12"]
