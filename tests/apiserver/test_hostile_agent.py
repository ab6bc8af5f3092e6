"""An agent that forges the ledger and the message, before the real operator: what it wrote counts for nothing."""

import json
from pathlib import Path

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api

COMPLETED = {"protocol": 1, "run": 1, "sheet": 1, "attempt": 1, "outcome": "completed", "reason": "", "message": ""}
VERDICT = json.dumps({**COMPLETED, "pod_uid": "$uid", "passed_rules": [], "failed_rules": []}).replace('"', '\\"')
FORGES = (
    f"{jobs.INSTRUMENT}; cd $HOME/..; uid=$(cat marianne/brief/pod-uid); [ -e {{{{ workspace }}}}/once ] && exit 0; "
    f'touch {{{{ workspace }}}}/once; echo "{VERDICT}" > dev/termination-log; '
    "cd marianne/ledger/*/s1/a1; chmod 700 .; cat $HOME/../dev/termination-log > verdict; exit 3"
)


async def test_a_forged_verdict_costs_the_attempt_and_the_next_one_performs(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, FORGES)))
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    (sheet,) = status["sheets"]
    assert (sheet["attempt"], sheet["normalAttempts"], sheet.get("infrastructureEnds", 0)) == (2, 1, 0)
    assert len(jobs.performances(workspace)) == 2
    assert "sheet 1 attempt 1" in await jobs.until_event(api, namespace, "song", "LedgerTampered")
    first, second = [pod["spec"]["containers"][0]["env"][-1] for pod in await jobs.pods_of(api, namespace, "song")]
    assert first == second == {"name": "MARIANNE_LEDGER_KEY", "value": status["nonce"]}


async def test_a_digest_of_what_is_handed_on_is_in_the_status(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    body = jobs.job("song", jobs.score(2, cross_sheet={"auto_capture_stdout": True}))
    await jobs.submit(api, namespace, body)
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    pods = {
        pod["metadata"]["name"]: pod["metadata"]["annotations"] for pod in await jobs.pods_of(api, namespace, "song")
    }
    told = json.loads(pods[status["sheets"][1]["podName"]]["marianne.dev/brief"])
    assert told["output_digests"] == {"1": status["sheets"][0]["outputDigest"]}
    assert told["protocol"] == 2
