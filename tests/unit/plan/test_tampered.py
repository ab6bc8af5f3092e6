"""The job's key: made once, given to every Pod, asked of every verdict; and what follows a ledger that was forged."""

from dataclasses import replace

import pytest

from marianne_operator.model.status import SheetStatus
from marianne_operator.model.told import verdict_of
from marianne_operator.plan.decide import decide
from marianne_operator.plan.outcome import Ended, Going, judge, spoke
from marianne_runner.contract import KEY_VARIABLE, PROTOCOL, SIGNED_PROTOCOL, encode_message
from tests.unit.plan.build import NOW, after, decided, ended, job, observe, pod, running_status, score, sheet, verdict

KEY = "0123456789abcdef" * 2
OTHER = "f" * 32


def keyed(*sheets: SheetStatus):
    return running_status(*sheets).model_copy(update={"nonce": KEY})


def said(told, key=KEY, **changes):
    """A Pod that has ended with this message."""
    uid = ended().uid
    return ended(text=encode_message({**told, "pod_uid": uid}, key).decode(), **changes)


def environment(manifest):
    return manifest["spec"]["containers"][0]["env"]


def brief_of(manifest):
    return manifest["metadata"]["annotations"]["marianne.dev/brief"]


# ---- the key


def test_a_job_that_begins_takes_the_key_and_keeps_it():
    first = observe(job(), nonce=KEY)
    plan, status = decided(first)
    assert status.nonce == KEY
    assert environment(plan.create[0])[-1] == {"name": KEY_VARIABLE, "value": KEY}
    again = after(first, plan, nonce=OTHER)
    assert decide(again).status is None, "another key changes nothing"


def test_the_key_is_the_last_variable_so_that_no_other_can_repeat_it():
    template = {"env": [{"name": "STOLEN", "value": f"$({KEY_VARIABLE})"}]}
    plan, _ = decided(observe(job(sheetTemplate=template), nonce=KEY))
    names = [each["name"] for each in environment(plan.create[0])]
    assert names.index("STOLEN") < names.index(KEY_VARIABLE) == len(names) - 1


@pytest.mark.parametrize(("key", "protocol"), [(KEY, SIGNED_PROTOCOL), (None, PROTOCOL)])
def test_a_runner_too_old_to_sign_refuses_the_brief_of_a_job_with_a_key(key, protocol):
    plan, _ = decided(observe(job(), nonce=key))
    assert f'"protocol":{protocol},' in brief_of(plan.create[0])
    assert (KEY_VARIABLE in str(plan.create[0])) == (key is not None)


def test_a_job_that_began_without_a_key_goes_on_without():
    told = verdict()
    seen = observe(job(status=running_status(sheet(1, "dispatched", 1), sheet(2))), nonce=KEY, pods=[said(told, "")])
    plan, status = decided(seen)
    assert (status.nonce, status.sheets[0].state) == (None, "completed")
    assert KEY_VARIABLE not in str(plan.create[0])


# ---- what a Pod says


def test_a_signed_verdict_is_believed():
    assert spoke(said(verdict()), KEY)
    found = judge(said(verdict(), exit_code=0), None, NOW, KEY)
    assert isinstance(found, Ended)
    assert (found.reason, found.told["outcome"]) == ("", "completed")


@pytest.mark.parametrize("key", ["", OTHER], ids=["unsigned", "signed with another key"])
def test_a_forged_verdict_is_none_and_says_so(key):
    over = said(verdict(), key, exit_code=0)
    assert not spoke(over, KEY)
    found = judge(over, None, NOW, KEY)
    assert isinstance(found, Ended)
    assert (found.reason, found.told) == ("VerdictMissing", None)
    assert "not signed with the job's key" in found.message
    going = replace(over, phase="Running")
    assert isinstance(judge(going, None, NOW, KEY), Going), "and nothing is taken from it before the phase is final"


def test_a_signature_does_not_hold_for_another_text():
    over = said(verdict("failed", "ExitCode"), exit_code=1)
    forged = over.container.message.replace("failed", "skipped", 1)
    assert verdict_of(replace(over, container=replace(over.container, message=forged)), KEY)[0] is None


def test_a_forged_verdict_costs_the_sheet_nothing_until_the_cap():
    seen = observe(job(status=keyed(sheet(1, "dispatched", 1))), score(1), pods=[said(verdict(), "", exit_code=0)])
    plan, status = decided(seen)
    first = status.sheets[0]
    assert (first.infrastructure_ends, first.normal_attempts, first.attempt) == (1, 0, 2)
    assert [(note.reason, "forged" in note.message) for note in plan.notes] == [("SheetDisrupted", True)]


def test_a_runner_that_is_too_old_is_heard_though_it_cannot_sign():
    over = said(verdict("failed", "ProtocolMismatch", message="build the image anew"), "", exit_code=1)
    seen = observe(job(status=keyed(sheet(1, "dispatched", 1))), score(1), pods=[over])
    _, status = decided(seen)
    assert (status.sheets[0].state, status.sheets[0].error_code) == ("failed", "E301")
    assert "build the image anew" in status.sheets[0].error_message


@pytest.mark.parametrize("outcome", ["completed", "skipped", "not_started", "lost"])
def test_nothing_else_hides_behind_that(outcome):
    assert verdict_of(said(verdict(outcome, "ProtocolMismatch"), ""), KEY)[0] is None


@pytest.mark.parametrize("key", ["run", "sheet", "attempt"])
def test_nor_does_it_bring_what_no_reader_expects(key):
    said_so = verdict("failed", "ProtocolMismatch") | {key: "x"}
    assert verdict_of(said(said_so, ""), KEY) == (None, f"not a verdict: {key} is malformed")


# ---- what a runner found


def test_a_forged_ledger_burns_a_try_and_is_told_once():
    over = said(verdict("lost", "LedgerTampered", message="somebody forged it"), exit_code=1)
    seen = observe(job(status=keyed(sheet(1, "dispatched", 1))), score(1, tries=3), pods=[over])
    plan, status = decided(seen)
    first = status.sheets[0]
    assert (first.state, first.normal_attempts, first.infrastructure_ends) == ("retry_scheduled", 1, 0)
    assert [(note.reason, note.message) for note in plan.notes] == [
        ("LedgerTampered", "sheet 1 attempt 1: somebody forged it")
    ]


def test_a_changed_output_fails_the_sheet_that_needs_it_at_once():
    told = verdict("not_started", "LedgerTampered", message="the output of sheet 1 was changed; restart", number=2)
    over = said(told, exit_code=1)
    over = replace(over, name=over.name.replace("-s1-", "-s2-"), sheet=2)
    before = sheet(2, "dispatched", 1)
    done = sheet(1, "completed", 1)
    _, status = decided(observe(job(status=keyed(done, before)), score(2, tries=3), pods=[over]))
    assert (status.sheets[1].state, status.sheets[1].normal_attempts) == ("failed", 1)
    assert status.phase == "Failed"
    assert "the output of sheet 1 was changed" in status.condition("Succeeded").message


# ---- digests of outputs


CROSS = {"auto_capture_stdout": True, "max_output_chars": 100, "capture_files": [], "lookback_sheets": 0}


def test_a_digest_goes_from_the_verdict_to_the_status_to_the_next_brief():
    compiled = score(2, cross_sheet=CROSS)
    over = said(verdict(output_digest="0011223344556677"), exit_code=0)
    plan, status = decided(observe(job(status=keyed(sheet(1, "dispatched", 1), sheet(2))), compiled, pods=[over]))
    assert status.sheets[0].output_digest == "0011223344556677"
    assert '"output_digests":{"1":"0011223344556677"}' in brief_of(plan.create[0])


@pytest.mark.parametrize("digest", ["", "0", "0" * 17, "G" * 16, 7, None, ["0" * 16]])
def test_a_digest_that_is_none_makes_the_verdict_unreadable(digest):
    assert verdict_of(said(verdict(output_digest=digest)), KEY)[0] is None


def test_a_pod_that_works_is_not_asked():
    assert isinstance(judge(pod(), None, NOW, KEY), Going)
