"""Both jobs are followed to their ends, on a terminal and in a pipe."""

import io

import pytest
from rich.console import Console

from dev.cluster.progress import SetupError
from dev.demo.follow import Clock, follow
from dev.demo.jobs import demo_jobs

JOBS = demo_jobs()
RUNNING = {"phase": "Running", "progress": "0/5", "sheets": [{"num": 1, "state": "dispatched", "attempt": 1}]}
WAITING = {"phase": "Waiting", "waiting": {"reason": "ImagePull", "message": "no such image"}}
DONE = {"phase": "Completed", "sheets": [{"num": 1, "state": "completed", "attempt": 1}]}


class HandClock:
    def __init__(self):
        self.at = 0.0

    def clock(self):
        return Clock(lambda: self.at, self.wait)

    def wait(self, seconds):
        self.at += seconds


def in_turn(*answers):
    rest = list(answers)
    return lambda: rest.pop(0) if len(rest) > 1 else rest[0]


def both(hello, review):
    return {"hello": hello, "review": review}


def terminal(file):
    return Console(file=file, force_terminal=True, width=140)


def test_until_both_have_ended(capsys):
    read = in_turn({}, both(RUNNING, RUNNING), both(DONE, RUNNING), both(DONE, DONE))
    hand = HandClock()
    assert follow(JOBS, read, 60, Console(file=io.StringIO()), hand.clock()) == both(DONE, DONE)
    assert hand.at == 1.5
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[2:6] for line in told] == [
        ["hello", "1", "Theme", "dispatched"],
        ["review", "1", "Inventory", "dispatched"],
        ["hello", "1", "Theme", "completed"],
        ["review", "1", "Inventory", "completed"],
    ]


def test_a_failed_job_has_ended_too():
    read = in_turn(both({"phase": "Failed"}, {"phase": "Refused"}))
    assert follow(JOBS, read, 60, Console(file=io.StringIO()), HandClock().clock())["hello"]["phase"] == "Failed"


def test_the_deadline_says_what_each_job_waits_for():
    with pytest.raises(SetupError) as told:
        follow(JOBS, in_turn(both(WAITING, DONE)), 10, Console(file=io.StringIO()), HandClock().clock())
    assert "hello: Waiting  ImagePull: no such image" in str(told.value)
    assert "review: Completed" in str(told.value)


def test_a_terminal_gets_one_table_painted_over(capsys):
    screen = io.StringIO()
    follow(JOBS, in_turn(both(RUNNING, RUNNING), both(DONE, DONE)), 60, terminal(screen), HandClock().clock())
    shown = screen.getvalue()
    for word in ("instrument", "Variations 2/3", "scripted-agent", "dispatched", "completed", "\x1b["):
        assert word in shown
    assert capsys.readouterr().out == ""


def test_a_narrow_terminal_still_tells_why_a_job_waits():
    screen = io.StringIO()
    narrow = Console(file=screen, force_terminal=True, width=80)
    follow(JOBS, in_turn(both(WAITING, RUNNING), both(DONE, DONE)), 60, narrow, HandClock().clock())
    assert "hello: Waiting  ImagePull: no such image" in screen.getvalue()
