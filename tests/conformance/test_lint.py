"""Real scores are sound to lint, and what lint calls an error is what the operator refuses."""

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.lint.findings import WRONG_FIELDS
from marianne_operator.score.lint.text import lint
from marianne_operator.score.refused import ScoreRefusedError
from tests.conformance.data import FOLDER, score_cases, units

NOT_PERFORMED_YET = "K004"
OUT_OF_PLACE = "K005"
LINES = 8
"""Of each score, that are left out one at a time."""


def errors(text):
    return [found for found in lint(text) if found.severity == "error"]


def refused(text):
    try:
        compile_source(text)
    except ScoreRefusedError:
        return True
    return False


@pytest.mark.parametrize("truth", score_cases())
def test_a_real_score_has_no_error_but_what_is_not_performed_yet(truth):
    assert {found.check_id for found in errors((FOLDER / truth["file"]).read_text())} <= {NOT_PERFORMED_YET}


@pytest.mark.parametrize("truth", score_cases())
def test_every_finding_has_a_line_of_the_text(truth):
    text = (FOLDER / truth["file"]).read_text()
    assert all(1 <= (found.line or 0) <= text.count("\n") + 1 for found in lint(text))


@pytest.mark.parametrize("truth", score_cases())
def test_a_score_with_a_line_left_out_has_errors_where_it_is_refused(truth):
    lines = (FOLDER / truth["file"]).read_text().splitlines(keepends=True)
    for left_out in range(0, len(lines), max(1, len(lines) // LINES)):
        text = "".join(lines[:left_out] + lines[left_out + 1 :])
        assert bool(errors(text)) == refused(text), f"without line {left_out + 1}"


@pytest.mark.parametrize("case", [pytest.param(case, id=case["case"]) for case in units()["config_acceptance"]])
def test_what_marianne_accepts_has_no_error_and_what_it_rejects_has_one_at_that_place(case):
    found = [each for each in errors(case["yaml"]) if each.check_id != NOT_PERFORMED_YET]
    assert bool(found) != case["accepted"]
    if not case["accepted"]:
        assert {each.check_id for each in found} <= {*WRONG_FIELDS, OUT_OF_PLACE}
        places = [".".join(map(str, location)) or "score" for location in case["locs"]]
        assert all(any(each.path.startswith(place) for each in found) for place in places)
