"""Before the first sheet, and whenever something that a start needs is missing: refuse, wait, make it, or begin."""

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from marianne_operator.model.names import score_config_map_name
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import ScoreRefusal, Settings, WriteRefusal
from tests.unit.plan.build import (
    DIGEST,
    NAME,
    NOW,
    UID,
    after,
    decided,
    job,
    observe,
    running,
    running_status,
    score,
    sheet,
)

INVALID = ScoreRefusal("ScoreInvalid", "sheets[2].prompt: missing; write one", stalled=True)
NOT_FOUND = ScoreRefusal("ScoreNotFound", "configmap 'scores' does not exist", stalled=False)


def told(status, kind):
    condition = status.condition(kind)
    return None if condition is None else (condition.status, condition.reason)


def test_the_first_decision_begins_and_launches():
    plan, status = decided(observe(job(), score(3)))
    assert (status.run, status.phase, status.progress, status.observed_generation) == (1, "Running", "0/3", 1)
    assert [each.state for each in status.sheets] == ["dispatched", "pending", "pending"]
    assert status.start_time == stamp(NOW)
    assert status.score.config_map == score_config_map_name(NAME, UID, DIGEST)
    assert (status.score.digest, status.score.total_sheets, status.score.source) == (DIGEST, 3, "spec.scoreText")
    assert len(plan.create) == 1
    assert not plan.notes
    assert not plan.recovered


def test_start_sheet_counts_earlier_ones_as_done():
    plan, status = decided(observe(job(startSheet=3), score(3)))
    assert [each.state for each in status.sheets] == ["completed", "completed", "dispatched"]
    assert status.progress == "2/3"
    assert len(plan.create) == 1


def test_a_start_sheet_beyond_the_score_is_refused():
    plan, status = decided(observe(job(startSheet=4), score(3)))
    assert status.phase == "Refused"
    assert "spec.startSheet: 4" in status.condition("Stalled").message
    assert status.run is None
    assert not plan.create


def test_a_restart_token_from_the_beginning_is_recorded_and_not_obeyed():
    plan, status = decided(observe(job(restart={"token": "a"}), score(1)))
    assert (status.run, status.restart_token) == (1, "a")
    assert not plan.notes


def test_what_must_stand_before_any_pod():
    plan = decide(observe(job(), score(2), stored=False, claim=None))
    assert [each.kind for each in plan.ensure] == ["ConfigMap", "PersistentVolumeClaim"]
    assert (plan.status, plan.create, plan.look_again_at) == (None, (), NOW)
    config_map, claim = (each.body for each in plan.ensure)
    assert config_map["immutable"] is True
    assert config_map["metadata"]["name"] == score_config_map_name(NAME, UID, DIGEST)
    assert [owner["uid"] for owner in config_map["metadata"]["ownerReferences"]] == [UID]
    assert json.loads(config_map["data"]["score.json"])["total_sheets"] == 2
    assert claim["metadata"] == {"name": "tune-workspace", "namespace": "default"}
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def test_a_claim_from_the_jobs_own_template_goes_with_it_only_if_asked():
    template = {"storage": "7Gi", "storageClassName": "fast", "accessModes": ["ReadWriteMany"]}
    workspace = {"volumeClaimTemplate": template, "retentionPolicy": "Delete"}
    (claim,) = decide(observe(job(workspace=workspace), claim=None)).ensure
    assert claim.body["metadata"]["ownerReferences"][0]["uid"] == UID
    assert claim.body["spec"] == {
        "storageClassName": "fast",
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "7Gi"}},
    }


def test_a_users_claim_is_waited_for_and_never_made():
    plan, status = decided(observe(job(workspace={"persistentVolumeClaim": {"claimName": "mine"}}), claim=None))
    assert not plan.ensure
    assert (status.phase, status.waiting.reason) == ("Waiting", "VolumeUnavailable")
    assert "'mine'" in status.waiting.message
    assert plan.look_again_at == NOW + 10


@pytest.mark.parametrize("kind", ["PersistentVolumeClaim", "ConfigMap"])
def test_a_quota_on_what_must_stand_before_any_pod_is_told_and_waited_for(kind):
    seen = observe(job(), score(2), stored=False, claim=None)
    name = next(each.body["metadata"]["name"] for each in decide(seen).ensure if each.kind == kind)
    over = replace(seen, refusals={name: WriteRefusal("QuotaExceeded", "exceeded quota: few", NOW + 30)})
    plan, status = decided(over)
    assert (plan.ensure, plan.create) == ((), ())
    assert (status.phase, status.waiting.reason) == ("Waiting", "QuotaExceeded")
    assert status.waiting.message == "exceeded quota: few"
    assert plan.look_again_at is not None
    assert decide(replace(over, now=NOW + 30)).ensure == decide(seen).ensure


def test_a_score_that_is_not_there_is_waited_for():
    plan, status = decided(observe(job(), NOT_FOUND))
    assert (status.phase, status.waiting.reason, status.waiting.since) == ("Waiting", "ScoreNotFound", stamp(NOW))
    assert told(status, "Succeeded") == ("Unknown", "Waiting")
    assert told(status, "Reconciling") == ("True", "ScoreNotFound")
    assert told(status, "Stalled") == ("False", "ScoreNotFound")
    assert [(note.type, note.reason) for note in plan.notes] == [("Warning", "ScoreNotFound")]
    assert plan.look_again_at == NOW + 10


def test_a_bad_score_stands_until_the_spec_changes():
    plan, status = decided(observe(job(), INVALID))
    assert (status.phase, status.waiting, status.completion_time) == ("Refused", None, None)
    assert told(status, "Accepted") == ("False", "ScoreInvalid")
    assert told(status, "Succeeded") == ("False", "ScoreInvalid")
    assert told(status, "Reconciling") == ("False", "ScoreInvalid")
    assert told(status, "Stalled") == ("True", "ScoreInvalid")
    assert status.condition("Stalled").message == INVALID.message
    assert plan.look_again_at is None


@pytest.mark.parametrize("why", [INVALID, NOT_FOUND], ids=["refused", "waiting"])
def test_it_heals(why):
    seen = observe(job(), why)
    healed = observe(after(seen, decide(seen)).job, score(1))
    _, status = decided(healed)
    assert (status.phase, status.waiting) == ("Running", None)
    assert told(status, "Accepted") == ("True", "Accepted")
    assert told(status, "Stalled") == ("False", "Accepted")
    assert told(status, "Reconciling") == ("False", "Accepted")


def test_another_reason_is_told_and_the_same_is_not():
    seen = observe(job(), NOT_FOUND)
    later = after(seen, decide(seen), seconds=10)
    assert not decide(later).notes
    plan, status = decided(observe(later.job, INVALID, now=NOW + 10))
    assert [note.reason for note in plan.notes] == ["ScoreInvalid"]
    assert status.condition("Stalled").last_transition_time == stamp(NOW + 10)


CEILINGS = {
    "serviceAccountName": "allowed_service_accounts",
    "priorityClassName": "allowed_priority_classes",
    "runtimeClassName": "allowed_runtime_classes",
}


@pytest.mark.parametrize(("field", "ceiling"), CEILINGS.items())
@pytest.mark.parametrize(("allowed", "refused"), [(None, False), ((), True), (("other",), True), (("it",), False)])
def test_ceilings_of_the_sheet_template(field, ceiling, allowed, refused):
    settings = Settings(runner_image="runner:1", **{ceiling: allowed})
    _, status = decided(observe(job(sheetTemplate={field: "it"}), settings=settings))
    assert (status.phase == "Refused") is refused
    if refused:
        assert told(status, "Stalled") == ("True", "FieldUnsupported")
        assert f"spec.sheetTemplate.{field}: 'it'" in status.condition("Stalled").message


@pytest.mark.parametrize(("allowed", "refused"), [(None, False), ((), True), (("other",), True), (("it",), False)])
def test_the_ceiling_of_the_account_that_starts_jobs(allowed, refused):
    settings = Settings(runner_image="runner:1", allowed_service_accounts=allowed)
    _, status = decided(observe(job(hookServiceAccountName="it"), settings=settings))
    assert (status.phase == "Refused") is refused
    if refused:
        assert "spec.hookServiceAccountName: 'it' is not allowed here" in status.condition("Stalled").message


def test_what_is_not_asked_for_meets_no_ceiling():
    settings = Settings(
        "runner:1", allowed_service_accounts=(), allowed_priority_classes=(), allowed_runtime_classes=()
    )
    assert decided(observe(job(), settings=settings))[1].phase == "Running"


@pytest.mark.parametrize("sub_path", [".marianne", ".marianne/x", "./.marianne", ".", "a/../.marianne", "a/.."])
def test_a_workspace_cannot_hold_the_ledger(sub_path):
    """An agent that tidies up there would undo what was paid for; the schema refuses such a path."""
    with pytest.raises(ValidationError):
        job(workspace={"persistentVolumeClaim": {"claimName": "mine", "subPath": sub_path}})


def test_fields_without_effect_are_said():
    compiled = score(1, without_effect=["learning"], warnings=["sheets[1]: odd"])
    _, status = decided(observe(job(selfHealing=True), compiled))
    assert told(status, "Accepted") == ("True", "FieldsWithoutEffect")
    assert status.condition("Accepted").message == "no effect yet: learning; sheets[1]: odd"


def test_an_edited_score_is_ignored_and_says_so_until_it_is_taken_back():
    status = running_status(sheet(1, "dispatched", 1))
    _, edited = decided(observe(job(status=status, generation=2), pods=[running()], changed=True))
    assert told(edited, "ScoreChangeIgnored") == ("True", "Ignored")
    assert edited.observed_generation == 2
    _, back = decided(observe(job(status=edited, generation=3), pods=[running()]))
    assert told(back, "ScoreChangeIgnored") == ("False", "Unchanged")
