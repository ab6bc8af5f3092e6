"""The scripted agent does what its prompt says, says what it did, and fails as it is told to."""

import json
import signal
import subprocess
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "images" / "agent" / "scripted_agent.py"


def load():
    spec = spec_from_file_location("scripted_agent", PROGRAM)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


agent = load()


def script(*lines: str) -> str:
    return "\n".join(("Please review the change.", "", "```script", *lines, "```", "", "Be thorough."))


def play(prompt: str, folder: Path):
    slept: list[float] = []
    code, document = agent.answer(prompt, folder, slept.append)
    return code, document, slept


def test_writes_files_with_their_folders_and_appends(tmp_path):
    code, document, _ = play(
        script("@write notes/a.md", "# A", "", "text", "@end", "@append notes/a.md", "more", "@end", "@say done"),
        tmp_path,
    )
    assert code == 0
    assert (tmp_path / "notes" / "a.md").read_text() == "# A\n\ntext\nmore\n"
    assert document["result"] == "done"
    assert "error" not in document


def test_write_replaces_what_was_there(tmp_path):
    (tmp_path / "a").write_text("old\nold\n")
    play(script("@write a", "new", "@end"), tmp_path)
    assert (tmp_path / "a").read_text() == "new\n"


def test_includes_what_others_wrote(tmp_path):
    (tmp_path / "part.md").write_text("one\ntwo\n")
    play(script("@write whole.md", "before", "@include part.md", "after", "@end"), tmp_path)
    assert (tmp_path / "whole.md").read_text() == "before\none\ntwo\nafter\n"


def test_a_missing_input_is_an_error_that_names_it_and_writes_nothing(tmp_path):
    code, document, _ = play(script("@write whole.md", "@include part.md", "@end"), tmp_path)
    assert code == agent.UNABLE
    assert "part.md" in document["error"]["message"]
    assert not (tmp_path / "whole.md").exists()


@pytest.mark.parametrize("fence", ["@end\n```\nno more", "```\n@end\n"])
def test_text_may_hold_what_looks_like_the_end_of_the_script(fence, tmp_path):
    text = "```python\nprint()\n```"
    code, _, _ = play(f"```script\n@write a.md\n{text}\n@end\n```\n", tmp_path)
    assert code == 0
    assert (tmp_path / "a.md").read_text() == text + "\n"


def test_prose_is_no_instruction(tmp_path):
    code, document, _ = play("Do this:\n@write a.md\nx\n@end\n", tmp_path)
    assert (code, list(tmp_path.glob("*.md"))) == (0, [])
    assert document["result"] == "Nothing to be said."


def test_fails_with_the_code_and_keeps_what_was_done_before(tmp_path):
    code, document, _ = play(script("@write a", "x", "@end", "@fail 7 no credits left", "@say never"), tmp_path)
    assert code == 7
    assert document["error"] == {"message": "no credits left"}
    assert (tmp_path / "a").exists()
    assert "never" not in document["result"]


def test_sleeps_as_long_as_it_says(tmp_path):
    assert play(script("@sleep 1.5"), tmp_path)[2] == [1.5]


def test_conditions_count_the_tries_of_one_script(tmp_path):
    prompt = script("@before 3 write a", "early", "@end", "@from 3 write a", "late", "@end", "@before 2 fail 1 first")
    texts = []
    codes = []
    for retry_note in ("", "This is another try.\n", "And another.\n"):
        code, _, _ = play(retry_note + prompt, tmp_path)
        codes.append(code)
        texts.append((tmp_path / "a").read_text())
    assert texts == ["early\n", "early\n", "late\n"]
    assert codes == [1, 0, 0]


def test_another_script_has_a_count_of_its_own(tmp_path):
    play(script("@say one"), tmp_path)
    code, _, _ = play(script("@before 2 fail 3 first"), tmp_path)
    assert code == 3


def test_a_program_can_be_executed(tmp_path):
    play(script("@program bin/npm", "#!/bin/sh", "echo built", "@end"), tmp_path)
    done = subprocess.run([tmp_path / "bin/npm"], capture_output=True, text=True, check=True)
    assert done.stdout == "built\n"


def test_texts_may_be_as_long_as_a_check_wants(tmp_path):
    play(script("@write a", "# A", "@words 250", "@end"), tmp_path)
    assert len((tmp_path / "a").read_text().split()) == 2 + 250


def test_floods_and_reports_tokens_as_told(tmp_path):
    code, document, _ = play(script("@flood 100000", "@tokens 7 9"), tmp_path)
    assert (code, len(document["result"])) == (0, 100000)
    assert document["usage"] == {"input_tokens": 7, "output_tokens": 9}


def test_gives_up_at_a_rate_limit_and_says_how_long(tmp_path):
    code, document, _ = play(script("@before 2 limit 30", "@say well"), tmp_path)
    assert code != 0
    assert document["error"]["message"] == "rate limit exceeded (429): try again in 30 seconds"
    again = play(script("@before 2 limit 30", "@say well"), tmp_path)
    assert (again[0], again[1]["result"]) == (0, "well")


def test_plays_the_answer_to_the_sheet_that_the_prompt_is_for(tmp_path):
    told = tmp_path / "answers"
    told.mkdir()
    (told / "sheet-2").write_text("@write b\nof two\n@end\n@say second\n")
    prompt = "You perform sheet 2 of 3.\nAs in sheet 1 of 3:\n" + script("@say from the prompt")
    code, document = agent.answer(prompt, tmp_path, lambda _: None, told)
    assert (code, document["result"]) == (0, "second")
    assert (tmp_path / "b").read_text() == "of two\n"


@pytest.mark.parametrize(("prompt", "named"), [("Do it.", "which sheet"), ("sheet 1 of 1", "sheet-1")])
def test_an_answer_that_is_not_there_is_an_error(prompt, named, tmp_path):
    code, document = agent.answer(prompt, tmp_path, lambda _: None, tmp_path)
    assert code == agent.UNABLE
    assert named in document["error"]["message"]


def test_hangs_whatever_it_is_told(tmp_path):
    command = [sys.executable, "-I", str(PROGRAM)]
    prompt = script("@write here", "@end", "@hang")
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path) as process:
        process.stdin.write(prompt.encode())
        process.stdin.close()
        try:
            await_ignored_sigterm(process.pid)
            process.terminate()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.2)
        finally:
            process.kill()


def await_ignored_sigterm(pid):
    until = time.monotonic() + 20
    while True:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        ignored = next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn"))
        if ignored & 1 << (signal.SIGTERM - 1):
            return
        assert time.monotonic() < until


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (("@dance",), "@dance"),
        (("write a",), "write a"),
        (("@before 2 dance",), "dance"),
        (("@sleep long",), "long"),
        (("@write a", "x"), "no @end"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_by_name(lines, named, tmp_path):
    code, document, _ = play(script(*lines), tmp_path)
    assert code == agent.UNABLE
    assert named in document["error"]["message"]


def test_a_block_without_an_end_is_refused(tmp_path):
    code, document, _ = play("```script\n@say a\n", tmp_path)
    assert code == agent.UNABLE
    assert "no end" in document["error"]["message"]


def test_a_file_that_cannot_be_written_is_an_error_with_its_name(tmp_path):
    (tmp_path / "a").mkdir()
    code, document, _ = play(script("@write a", "x", "@end"), tmp_path)
    assert code == agent.UNABLE
    assert document["error"]["message"].startswith(str(tmp_path / "a"))


def test_tokens_are_counted_of_prompt_files_and_answer(tmp_path):
    prompt = script("@write a", "x" * 39, "@end", "@say " + "y" * 8)
    _, document, _ = play(prompt, tmp_path)
    assert document["usage"] == {"input_tokens": -(-len(prompt) // 4), "output_tokens": (40 + 8) // 4}


def run(arguments, prompt, folder):
    command = [sys.executable, "-I", str(PROGRAM), *arguments]
    return subprocess.run(command, input=prompt, cwd=folder, capture_output=True, text=True, check=False)


def test_the_program_answers_in_json(tmp_path):
    done = run(["--output-format", "json", "--model", "any"], script("@say ünï", "@fail 9 stop"), tmp_path)
    assert done.returncode == 9
    document = json.loads(done.stdout)
    assert document["result"] == "ünï"
    assert document["error"]["message"] == "stop"


def test_the_program_answers_in_text(tmp_path):
    done = run([], script("@say well", "@fail 9 stop"), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (9, "well\n", "stop\n")


def test_the_program_is_executable():
    assert PROGRAM.stat().st_mode & 0o111
