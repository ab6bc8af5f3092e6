"""What a newcomer sees of a running job."""

from dev.demo import picture
from dev.demo.jobs import demo_jobs

HELLO, REVIEW = demo_jobs()


def rows(*items, **status):
    return picture.rows("hello", HELLO.score, {"sheets": list(items), **status})


def item(num, state="completed", **fields):
    return {"num": num, "state": state, "attempt": 1, "instrument": "cli", **fields}


def test_every_sheet_has_a_row_before_the_operator_has_seen_the_job():
    assert [(row.sheet, row.state, row.instrument) for row in rows()] == [
        ("1 Theme", "pending", "cli"),
        ("2 Variations 1/3", "pending", "cli"),
        ("3 Variations 2/3", "pending", "cli"),
        ("4 Variations 3/3", "pending", "cli"),
        ("5 Finale", "pending", "cli"),
    ]


def test_an_alias_is_shown_by_the_instrument_that_it_means():
    assert {row.instrument for row in picture.rows("review", REVIEW.score, {})} == {"scripted-agent"}


def test_checks_are_those_that_hold_of_those_that_apply():
    finale = rows(item(5, passedValidations=["a", "b"]))[4]
    assert finale.checks == "2/2"
    once = rows(item(5, "retry_scheduled", passedValidations=["a"], failedValidations=["All three voices"]))[4]
    assert (once.checks, once.remark) == ("1/2", "not yet: All three voices")
    assert rows(item(5, "dispatched"))[4].checks == ""


def test_duration_and_attempts():
    row = rows(item(1, executionDurationSeconds=1.234))[0]
    assert (row.attempts, row.duration) == ("1", "1.2 s")


def test_a_line_for_each_change_and_none_for_what_stayed():
    before = rows(item(1, "dispatched"))
    after = rows(item(1), item(2, "dispatched"))
    told = list(picture.lines(before, after))
    assert [line.split()[:4] for line in told] == [
        ["hello", "1", "Theme", "completed"],
        ["hello", "2", "Variations", "1/3"],
    ]
    assert list(picture.lines(after, after)) == []


def test_a_new_attempt_is_a_change_though_the_state_is_the_same():
    before, after = rows(item(1, "dispatched")), rows({**item(1, "dispatched"), "attempt": 2})
    assert len(list(picture.lines(before, after))) == 1


def test_pending_sheets_are_not_told_of():
    assert list(picture.lines([], rows())) == []


def test_the_end_and_its_kinds():
    assert [picture.ended({"phase": phase}) for phase in ("Completed", "Failed", "Refused", "Cancelled")] == [True] * 4
    assert [picture.ended(status) for status in ({}, {"phase": "Running"}, {"phase": "Waiting"})] == [False] * 3
    assert [picture.completed({"phase": phase}) for phase in ("Completed", "Failed")] == [True, False]


def test_the_summary_says_what_a_job_waits_for_or_why_it_failed():
    waiting = {"reason": "InstrumentNotFound", "message": "no Instrument"}
    assert picture.summary({"phase": "Waiting", "progress": "0/5", "waiting": waiting}) == (
        "Waiting  0/5  InstrumentNotFound: no Instrument"
    )
    failed = {"phase": "Failed", "conditions": [{"type": "Succeeded", "message": "sheet 1: no"}]}
    assert picture.summary(failed) == "Failed  sheet 1: no"
    assert picture.summary({}) == "not seen yet"


def test_totals_tell_tokens_only_where_there_were_any():
    assert picture.totals({"progress": "5/5", "totalRetries": 1}) == "5/5 sheets, 1 try repeated"
    assert picture.totals({"progress": "8/8", "totalInputTokens": 9, "totalOutputTokens": 2}) == (
        "8/8 sheets, 0 tries repeated, 9 tokens in, 2 out"
    )
