"""`spec.onScoreChange: RerunAll`: the edited score begins a run of its own, once, when what runs has ended."""

import json
from dataclasses import replace

from marianne_operator.model.names import score_config_map_name
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.live import Edit, Successor
from marianne_operator.plan.observation import ScoreReady
from tests.unit.plan.build import (
    CLAIM,
    NOW,
    after,
    decided,
    job,
    observe,
    running,
    running_status,
    score,
    sheet,
)
from tests.unit.plan.test_control import states

EDITED = "e" * 64
DONE = (sheet(1, "completed", 2), sheet(2, "completed", 1), sheet(3, "completed", 4))


def look(*sheets, edited=3, stored=True, over=True, before=None, **spec):
    """One look at a job that has run three sheets, and whose score now has `edited` ones."""
    status = running_status(*(sheets or DONE), **(before or {}))
    if over:
        status = status.model_copy(update={"completion_time": stamp(NOW)})
    old, new = score(len(status.sheets)), {**score(edited), "digest": EDITED}
    successor = Successor(new, json.dumps(new), "spec.scoreText", stored)
    ready = ScoreReady(old, json.dumps(old), "spec.scoreText", edit=Edit(successor=successor))
    seen = observe(job(status=status, onScoreChange="RerunAll", generation=2, **spec))
    return replace(seen, score=ready)


def test_the_edited_score_begins_the_next_run():
    seen = look()
    plan = decide(seen)
    status = plan.status
    assert (status.run, status.phase, status.completion_time) == (2, "Running", None)
    assert (status.score.digest, status.score.total_sheets) == (EDITED, 3)
    assert status.score.config_map == score_config_map_name(seen.job.name, seen.job.uid, EDITED)
    assert states(status) == ["dispatched", "pending", "pending"]
    assert [each.attempt for each in status.sheets] == [3, 1, 4]
    assert [note.reason for note in plan.notes] == ["ScoreChanged"]
    assert status.condition("ScoreChangeIgnored") is None


def test_its_config_map_comes_first():
    plan = decide(look(stored=False))
    assert [each.kind for each in plan.ensure] == ["ConfigMap"]
    assert plan.ensure[0].body["metadata"]["name"].endswith(f"-score-{EDITED[:10]}-f4")
    assert plan.status is None


def test_attempts_of_sheets_that_are_no_more_are_never_used_again():
    status = decide(look(edited=2)).status
    assert (len(status.sheets), status.attempt_floor) == (2, 4)
    again = decide(look(*status.sheets[:2], edited=3, over=False, before={"attempt_floor": 4}))
    assert again.status is None or len(again.status.sheets) == 2, "sheet 1 still runs"
    more = decide(look(sheet(1, "completed", 3), sheet(2, "failed", 2), edited=3, before={"attempt_floor": 4})).status
    assert [each.attempt for each in more.sheets] == [4, 2, 4]
    assert more.attempt_floor == 4


def test_what_runs_is_let_end_and_nothing_else_starts():
    seen = look(sheet(1, "dispatched", 1), sheet(2), over=False)
    seen = replace(seen, pods={running().name: running()})
    plan = decide(seen)
    assert (plan.status.run, plan.create) == (1, ())
    assert plan.status.waiting.reason == "Draining"
    condition = plan.status.condition("ScoreChangeIgnored")
    assert (condition.status, condition.reason) == ("True", "Draining")


def test_a_cancel_keeps_it_back():
    plan = decide(look(cancel=True))
    assert plan.status is None or plan.status.run == 1


def test_what_it_waits_for_is_told_and_looked_for_again():
    """After a finished run, too; and it is written with the generation that the score was edited."""
    seen = replace(look(workspace={"persistentVolumeClaim": {"claimName": "mine"}}), claim=None)
    plan, status = decided(seen)
    assert (status.phase, status.waiting.reason, status.run) == ("Waiting", "VolumeUnavailable", 1)
    assert [note.reason for note in plan.notes] == ["VolumeUnavailable"]
    assert plan.look_again_at == NOW + 10
    assert status.condition("ScoreChangeIgnored").status == "True"
    assert decide(after(seen, plan, claim=CLAIM)).status.run == 2


def test_the_files_that_it_needs_are_the_edited_scores():
    target = {"path": "next.yaml", "detached": False, "pause": False}
    hooks = [{"type": "run_job", "abort": False, "job": target}]
    seen = look()
    old, edit = seen.score.compiled, seen.score.edit
    gone = replace(seen, score=replace(seen.score, compiled={**old, "hooks": hooks}))
    assert decide(gone).status.run == 2
    wanting = replace(edit.successor, compiled={**edit.successor.compiled, "hooks": hooks})
    _, status = decided(replace(seen, score=replace(seen.score, edit=replace(edit, successor=wanting))))
    assert (status.run, status.phase) == (1, "Refused")
    assert status.condition("Stalled").message.startswith("on_success.0.job_path: 'next.yaml'")


def test_it_has_the_sheet_that_it_is_to_start_with():
    """Else it would be over before it had begun."""
    _, status = decided(look(edited=2, startSheet=3))
    assert (status.run, status.phase) == (1, "Refused")
    assert status.condition("Stalled").message == "spec.startSheet: 3, but the score has 2 sheets"


def test_a_rerun_that_was_taken_back_leaves_a_job_that_is_over():
    seen = replace(look(workspace={"persistentVolumeClaim": {"claimName": "mine"}}), claim=None)
    plan = decide(seen)
    back = after(seen, plan, score=replace(seen.score, edit=None))
    assert decide(back).status.phase == "Completed"


def test_it_begins_at_the_start_sheet_and_takes_the_token_with_it():
    status = decide(look(startSheet=2, restart={"token": "too"})).status
    assert states(status) == ["completed", "dispatched", "pending"]
    assert (status.run, status.restart_token) == (2, "too")
