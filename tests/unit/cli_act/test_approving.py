"""A decision about a sheet: what is written, and when there is nothing to decide."""

import pytest

from marianne_client.approving import decide
from marianne_client.verbs import Refusal, Wish


def a_job(state="fermata", annotations=None, **sheet):
    meta = {"uid": "u-1", "resourceVersion": "7"} | ({"annotations": annotations} if annotations else {})
    sheets = [{"num": 1, "state": "completed"}, {"num": 2, "state": state, **sheet}]
    return {"metadata": meta, "status": {"sheets": sheets}}


HEARD = "approve/1/old"


@pytest.mark.parametrize("there", [None, {"team": "web", "marianne.dev/verb": HEARD}])
def test_written_beside_what_is_there_and_for_this_version_alone(there):
    held = a_job(annotations=there)
    held["status"]["verb"] = HEARD
    wish = decide(held, 2, "approve", "t")
    assert isinstance(wish, Wish)
    assert wish.operations == [
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {
            "op": "add",
            "path": "/metadata/annotations",
            "value": (there or {}) | {"marianne.dev/verb": "approve/2/t"},
        },
    ]


@pytest.mark.parametrize(
    ("job", "number", "decision", "message"),
    [
        (a_job(), 1, "approve", "sheet 1 does not wait for a decision (state: completed)"),
        (a_job(), 3, "approve", "it has no sheet 3"),
        ({"metadata": {}}, 1, "approve", "it has not begun"),
        (a_job(checkpoints=["look"]), 2, "accept", "sheet 2 waits before it starts: approve, reject or skip it"),
    ],
)
def test_nothing_to_decide(job, number, decision, message):
    assert decide(job, number, decision, "t") == Refusal(message)


def test_what_failed_may_be_accepted():
    assert isinstance(decide(a_job(), 2, "accept", "t"), Wish)


def test_a_decision_about_another_sheet_that_was_not_heard_is_not_replaced():
    told = decide(a_job(annotations={"marianne.dev/verb": "approve/1/new"}), 2, "approve", "t")
    assert isinstance(told, Refusal)
    assert "the decision about sheet 1 was not heard yet" in told.message


@pytest.mark.parametrize("there", ["approve/2/new", "nonsense", ""])
def test_one_about_the_same_sheet_is_and_so_is_what_cannot_be_read(there):
    assert isinstance(decide(a_job(annotations={"marianne.dev/verb": there}), 2, "reject", "t"), Wish)
