"""Ids, words, rows and sheet details: how a job reads."""

import pytest

from marianne_client.conductor import conducting, conductor_status
from marianne_client.details import DEFAULTS, sheet_details, sheet_of
from marianne_client.errors import UnknownIdError
from marianne_client.identity import JobId
from marianne_client.table import rows
from marianne_client.words import job_status
from marianne_operator.model.status import SheetStatus

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "parts"),
    [("default.song", ("default", "song")), ("team-a.v1.2", ("team-a", "v1.2")), ("a.b", ("a", "b"))],
)
def test_an_id_divides_at_the_first_dot(text, parts):
    parsed = JobId.parse(text)
    assert (parsed.namespace, parsed.name) == parts
    assert str(parsed) == text


@pytest.mark.parametrize(
    "text", ["", "song", ".song", "a.", "a.b/c", "a.../../secrets", "A.b", "a.b c", "a.b?x", "a.%2e", "a.b.", "é.b"]
)
def test_what_cannot_be_an_id_is_refused(text):
    with pytest.raises(UnknownIdError):
        JobId.parse(text)


def test_within_one_namespace_an_id_is_the_bare_name():
    assert JobId.parse("v1.2", "team") == JobId("team", "v1.2")


@pytest.mark.parametrize(
    ("phase", "started", "word"),
    [
        (None, False, "pending"),
        ("Pending", False, "pending"),
        ("Waiting", False, "pending"),
        ("Waiting", True, "running"),
        ("Running", True, "running"),
        ("Paused", True, "paused"),
        ("PausedAtChain", True, "paused_at_chain"),
        ("Completed", True, "completed"),
        ("Failed", True, "failed"),
        ("Refused", False, "failed"),
        ("Cancelled", True, "cancelled"),
    ],
)
def test_marianne_s_word_for_each_phase(phase, started, word):
    assert job_status(phase, started=started) == word


def test_a_plain_sheet_has_every_key_with_its_default():
    told = sheet_details({"num": 3, "state": "pending", "attempt": 0})
    assert told == {**DEFAULTS, "sheet_num": 3, "status": "pending"}
    assert len(told) == 33


def test_a_performed_sheet_tells_what_the_status_holds():
    item = SheetStatus(
        num=1, state="failed", attempt_count=2, exit_code=3, stdout_tail="x", failed_validations=["a"]
    ).model_dump(by_alias=True, exclude_defaults=True)
    told = sheet_details({**item, "estimatedCostMicroUsd": 1_250_000, "costConfidence": 0.7})
    assert (told["attempt_count"], told["exit_code"], told["stdout_tail"]) == (2, 3, "x")
    assert (told["failed_validations"], told["estimated_cost"]) == (["a"], 1.25)
    assert told["cost_confidence"] == 0.7
    assert "attempt" not in told


def test_a_sheet_is_found_by_its_number():
    job = {"status": {"sheets": [{"num": 1, "state": "pending"}, {"num": 2, "state": "ready"}]}}
    assert sheet_of(job, 2) == {"num": 2, "state": "ready"}
    assert sheet_of(job, 3) is None
    assert sheet_of({}, 1) is None


def test_rows_are_read_by_the_columns_names():
    names = ["Name", "Phase", "Progress", "UID", "Namespace", "Started", "Created", "Message", "Retries", "Cost"]
    cells = ["song", "Waiting", "3/12", "u", "team", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", None, 2, "$0.42"]
    table = {"columnDefinitions": [{"name": name} for name in names], "rows": [{"cells": cells}]}
    (row,) = rows(table)
    assert (row.completed, row.total, row.retries, row.message, row.cost) == (3, 12, 2, "", "$0.42")
    assert (str(row.id), row.status, row.updated_at) == ("team.song", "running", "2026-01-02T00:00:00Z")
    assert rows({"rows": [{"cells": cells}]}, names) == [row]
    assert rows({"rows": None}) == []


def _lease(renewed: str = "2027-01-15T08:00:00.000000Z", holder: str = "pod") -> dict:
    told = {"started": "2027-01-15T07:00:00+00:00", "pid": "7", "rss-bytes": "75000000", "version": "0.1.0"}
    counts = {"running-jobs": "2", "active-jobs": "3"}
    return {
        "metadata": {"annotations": {f"marianne.dev/{key}": value for key, value in {**told, **counts}.items()}},
        "spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15},
    }


def test_the_lease_tells_the_conductor_s_status():
    status = conductor_status(_lease(), NOW)
    assert status is not None
    assert (status.pid, status.uptime_seconds, status.memory_usage_mb) == (7, 3600.0, 75.0)
    assert (status.running_jobs, status.total_jobs_active, status.version) == (2, 3, "0.1.0")


@pytest.mark.parametrize("nonsense", ["", "x", "nan", "inf", "1e999", "-"])
def test_an_annotation_that_says_nothing_is_none(nonsense):
    lease = _lease()
    told = lease["metadata"]["annotations"]
    lease["metadata"]["annotations"] = dict.fromkeys(told, nonsense)
    status = conductor_status(lease, NOW)
    assert status is not None
    assert (status.pid, status.uptime_seconds, status.memory_usage_mb) == (None, None, None)
    assert (status.running_jobs, status.total_jobs_active) == (0, 0)


@pytest.mark.parametrize(
    ("lease", "later", "good"),
    [
        (_lease(), 0, True),
        (_lease(), 30, True),
        (_lease(), 31, False),
        (_lease(holder=""), 0, False),
        (None, 0, False),
        ({"metadata": {}, "spec": {}}, 0, False),
    ],
)
def test_nobody_conducts_without_a_renewal_in_two_durations(lease, later, good):
    assert conducting(lease, NOW + later) is good
    assert (conductor_status(lease, NOW + later) is not None) is good
