"""What is mended in a workspace, and what is left alone."""

from pathlib import Path

import pytest

from marianne_runner.contract import Rule
from marianne_runner.healing import heal, mendable
from tests.unit.runner.scene import Scene, compiled, rule
from tests.unit.runner.test_checks import ground

REPORT = rule("file_exists", path="{workspace}/out/deep/report.md")


def mend(tmp_path: Path, *rules: Rule) -> tuple[list[str], list[str]]:
    """(what was wrong, what was done); nothing is changed before it is asked for."""
    before = sorted(tmp_path.rglob("*"))
    wrong = mendable(rules, ground(tmp_path))
    assert sorted(tmp_path.rglob("*")) == before
    done = heal(rules, ground(tmp_path))
    assert mendable(rules, ground(tmp_path)) == []
    return wrong, done


def test_folders_of_what_is_looked_for_are_made(tmp_path: Path) -> None:
    tests = rule("command_succeeds", command="true", working_directory="{workspace}/tests")
    assert mend(tmp_path, REPORT, REPORT, tests) == (
        ["folder out/deep is missing", "folder tests is missing"],
        ["made folder out/deep", "made folder tests"],
    )
    assert (tmp_path / "out/deep").is_dir() and (tmp_path / "tests").is_dir()


@pytest.mark.parametrize("name", ["out\\deep\\report.md", "out/deep\\report.md"])
def test_a_name_with_backslashes_becomes_the_path_it_means(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / name).write_text("the report")
    _, done = mend(tmp_path, REPORT)
    assert done == ["made folder out/deep", f"moved {name} to out/deep/report.md"]
    assert (tmp_path / "out/deep/report.md").read_text() == "the report"
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    "path", ["report.md", "../outside/report.md", "/etc/marianne/report.md", "{unknown}/x", "out/deep/report.md"]
)
def test_nothing_else_is_touched(tmp_path: Path, path: str) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "out/deep").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    assert mend(workspace, rule("file_exists", path=path)) == ([], [])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_path_too_long_to_be_one_name_is_looked_for_all_the_same(tmp_path: Path) -> None:
    deep = "/".join("d" * 100 for _ in range(3))
    assert mend(tmp_path, rule("file_exists", path=f"{deep}/report.md"))[1] == [f"made folder {deep}"[:200]]


def test_a_link_that_leads_out_of_the_workspace_is_not_followed(tmp_path: Path) -> None:
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    workspace.mkdir()
    outside.mkdir()
    (workspace / "out").symlink_to(outside)
    assert mend(workspace, REPORT) == ([], [])
    assert list(outside.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_left(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")
    (tmp_path / "out").chmod(0o755)
    assert mend(tmp_path, REPORT) == ([], [])
    assert (tmp_path / "out").read_text() == "not a folder"


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out/deep").mkdir(parents=True)
    (tmp_path / "out/deep/report.md").write_text("new")
    (tmp_path / "out\\deep\\report.md").write_text("old")
    assert mend(tmp_path, REPORT) == ([], [])
    assert (tmp_path / "out/deep/report.md").read_text() == "new"


def test_a_failed_attempt_tells_what_could_be_mended_and_the_next_mends_it(scene: Scene) -> None:
    score = compiled("echo done > out/deep/report.md", [REPORT])
    first = scene.pod("pod-1", score, heal="look").run()
    assert (first["outcome"], first["remedies"]) == ("failed", ["folder out/deep is missing"])
    assert "healing" not in first and not (scene.workspace / "out").exists()
    second = scene.pod("pod-2", score, 2, heal="apply", predecessor={"attempt": 1, "ran": True, "ended": "pod-1"}).run()
    assert (second["outcome"], second["healing"]) == ("completed", ["made folder out/deep"])
    assert "remedies" not in second


def test_without_being_asked_nothing_is_looked_for(scene: Scene) -> None:
    assert "remedies" not in scene.pod("pod-1", compiled("true", [REPORT])).run()


def test_a_sheet_that_took_too_long_lacked_no_folder(scene: Scene) -> None:
    said = scene.pod("pod-1", compiled("sleep 60", [REPORT]), heal="look", timeout_seconds=0.3).run()
    assert said["reason"] == "Timeout" and "remedies" not in said
