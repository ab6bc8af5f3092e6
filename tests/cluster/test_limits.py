"""A provider's limit over two jobs, on real Pods: both are held, one sheet tries first, then both go on."""

import time
from datetime import UTC, datetime

import pytest

from tests.cluster.lane import Lane, bash_score, wait_for

pytestmark = pytest.mark.usefixtures("installed")
SECONDS = 20
SCRIPT = """
if [ "$(date +%s)" -lt {{ commands.reset }} ]; then
  echo 'usage limit reached, resets at {{ commands.told }}' >&2
  exit 1
fi
date +%s.%N >> begun; sleep 2; date +%s.%N >> done
"""


def test_a_limit_over_two_jobs_is_tried_by_one_sheet_and_then_both_go_on(lane: Lane) -> None:
    command = {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False}
    keyed = {
        "profile": {"kind": "cli", "raw_prompt": True, "cli": {"command": command}},
        "credentials": [{"name": "KEY", "secretKeyRef": {"name": "model", "key": "key"}}],
    }
    meta = {"name": "keyed"}
    lane.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "model"}, "stringData": {"key": "k"}},
        {"apiVersion": "marianne.dev/v1alpha1", "kind": "Instrument", "metadata": meta, "spec": keyed},
    )
    reset = int(time.time()) + SECONDS
    told = datetime.fromtimestamp(reset, UTC).isoformat().replace("+00:00", "Z")
    prompt = {"variables": {"commands": {"reset": reset, "told": told}}, "template": SCRIPT}
    score = bash_score("", instrument="keyed", prompt=prompt)
    lane.job("morning", score)
    held = lane.await_status("morning", lambda status: (status.get("waiting") or {}).get("reason") == "RateLimited")
    assert held["waiting"]["until"][:19] == told[:19], "the reset is kept to the second"
    lane.job("evening", score)
    other = lane.await_status("evening", lambda status: (status.get("waiting") or {}).get("reason") == "RateLimited")
    assert other["waiting"]["until"] == held["waiting"]["until"]
    assert other["sheets"][0]["attempt"] == 0, "the second job has started no Pod"
    limited = wait_for(lambda: lane.get("instrument.marianne.dev", "keyed").get("status", {}), bool)
    assert limited["limitedUntil"] == held["waiting"]["until"]
    sheets = {job: lane.await_phase(job, "Completed")["sheets"][0] for job in ("morning", "evening")}
    assert {job: sheet["attempt"] for job, sheet in sheets.items()} == {"morning": 2, "evening": 1}
    begun, done = (
        sorted(float(line) for job in sheets for line in lane.lines(f"{job}-workspace", file))
        for file in ("begun", "done")
    )
    assert len(begun) == 2 and done[0] <= begun[1], "one tries, and the other follows when that has ended"
    wait_for(lambda: lane.get("instrument.marianne.dev", "keyed").get("status", {}), lambda s: "limitedUntil" not in s)
