"""The status: what is written can be read, what a newer version wrote survives, and a plain sheet stays small."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from marianne_operator.model.job import JobView
from marianne_operator.model.status import ACTIVE, TERMINAL, JobStatus, SheetStatus

META = {
    "namespace": "n",
    "name": "j",
    "uid": "u",
    "generation": 3,
    "resourceVersion": "9",
    "creationTimestamp": "2027-01-15T08:00:00Z",
}


def test_a_plain_sheet_is_three_keys():
    status = JobStatus(run=1, sheets=[SheetStatus(num=1, state="pending")])
    assert status.dump() == {
        "observedGeneration": -1,
        "run": 1,
        "sheets": [{"num": 1, "state": "pending", "attempt": 0}],
    }


def test_what_a_newer_version_wrote_survives():
    told = {
        "observedGeneration": 2,
        "budget": {"spent": 3},
        "sheets": [{"num": 1, "state": "completed", "attempt": 1, "estimatedCostMicroUsd": 7}],
        "waiting": {"reason": "BudgetReached", "since": "t", "newer": True},
    }
    assert JobStatus.model_validate(told).dump() == told
    changed = JobStatus.model_validate(told)
    changed = changed.model_copy(update={"sheets": [changed.sheets[0].to(attempt=2)]})
    assert changed.dump()["sheets"][0]["estimatedCostMicroUsd"] == 7


FIELDS = {
    "exitCode": st.integers(-255, 255),
    "errorMessage": st.text(max_size=40),
    "executionDurationSeconds": st.floats(0, 1e6),
    "passedValidations": st.lists(st.text(max_size=9), max_size=3),
    "validationDetails": st.lists(
        st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)), max_size=2
    ),
    "successWithoutRetry": st.booleans(),
    "waiting": st.just({"reason": "Backoff", "since": "t"}),
    "inputTokens": st.integers(0, 2**40),
}


@given(st.fixed_dictionaries({}, optional=FIELDS), st.sampled_from(sorted(TERMINAL | ACTIVE)))
def test_what_is_written_can_be_read_back_and_is_written_the_same(fields, state):
    """A finished item must stay what it is, byte by byte: the CRD refuses anything else."""
    status = JobStatus.model_validate({"run": 1, "sheets": [{"num": 1, "state": state, "attempt": 4, **fields}]})
    body = json.loads(json.dumps(status.dump()))
    again = JobStatus.model_validate(body)
    assert again == status
    assert json.dumps(again.dump()) == json.dumps(status.dump())


@pytest.mark.parametrize(
    ("state", "code", "terminal", "active", "satisfied"),
    [
        ("pending", None, False, False, False),
        ("ready", None, False, False, False),
        ("dispatched", None, False, True, False),
        ("in_progress", None, False, True, False),
        ("waiting", None, False, False, False),
        ("retry_scheduled", "E009", False, False, False),
        ("fermata", None, False, False, False),
        ("completed", None, True, False, True),
        ("failed", "E009", True, False, False),
        ("skipped", None, True, False, True),
        ("skipped", "E999", True, False, False),
        ("cancelled", None, True, False, False),
    ],
)
def test_states(state, code, terminal, active, satisfied):
    sheet = SheetStatus(num=1, state=state, error_code=code)
    assert (sheet.terminal, sheet.active, sheet.satisfied) == (terminal, active, satisfied)


@pytest.mark.parametrize(
    "broken",
    [
        {"sheets": [{"num": 0, "state": "pending"}]},
        {"sheets": [{"num": 1, "state": "sleeping"}]},
        {"sheets": [{"num": 1, "state": "pending", "attempt": -1}]},
        {"phase": "Odd"},
        {"run": 0},
        {"sheets": "none"},
    ],
)
def test_a_status_that_somebody_broke_is_refused(broken):
    with pytest.raises(ValidationError):
        JobStatus.model_validate(broken)


def test_a_job():
    view = JobView.of({"metadata": META, "spec": {"scoreText": "x", "podRetention": "None"}})
    assert (view.key, view.generation, view.resource_version, view.deleting) == (("n", "j"), 3, 9, False)
    assert (view.spec.score_text, view.spec.pod_retention, view.status.observed_generation) == ("x", "None", -1)
    assert JobView.of({"metadata": META | {"deletionTimestamp": "t"}}).deleting
