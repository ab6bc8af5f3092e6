"""Agents that try to get more than their sheet, on real Pods: what they cost is their own attempt."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.lane import Lane, bash_score

pytestmark = pytest.mark.usefixtures("installed")

VERDICT = json.dumps(
    {"protocol": 1, "outcome": "completed", "reason": "", "message": "", "passed_rules": [], "failed_rules": []}
    | {"pod_uid": "$uid", "run": 1, "sheet": 1, "attempt": 1}
).replace('"', '\\"')
UID = "uid=$(cat /marianne/brief/pod-uid)"
SEARCH = (
    "{ env; cat /proc/1/environ; cat /proc/*/environ; head -c 4096 /proc/1/mem; ls -l /proc/1/fd; "
    "cat /marianne/brief/* /marianne/score/*; } > seen 2>&1; (echo; echo looked) >> seen; "
)
FORGES_LEDGER = (
    f'{SEARCH}{UID}; cd /marianne/ledger/*/s1/a1; chmod 700 .; rm -f started; echo "{VERDICT}" > verdict; exit 3'
)
FORGES_MESSAGE = f'{UID}; echo "{VERDICT}" > /dev/termination-log; kill -TERM 1; kill -KILL 1; sleep 60'
DAEMONS = (
    "for i in 1 2 3; do (setsid sh -c 'trap : TERM HUP; sleep 9999 & sleep 9998' &); done; "
    "until [ $(pgrep -cx sleep) -ge 6 ]; do :; done; pgrep -x sleep > forked"
)
CHANGES = "chmod 700 /marianne/ledger/*/s1/a1; echo another melody > /marianne/ledger/*/s1/a1/stdout"
HANDS_ON = (
    "{% if sheet_num == 1 %}echo a melody{% elif sheet_num == 2 %}"
    + CHANGES
    + "{% else %}echo '{{ previous_outputs[1] }}' > heard{% endif %}"
)


@pytest.fixture(scope="module")
def hostile(module_lane: Lane, installed: None) -> Iterator[Lane]:
    """All of them at once: each waits for little but itself."""
    lane = module_lane
    gone = {"type": "command_succeeds", "command": "test -s forked && ! pgrep -x sleep", "retry_count": 0}
    lane.job("ledger", bash_score(FORGES_LEDGER))
    lane.job("message", bash_score(FORGES_MESSAGE))
    lane.job("daemons", bash_score(DAEMONS, rules=[gone]))
    handed = {"cross_sheet": {"auto_capture_stdout": True}, "prompt": {"template": HANDS_ON}}
    lane.job("output", bash_score("", "", "", **handed))
    yield lane


def test_a_forged_mark_is_set_aside_and_the_sheet_pays(hostile: Lane) -> None:
    hostile.await_phase("ledger", "Failed")
    sheet = hostile.sheet("ledger")
    assert (sheet["state"], sheet["normalAttempts"], sheet.get("infrastructureEnds", 0)) == ("failed", 1, 0)
    assert "something else than the runner made or removed marks" in sheet["errorMessage"]
    assert "LedgerTampered" in {event["reason"] for event in hostile.events("ledger")}


def test_the_key_is_nowhere_to_be_read(hostile: Lane) -> None:
    hostile.await_phase("ledger", "Failed")
    pod = hostile.get("pod", hostile.sheet("ledger")["podName"])
    key = hostile.status("ledger")["nonce"]
    assert pod["spec"]["containers"][0]["env"][-1]["value"] == key, "it was there"
    seen = hostile.lines("ledger-workspace", "seen")
    assert seen[-1] == "looked"
    assert not [line for line in seen if key in line]
    assert any("Permission denied" in line for line in seen), "nobody reads the runner through /proc"


def test_a_forged_message_completes_nothing(hostile: Lane) -> None:
    hostile.await_phase("message", "Failed")
    sheet = hostile.sheet("message")
    assert (sheet["state"], sheet["normalAttempts"], sheet["errorCategory"]) == ("failed", 1, "signal")


def test_daemons_do_not_outlive_it(hostile: Lane) -> None:
    hostile.await_phase("daemons", "Completed")
    assert len(hostile.lines("daemons-workspace", "forked")) >= 3


def test_an_output_that_was_changed_reaches_nobody(hostile: Lane) -> None:
    status = hostile.await_phase("output", "Failed")
    states = [sheet["state"] for sheet in status["sheets"]]
    assert states == ["completed", "completed", "failed"]
    assert "the output of sheet 1 (attempt 1)" in status["sheets"][2]["errorMessage"]
    assert hostile.lines("output-workspace", "heard") == []
