"""Every example is what it says it is: accepted by the operator's models, and played through by the real runner."""

import functools
from pathlib import Path

import pytest
import yaml

from marianne_operator.model.spec import JobSpec
from marianne_operator.score.compile import compile_source
from tests.unit.examples.plays import Play

EXAMPLES = Path(__file__).parents[3] / "examples"
JOBS = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.rglob("*.yaml")
    if "kind: MarianneJob" in path.read_text()
)
TRIED_AGAIN = {"hangs.yaml": {1}, "hello.yaml": {3}, "review.yaml": {6}}
"""Sheets that fail at first, as their score wants it."""
SHEETS = {
    "budget.yaml": 3,
    "approval.yaml": 2,
    "concert.yaml": 3,
    "existing-claim.yaml": 3,
    "facts.yaml": 2,
    "hangs.yaml": 2,
    "hello.yaml": 5,
    "notifications.yaml": 2,
    "quickstart-inline.yaml": 2,
    "review.yaml": 8,
    "score-from-configmap/job.yaml": 4,
}
RESULTS = {
    "budget.yaml": ("book.md", "Chapter 3"),
    "approval.yaml": ("published.txt", "three chapters"),
    "concert.yaml": ("songs.txt", "song 3"),
    "existing-claim.yaml": ("items.txt", "item 10"),
    "facts.yaml": ("notes/words", "9"),
    "hangs.yaml": ("words.txt", "2"),
    "hello.yaml": ("concert.md", "middle: c d e f g"),
    "notifications.yaml": ("parts.txt", "part 2 of 2"),
    "quickstart-inline.yaml": ("greetings.txt", "sheet 2 of 2"),
    "review.yaml": ("report.md", "Signed off"),
    "score-from-configmap/job.yaml": ("haiku-4.txt", "winter"),
}


def job_of(name):
    documents = yaml.safe_load_all((EXAMPLES / name).read_text())
    return next(each for each in documents if each["kind"] == "MarianneJob")


def source_of(name):
    spec = JobSpec.model_validate(job_of(name)["spec"])
    if spec.score_from is not None:
        return (EXAMPLES / name).parent.joinpath(spec.score_from.config_map_key_ref.key).read_text()
    return spec.score_text or spec.score


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Each example is played once, by the first test that looks at it."""

    @functools.cache
    def play(name):
        playing = Play(tmp_path_factory.mktemp("root") / "root", source_of(name))
        for file in JobSpec.model_validate(job_of(name)["spec"]).files:
            text = (EXAMPLES / name).parent.joinpath(file.config_map_key_ref.key).read_text()
            (playing.root / "score" / file.path).write_text(text)
        return playing, playing.perform()

    return play


def test_no_example_goes_untested():
    assert set(JOBS) == set(SHEETS) == set(RESULTS)
    told = (EXAMPLES / "README.md").read_text()
    assert [name for name in JOBS if name.removesuffix("job.yaml") not in told] == []


@pytest.mark.parametrize("name", JOBS)
def test_every_sheet_completes_and_leaves_its_result(name, played):
    playing, outcomes = played(name)
    expected = {
        number: ["failed", "completed"] if number in TRIED_AGAIN.get(name, ()) else ["completed"]
        for number in range(1, SHEETS[name] + 1)
    }
    assert outcomes == expected, playing.tries
    file, text = RESULTS[name]
    assert text in (playing.workspace / file).read_text()


@pytest.mark.parametrize("name", JOBS)
def test_nothing_in_an_example_is_without_effect(name):
    score = compile_source(source_of(name))
    assert (score["without_effect"], score["warnings"]) == ([], [])


def test_later_prompts_of_the_review_hold_what_earlier_sheets_said(played):
    playing, _ = played("review.yaml")
    ledger = playing.root / "marianne" / "ledger" / "job-uid"
    assert "Three files are touched" in (ledger / "s2" / "a1" / "prompt").read_text()
    debate = (ledger / "s6" / "a2" / "prompt").read_text()
    assert "idempotency key, so a customer" in debate
    assert "The debate ends with an agreement" in debate
    assert "sheet 5: Three tests are planned." in (ledger / "s7" / "a1" / "prompt").read_text()


def test_the_agent_reports_its_tokens(played):
    playing, _ = played("review.yaml")
    verdict = playing.tries[1][0]
    assert (verdict["input_tokens"] > 100, verdict["output_tokens"] > 20) == (True, True)
