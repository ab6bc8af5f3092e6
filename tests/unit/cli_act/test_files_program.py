"""What the reader Pod runs, run here, and what the other end makes of it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from kubectl_marianne import files_program
from kubectl_marianne.files_answer import listing, unpack
from kubectl_marianne.files_pod import ReaderError, receive
from kubectl_marianne.files_reader import program
from kubectl_marianne.lines import plain


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "parts").mkdir(parents=True)
    (root / "parts" / "one.bin").write_bytes(bytes(range(256)) * 50)
    (root / "report.md").write_text("# Report\n\nno end of line")
    (root / ".marianne").mkdir()
    (root / ".marianne" / "1.json").write_text("{}")
    (tmp_path / "secret").write_text("not yours")
    (root / "way-out").symlink_to(tmp_path / "secret")
    return root


def run(root: Path, *arguments: str) -> list[str]:
    """As the Pod does."""
    command = [sys.executable, "-I", "-c", program(), str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


async def received(lines: Sequence[str]) -> io.BytesIO:
    async def given() -> AsyncIterator[str]:
        for line in lines:
            yield line

    into = io.BytesIO()
    await receive(given(), into)
    into.seek(0)
    return into


async def test_a_file_comes_byte_for_byte(root: Path) -> None:
    assert (await received(run(root, "cat", "parts/one.bin"))).read() == bytes(range(256)) * 50
    assert (await received(run(root, "cat", "/report.md"))).read() == b"# Report\n\nno end of line"


async def test_a_list_tells_every_entry_but_the_ledger(root: Path) -> None:
    entries = [json.loads(line) for line in await received(run(root, "ls", ""))]
    told = {each["path"]: (each["kind"], each["size"]) for each in entries if each["kind"] == "file"}
    assert told == {"parts/one.bin": ("file", 12800), "report.md": ("file", 24)}
    assert [plain(line) for line in listing(entries)] == [
        "SIZE   PATH",
        "-      parts/",
        "12800  parts/one.bin",
        "24     report.md",
        str(len(str((root / "way-out").readlink()))).ljust(5) + "  way-out@",
    ]
    only = [json.loads(line)["path"] for line in await received(run(root, "ls", "parts"))]
    assert only == ["parts/one.bin"]


async def test_a_folder_is_copied_and_links_out_of_it_are_left_out(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "here"
    written = unpack(await received(run(root, "cp", "")), target)
    assert sorted(written) == [str(target / "parts/one.bin"), str(target / "report.md")]
    assert (target / "parts" / "one.bin").read_bytes() == (root / "parts" / "one.bin").read_bytes()
    assert not (target / ".marianne").exists()
    assert not (target / "way-out").exists()
    assert "left out: " in capsys.readouterr().err
    assert unpack(await received(run(root, "cp", "parts")), target) == [str(target / "parts/one.bin")]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("cat", "none.md"), "none.md: no such file in the workspace"),
        (("cat", "../secret"), "../secret: it leads out of the workspace"),
        (("cat", "way-out"), "way-out: it leads out of the workspace"),
        (("cat", "parts"), "parts: it is no regular file"),
    ],
)
async def test_what_cannot_be_read_is_said(root: Path, arguments: tuple[str, str], why: str) -> None:
    with pytest.raises(ReaderError, match=why):
        await received(run(root, *arguments))


async def test_what_is_too_much_for_a_log_is_refused_before_a_byte_is_sent(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_program, "LARGEST", 100)
    said: list[str] = []
    with pytest.raises(ValueError, match="too much"):
        files_program.answer(root, "cp", "", said.append)
    assert said == []


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda lines: lines[1:], "differs"),
        (lambda lines: lines[:-1], "ended before"),
        (lambda _: ["Traceback: python3 is not there"], "the reader Pod says: Traceback"),
    ],
)
async def test_an_answer_that_lost_something_is_no_answer(root: Path, spoil, why: str) -> None:
    lines = run(root, "cat", "parts/one.bin")
    with pytest.raises(ReaderError, match=why):
        await received(spoil(lines))


async def test_evidence_of_a_sheet_is_a_line_for_each_attempt(tmp_path: Path) -> None:
    """Whatever an agent put into the ledger in its place is not followed, and not waited for."""
    sheet = tmp_path / "u-1" / "s3"
    for number in (10, 2, 1):
        folder = sheet / f"a{number}"
        folder.mkdir(parents=True)
        (folder / "prompt").write_text(f"prompt {number}")
    (sheet / "a2" / "verdict").write_text('{"outcome": "failed"}')
    (sheet / "a2" / "stdout").write_bytes(b"\xff" + b"x" * (2 << 20))
    (sheet / "a10" / "verdict").write_text("[")
    (tmp_path / "secret").write_text("not yours")
    (sheet / "a10" / "stdout").symlink_to(tmp_path / "secret")
    os.mkfifo(sheet / "a10" / "stderr")
    told = [json.loads(line) for line in await received(run(tmp_path, "evidence", "u-1/s3"))]
    assert [each["attempt"] for each in told] == [1, 2, 10]
    assert told[0]["files"] == {"prompt": {"size": 8, "text": "prompt 1"}}
    assert told[1]["files"]["verdict"] == {"outcome": "failed"}
    assert (told[1]["files"]["stdout"]["size"], told[1]["files"]["stdout"]["text"][:2]) == (1 << 20, "\ufffdx")
    assert told[2]["files"] == {"prompt": {"size": 9, "text": "prompt 10"}, "verdict": {}}


@pytest.mark.parametrize("path", ["u-1/s4", "../secret", "u-2/s3"])
def test_of_a_sheet_without_attempts_there_is_no_evidence(root: Path, path: str) -> None:
    assert run(root, "evidence", path) == ["! the ledger holds no attempt of this sheet"]
