"""A hostile score costs its author: the child dies, its caller hears why, and the next one is served."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_asyncio

from marianne_operator.score import sandbox as module
from marianne_operator.score.compile import compile_source
from marianne_operator.score.lint.findings import Finding
from marianne_operator.score.lint.text import lint, warnings
from marianne_operator.score.refused import ScoreRefusedError
from marianne_operator.score.sandbox import Sandbox
from tests.unit.score.given import tree
from tests.unit.score.test_load import BOMB, SMALL

SLOW = SMALL.replace("play}", "play, variables: {a: [" + 20_000 * "1," + "]}}")
"""A fifth of a second of work, all of it allowed."""


@pytest.fixture
async def sandbox():
    async with Sandbox() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared():
    """For tests that leave the server as it is: to start one costs half a second."""
    async with Sandbox() as opened:
        yield opened


def children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.002)


def server_of(opened: Sandbox) -> int:
    assert opened._server is not None
    return opened._server.pid


async def kill_child(opened: Sandbox, but: int = 0) -> int:
    """SIGKILL for the child that is at work, once there is another than `but`."""
    await until(lambda: set(children(server_of(opened))) - {but})
    (child,) = set(children(server_of(opened))) - {but}
    os.kill(child, signal.SIGKILL)
    return child


async def refusal(opened: Sandbox, source: object) -> tuple[str, str]:
    with pytest.raises(ScoreRefusedError) as refused:
        await opened.compile(source)  # type: ignore[arg-type]
    return refused.value.reason, refused.value.message


@pytest.mark.asyncio(loop_scope="module")
async def test_text_and_tree_come_back_compiled(shared):
    assert await shared.compile(SMALL) == compile_source(SMALL) | {"warnings": warnings(lint(SMALL))}
    assert await shared.compile(tree()) == compile_source(tree())


@pytest.mark.asyncio(loop_scope="module")
async def test_findings_come_back_as_they_are(shared):
    for text in (SMALL, SMALL + "titel: x\n", "name: [", ""):
        assert await shared.lint(text) == lint(text) != []


async def test_what_befalls_the_child_is_a_finding(sandbox):
    task = asyncio.create_task(sandbox.lint(SLOW))
    await kill_child(sandbox, but=await kill_child(sandbox))
    assert await task == [Finding("K003", "error", module.SILENT, "score")]


@pytest.mark.asyncio(loop_scope="module")
async def test_an_answer_is_the_callers_own(shared):
    (await shared.compile(SMALL))["sheets"].clear()
    assert (await shared.compile(SMALL))["total_sheets"] == len((await shared.compile(SMALL))["sheets"]) == 3


def deep_tree():
    made = {}
    for _ in range(100_000):
        made = {"a": made}
    return made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        (BOMB, "ScoreInvalid", "anchors and aliases"),
        (100_000 * "[", "ScoreTooLarge", "nested deeper than 64"),
        (deep_tree(), "ScoreTooLarge", "nested too deeply"),
        (600_000 * "x", "ScoreTooLarge", "longer than 524288 bytes"),
        (SMALL.replace("play", "'{{ \"a\" * 3000000000 }}'"), None, ""),
        (SMALL.replace("size: 1, total_items: 3", "size: 1, total_items: 1000000000"), "ScoreTooLarge", "sheets"),
        ("name: \ud800", "ScoreInvalid", "not YAML"),
        (tree(name="\ud800"), "ScoreInvalid", "name: is not valid Unicode"),
        ("", "ScoreInvalid", "empty"),
    ],
    ids=["bomb", "deep", "deep tree", "long", "template", "sheets", "surrogate", "surrogate in a tree", "empty"],
)
async def test_hostile_scores_meet_the_loader_and_not_the_limits(shared, source, reason, words):
    if reason is None:
        assert (await shared.compile(source))["total_sheets"] == 3
    else:
        told = await refusal(shared, source)
        assert told[0] == reason and words in told[1]


@pytest.mark.asyncio(loop_scope="module")
async def test_fifty_at_once(shared):
    scores = [SMALL.replace("song", f"song{number}") for number in range(50)]
    made = await asyncio.gather(*(shared.compile(each) for each in scores))
    assert [each["name"] for each in made] == [f"song{number}" for number in range(50)]


async def test_few_children_at_a_time(sandbox, monkeypatch):
    begun = []
    ask = sandbox._ask

    async def counted(question):
        begun.append(question)
        return await ask(question)

    monkeypatch.setattr(sandbox, "_ask", counted)
    os.kill(server_of(sandbox), signal.SIGSTOP)
    tasks = [asyncio.create_task(sandbox.compile(f"{SMALL}# {number}")) for number in range(6)]
    await until(lambda: len(begun) >= module.AT_ONCE)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(begun) == module.AT_ONCE
    os.kill(server_of(sandbox), signal.SIGCONT)
    await asyncio.gather(*tasks)
    assert len(begun) == 6


async def test_what_was_answered_is_not_asked_again(sandbox):
    first = await sandbox.compile(SLOW)
    refused = await refusal(sandbox, "name: [")
    os.kill(server_of(sandbox), signal.SIGSTOP)  # nobody could answer
    assert await sandbox.compile(SLOW) == first
    assert await refusal(sandbox, "name: [") == refused


async def test_the_least_lately_used_answer_goes_first(sandbox, monkeypatch):
    one, two, three = (SMALL.replace("song", name) for name in ("one1", "two2", "tri3"))
    await sandbox.compile(one)
    monkeypatch.setattr(module, "REMEMBERED", 5 * len(json.dumps(compile_source(one))) // 2)
    await sandbox.compile(two)
    await sandbox.compile(one)
    await sandbox.compile(three)
    os.kill(server_of(sandbox), signal.SIGSTOP)
    assert (await sandbox.compile(one))["name"] == "one1"
    assert (await sandbox.compile(three))["name"] == "tri3"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await sandbox.compile(two)


async def test_a_child_that_is_killed_is_followed_by_another(sandbox):
    task = asyncio.create_task(sandbox.compile(SLOW))
    await kill_child(sandbox)
    assert (await task)["total_sheets"] == 3


async def test_two_killed_children_are_a_refusal_that_is_not_remembered(sandbox):
    task = asyncio.create_task(refusal(sandbox, SLOW))
    first = await kill_child(sandbox)
    await kill_child(sandbox, but=first)
    assert await task == ("ScoreTooLarge", module.SILENT)
    assert (await sandbox.compile(SLOW))["total_sheets"] == 3


async def test_a_dead_server_is_started_again(sandbox):
    await sandbox.compile(SMALL)
    for number in range(2):
        os.kill(server_of(sandbox), signal.SIGKILL)
        assert (await sandbox.compile(f"{SMALL}# {number}"))["name"] == "song"


async def test_a_server_that_dies_at_work_is_started_again(sandbox):
    task = asyncio.create_task(sandbox.compile(SLOW))
    await until(lambda: children(server_of(sandbox)))
    dead = server_of(sandbox)
    (child,) = children(dead)
    os.kill(dead, signal.SIGKILL)
    await until(lambda: sandbox._server.poll() is not None)
    os.kill(child, signal.SIGKILL)
    assert (await task)["total_sheets"] == 3
    assert server_of(sandbox) != dead


async def test_a_hanging_child_is_given_up(sandbox, monkeypatch):
    await sandbox.compile(SMALL)
    monkeypatch.setattr(module, "WALL_SECONDS", 0.2)
    os.kill(server_of(sandbox), signal.SIGSTOP)
    assert await refusal(sandbox, SMALL + "# new") == ("ScoreTooLarge", module.SILENT)


async def test_a_caller_that_gives_up_leaves_its_slot(sandbox):
    for number in range(3 * module.AT_ONCE):
        task = asyncio.create_task(sandbox.compile(f"{SLOW}# {number}"))
        await until(lambda: children(server_of(sandbox)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(60):
        assert (await sandbox.compile(SMALL))["name"] == "song"


async def test_children_end_without_a_word(capfd):
    async with Sandbox() as opened:
        await opened.compile(SMALL)
        await refusal(opened, "name: [")
        await until(lambda: not children(server_of(opened)))
    assert capfd.readouterr().err == ""


async def test_the_server_ends_with_its_operator():
    async with Sandbox() as opened:
        await opened.compile(SMALL)
        server = server_of(opened)
    assert not Path(f"/proc/{server}").exists()
    ours, theirs = socket.socketpair()
    with theirs:
        alone = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module.SERVER, str(theirs.fileno()), pass_fds=[theirs.fileno()]
        )
    ours.close()
    async with asyncio.timeout(20):
        assert await alone.wait() == 0


CHILD = """
import signal, sys
from marianne_operator.score import sandbox_server
{setting}
sandbox_server._child(int(sys.argv[1]))
"""


def ask_a_child(question: bytes, setting: str = "") -> tuple[bytes, str]:
    """The answer of one child with its limits, and what it says to its log; `setting` is Python, run before."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-c", CHILD.format(setting=setting), str(theirs.fileno())]
        child = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, text=True)
    with ours, ours.makefile("rb") as lines:
        ours.sendall(question)
        ours.shutdown(socket.SHUT_WR)
        answer = lines.read()
    return answer, child.communicate()[1]


BIG = SMALL.replace("play}", "play, variables: {a: [" + 190_000 * "1," + "]}}")


def question(source: object, asked: str = "compiled") -> bytes:
    return json.dumps({"asked": asked, "score": source}).encode() + b"\n"


BIG_QUESTION = question(BIG)


def test_the_largest_scores_stay_within_the_limits():
    answer, _ = ask_a_child(BIG_QUESTION)
    assert json.loads(answer)["compiled"]["total_sheets"] == 3
    answer, _ = ask_a_child(question(BIG, "findings"))
    assert [found["check_id"] for found in json.loads(answer)["findings"]] == ["V203"]


@pytest.mark.parametrize(
    ("setting", "limit"),
    [
        ("sandbox_server.MEMORY = 64 << 20", "64 MiB of memory"),
        ("sandbox_server.CPU_SECONDS = 1", "1 s of processor time"),
    ],
)
def test_a_child_that_takes_too_much_says_so(setting, limit):
    answer, log = ask_a_child(BIG_QUESTION, setting)
    why = f"reading the score takes more than {limit}; make it smaller or simpler"
    assert json.loads(answer) == {"refused": "ScoreTooLarge", "message": why}
    assert log == ""


def test_a_child_that_waits_too_long_is_killed():
    waits = "sandbox_server.WALL_SECONDS = 1; sandbox_server.compile_source = lambda source: signal.pause()"
    assert ask_a_child(question("x"), waits) == (b"", "")


def test_what_was_not_foreseen_is_one_scores_trouble():
    answer, log = ask_a_child(question("x"), "sandbox_server.compile_source = lambda source: 1 // 0")
    told = json.loads(answer)
    assert told["refused"] == "ScoreInvalid"
    assert "ZeroDivisionError" in told["message"]
    assert "Traceback" in log


def test_a_question_that_was_cut_short_is_not_answered():
    assert ask_a_child(b'"x"') == (b"", "")
