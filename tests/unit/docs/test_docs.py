"""What is written for people agrees with the code, and leads somewhere."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from dev.score_reference import PAGE, effect_of, paths, renewed
from marianne_operator.model.spec import JobSpec, SheetTemplate
from marianne_operator.score.effects import EFFECTS

TREE = Path(__file__).parents[3]
PAGES = [
    *(TREE / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md")),
    *sorted((TREE / "docs").rglob("*.md")),
]
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")
WAITING = frozenset(
    [
        "ScoreNotFound",
        "InstrumentNotFound",
        "InstrumentImageUnset",
        "SecretNotFound",
        "CredentialsRefused",
        "RunnerMissing",
        "ImagePull",
        "Unschedulable",
        "QuotaExceeded",
        "VolumeUnavailable",
        "WorkspaceUnusable",
        "Backoff",
        "RateLimited",
        "LimitsExhausted",
        "InstrumentFailing",
        "BudgetReached",
        "Approval",
        "ChainCooldown",
        "ChildJob",
        "Draining",
        "PredecessorTerminating",
        "NodeLost",
    ]
)
STALLED = frozenset(
    ["ScoreInvalid", "ScoreUnsupported", "ScoreTooLarge", "FieldUnsupported", "NameConflict", "WorkspaceBehind"]
)


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TREE).as_posix())
def test_links_lead_to_files_and_titles(page):
    broken = []
    for target, anchor in LINK.findall(page.read_text()):
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def test_the_menu_has_every_page_once():
    def flat(entries):
        for entry in entries:
            if isinstance(entry, str):
                yield entry
            else:
                yield from flat(next(iter(entry.values())))

    menu = list(flat(yaml.safe_load((TREE / "mkdocs.yml").read_text())["nav"]))
    assert sorted(menu) == sorted(page.relative_to(TREE / "docs").as_posix() for page in (TREE / "docs").rglob("*.md"))


def test_pages_of_the_menu_link_only_to_each_other():
    beyond = [
        f"{page.name}: {target}"
        for page in (TREE / "docs").rglob("*.md")
        for target, _ in LINK.findall(page.read_text())
        if target and not (page.parent / target).resolve().is_relative_to(TREE / "docs")
    ]
    assert beyond == []


def test_the_tables_of_fields_are_those_of_the_code():
    page = PAGE.read_text()
    assert renewed(page) == page, "python -m dev.score_reference"


def test_every_field_with_an_effect_of_its_own_is_a_field_of_a_score():
    known = set(paths())
    parts = {path.partition(".")[0] for path in known}
    assert [each.path for each in EFFECTS if each.path not in known | parts] == []
    assert effect_of("learning.enabled") is not None
    assert effect_of("sheet.size") is None


def words_of_the_operator():
    for file in (TREE / "operator" / "marianne_operator").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize(("title", "reasons"), [("Why does it wait?", WAITING), ("Why was it refused?", STALLED)])
def test_reasons_are_told_if_and_only_if_the_operator_gives_them(title, reasons):
    page = (TREE / "docs" / "job-reference.md").read_text()
    section = page.partition(f"## {title}")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert told == reasons & set(words_of_the_operator())


def test_every_event_is_told():
    page = (TREE / "docs" / "job-reference.md").read_text()
    section = page.partition("## Events")[2]
    calls = re.compile(r"\b(?:draft\.)?(?:warn|tell)\(\s*\"([A-Z]\w+)\"")
    plan = (TREE / "operator" / "marianne_operator" / "plan").glob("*.py")
    said = {name for file in plan for name in calls.findall(file.read_text())} | {"LedgerTampered"}
    assert [name for name in sorted(said) if f"`{name}`" not in section] == []


def test_the_first_page_leads_to_every_other():
    index = (TREE / "docs" / "index.md").read_text()
    pages = {page.name for page in (TREE / "docs").glob("*.md")} - {"index.md"}
    assert pages <= {target for target, _ in LINK.findall(index)}


def test_every_field_of_the_spec_is_told():
    page = (TREE / "docs" / "job-reference.md").read_text()
    section = page.partition("## Spec")[2].partition("\n## ")[0]
    fields = [each.alias for model in (JobSpec, SheetTemplate) for each in model.model_fields.values()]
    assert [field for field in fields if not re.search(rf"`{field}\b", section)] == []


def test_targets_that_are_named_exist():
    makefile = (TREE / "Makefile").read_text()
    targets = {name for line in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE) for name in line.split()}
    for page in PAGES:
        for named in re.findall(r"`(?:CLUSTER=existing )?make ([a-z-]+(?: [a-z]+)*)", page.read_text()):
            assert set(named.split()) <= targets, f"{page.name}: make {named}"


def test_nothing_names_the_machine_that_it_was_written_on():
    hits = [
        f"{path.name}: {word}"
        for path in [*PAGES, *(TREE / "examples").rglob("*.yaml"), *(TREE / "images").rglob("*")]
        if path.is_file()
        for word in ("/work/", "/root/")
        if word in path.read_text()
    ]
    assert hits == []
