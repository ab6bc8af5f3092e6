"""Files that a score puts into its prompts, and what else stands around the template."""

from pathlib import Path
from typing import Any, cast

import pytest

from marianne_runner.contract import Brief, Injection
from marianne_runner.injections import CUT, LARGEST, Injected, injected, lenient, sections, text_or_file
from marianne_runner.prompt import assemble, injections_of
from marianne_runner.requirements import new_by_condition, requirements
from marianne_runner.variables import for_prompt
from tests.unit.runner.scene import BASH, Scene, compiled, rule


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Beside the score, and the workspace."""
    made = tmp_path / "score", tmp_path / "workspace"
    for folder in made:
        folder.mkdir()
    return made


def _injected(folders: tuple[Path, Path], *items: dict[str, str], **variables: Any) -> tuple[Injected, list[str]]:
    said: list[str] = []
    wanted = [cast(Injection, {"category": "context", **item}) for item in items]
    return injected(wanted, folders, lenient(variables), said.append), said


def test_a_file_is_looked_for_beside_the_score_then_in_the_workspace(folders: tuple[Path, Path]) -> None:
    (folders[1] / "a.md").write_text("second")
    assert _injected(folders, {"file": "a.md"})[0].context == ["second"]
    (folders[0] / "a.md").write_text("first")
    assert _injected(folders, {"file": "a.md"})[0].context == ["first"]
    assert _injected(folders, {"file": str(folders[1] / "a.md")})[0].context == ["second"]


def test_a_path_is_a_template_and_what_it_does_not_know_is_empty(folders: tuple[Path, Path]) -> None:
    (folders[1] / "3-.md").write_text("third")
    found, said = _injected(folders, {"file": "{{ sheet_num }}-{{ nothing }}.md"}, sheet_num=3)
    assert (found.context, said) == (["third"], [])


def test_each_category_keeps_its_order(folders: tuple[Path, Path]) -> None:
    for name in "abcd":
        (folders[1] / name).write_text(name.upper())
    items = [{"file": "a"}, {"file": "b", "category": "tool"}, {"file": "c", "category": "skill"}, {"file": "d"}]
    found, _ = _injected(folders, *items)
    assert found == Injected(["A", "D"], ["C"], ["B"])
    assert list(sections(found)) == [
        "## Injected Skills\n\nC",
        "## Injected Tools\n\nB",
        "## Injected Context\n\nA\n\nD",
    ]
    assert list(sections(Injected())) == []


def test_a_directory_is_its_own_files_by_name(folders: tuple[Path, Path]) -> None:
    for name in ("b.md", "a.md", "deeper/c.md"):
        (folders[1] / "skills" / name).parent.mkdir(parents=True, exist_ok=True)
        (folders[1] / "skills" / name).write_text(f"of {name}")
    found, _ = _injected(folders, {"directory": "skills"})
    assert found.context == ["### a.md\n\nof a.md", "### b.md\n\nof b.md"]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"file": "none.md"}, "context 'none.md': not injected, a file was expected: neither in "),
        ({"file": "folder", "category": "skill"}, "skill 'folder': not injected"),
        ({"directory": "file", "category": "tool"}, "tool 'file': not injected, a directory was expected"),
        ({"file": "{{ 1 / 0 }}"}, "does not render: division by zero"),
        ({"file": "{% if %}"}, "does not render"),
        ({"file": ""}, "context '': not injected"),
    ],
)
def test_what_is_missing_is_told_and_fails_nothing(
    folders: tuple[Path, Path], item: dict[str, str], words: str
) -> None:
    (folders[1] / "folder").mkdir()
    (folders[1] / "file").touch()
    found, said = _injected(folders, item, {"file": "file"})
    assert words in said[0]
    assert found.context == [""]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "PDF document"),
        ("a.PNG", "image"),
        ("a.docx", "Word document"),
        ("a.xls", "spreadsheet"),
        ("a", "file"),
    ],
)
def test_what_is_no_text_is_named(folders: tuple[Path, Path], name: str, kind: str) -> None:
    (folders[1] / name).write_bytes(b"\x89\xff\x00")
    assert _injected(folders, {"file": name})[0].context == [f"Read the {kind} at {folders[1] / name}: it is no text."]


def test_a_file_too_large_is_cut_between_characters(folders: tuple[Path, Path]) -> None:
    (folders[1] / "large").write_text("x" + "é" * LARGEST)
    (text,) = _injected(folders, {"file": "large"})[0].context
    assert text.endswith(CUT)
    assert text.startswith("xéé")
    assert len(text.encode()) <= LARGEST + len(CUT)


def test_an_extension_is_text_or_a_file(folders: tuple[Path, Path]) -> None:
    (folders[1] / "rules.md").write_text("from the file\n")
    assert text_or_file("rules.md", folders) == "from the file\n"
    assert text_or_file("Be brief.", folders) == "Be brief."
    assert text_or_file("rules.md\nand more", folders) == "rules.md\nand more"
    assert text_or_file("x" * 300, folders) == "x" * 300
    assert text_or_file("nul\0", folders) == "nul\0"


# ---- requirements


@pytest.mark.parametrize(
    ("condition", "sheet", "new"),
    [
        (None, 1, True),
        (None, 2, False),
        ("sheet_num >= 2", 2, True),
        ("sheet_num>=2", 3, False),
        ("sheet_num > 2", 3, True),
        ("sheet_num > 2", 4, False),
        ("sheet_num == 7", 9, True),
        ("stage == 2", 2, False),
    ],
)
def test_marianne_reads_a_condition_s_text(condition: str | None, sheet: int, new: bool) -> None:
    assert new_by_condition(condition, sheet) is new


def test_a_rule_is_told_where_it_is_new_and_counted_where_it_is_not() -> None:
    rules = [rule("file_exists", path="a"), rule("file_exists", path="b", condition="stage == 2")]
    score = compiled("", rules)
    first = score["sheets"][0]
    second = {**first, "num": 2, "stage": 2, "rules": [0, 1]}
    third = {**second, "num": 3, "instance": 2}
    score["sheets"] = [{**first, "rules": [0]}, second, third]  # type: ignore[list-item,typeddict-item]
    told = [requirements(score, each, {}) for each in score["sheets"]]
    assert told[0] == "Requirements:\n1. the file a exists"
    inherited = "What earlier sheets had to meet still holds: 1 more check."
    assert told[1] == told[2] == f"Requirements:\n1. the file b exists\n{inherited}"


# ---- the whole prompt


def test_every_part_in_marianne_s_order(folders: tuple[Path, Path]) -> None:
    score = compiled("", [rule("file_exists", path="made")])
    score["prompt"] |= {  # type: ignore[typeddict-item]
        "prelude": [{"category": "context", "file": "p"}],
        "cadenzas": {"1": [{"category": "skill", "file": "c"}], "2": [{"category": "skill", "file": "other"}]},
        "fragments": [
            {"name": "api", "content": "REST", "tags": ["a"]},
            {"name": "ui", "content": "HTML", "tags": ["b"]},
        ],
        "fragment_tags": {"1": ["a"]},
        "extensions": ["Be brief."],
        "sheet_extensions": {"1": ["Be kind."], "2": ["Be other."]},
    }
    sheet = score["sheets"][0]
    assert [each["file"] for each in injections_of(score, sheet)] == ["p", "c"]
    found = Injected(["CONTEXT"], ["SKILL"], [])
    brief = cast(Brief, {"profile": BASH | {"raw_prompt": False}, "mode": "retry", "failed_rules": list("abcdefg")})
    parts = assemble("TEMPLATE", score, sheet, brief, for_prompt(score, sheet, "/workspace"), found, folders)
    heads = [part.splitlines()[0] for part in parts.split("\n\n")]
    assert heads[0] == "<sheet>"
    assert heads[1:] == [
        *("## Injected Skills", "SKILL", "## Injected Context", "CONTEXT", "TEMPLATE"),
        *("## Injected Specs", "### api", "REST", "What the last try did not meet:", "Requirements:"),
        *("Be brief.", "Be kind."),
    ]
    assert "- e" in parts
    assert "- f" not in parts


def test_a_sheet_without_tags_gets_all_fragments() -> None:
    score = compiled("")
    score["prompt"]["fragments"] = [{"name": "ui", "content": "HTML", "tags": ["b"]}]
    sheet = score["sheets"][0]
    brief = cast(Brief, {"profile": {}, "mode": "normal"})
    assert "### ui\n\nHTML" in assemble("T", score, sheet, brief, for_prompt(score, sheet, "/workspace"))
    score["prompt"]["fragment_tags"] = {"1": []}
    assert "### ui" not in assemble("T", score, sheet, brief, for_prompt(score, sheet, "/workspace"))


def test_the_runner_injects(scene: Scene) -> None:
    """For a raw instrument by variables alone; what is missing is told in the Pod's log."""
    (scene.workspace / "p.md").write_text("from the prelude")
    score = compiled("printf '%s' '{{ injected_context[0] }} {{ injected_tools | length }}' > made")
    score["prompt"]["prelude"] = [{"category": "context", "file": "p.md"}, {"category": "tool", "file": "none"}]
    pod = scene.pod("pod-1", score)
    assert pod.run()["outcome"] == "completed", pod.log
    assert (scene.workspace / "made").read_text() == "from the prelude 0"
    assert "tool 'none': not injected" in pod.log
