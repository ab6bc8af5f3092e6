"""What is told of a prompt before it is performed."""

from pathlib import Path

import pytest

from marianne_runner.preflight import SHOWN, warnings
from tests.unit.runner.scene import BASH, Scene, compiled, rule

READER = {**BASH, "raw_prompt": False, "cli": {"command": {"executable": "cat", "prompt_via_stdin": True}}}


@pytest.mark.parametrize(
    ("characters", "told"),
    [
        (175_000, []),
        (175_004, ["the prompt has about 50001 tokens, more than 50000"]),
        (525_000, ["the prompt has about 150000 tokens, more than 50000"]),
        (525_004, ["the prompt has about 150001 tokens, more than 150000: most models take less"]),
    ],
)
def test_size(tmp_path: Path, characters: int, told: list[str]) -> None:
    assert warnings("x" * characters, [tmp_path], []) == told


@pytest.mark.parametrize(("lines", "told"), [(5000, 0), (5001, 1)])
def test_lines(tmp_path: Path, lines: int, told: int) -> None:
    assert len(warnings("\n".join("x" * lines), [tmp_path], [])) == told


def test_paths_that_do_not_exist(tmp_path: Path) -> None:
    (tmp_path / "there.md").touch()
    (tmp_path / "there").mkdir()
    prompt = f"""Read {tmp_path}/there.md, {tmp_path}/there/, `{tmp_path}/gone.md`, ./there.md and ./lost/it.txt.
    Then {tmp_path}/made.md. See https://example.com{tmp_path}/page, /api/v1/jobs and {tmp_path}/gone.md."""
    assert warnings(prompt, [tmp_path], {tmp_path / "made.md"}) == [
        f"the prompt speaks of {tmp_path}/gone.md, which does not exist",
        "the prompt speaks of ./lost/it.txt, which does not exist",
    ]


def test_only_the_first_few_are_told(tmp_path: Path) -> None:
    prompt = " ".join(f"./gone-{number}" for number in range(20))
    told = warnings(prompt, [tmp_path], [])
    assert len(told) == SHOWN and "gone-0" in told[0]


def test_the_verdict_tells_it_and_the_sheet_is_performed(scene: Scene) -> None:
    rules = [rule("file_exists", path="{workspace}/report.md")]
    score = compiled("Read ./notes.md and write ./report.md", rules)
    said = scene.pod("pod-1", score, profile=READER).run()
    assert said["preflight_warnings"] == ["the prompt speaks of ./notes.md, which does not exist"]
    assert "Read ./notes.md" in said["stdout_tail"]


def test_a_program_is_no_prompt(scene: Scene) -> None:
    said = scene.pod("pod-1", compiled("cat ./notes.md; true")).run()
    assert said["outcome"] == "completed" and "preflight_warnings" not in said
