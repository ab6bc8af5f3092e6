"""What the reason of a failure does, from the instrument's last words to the job's status, on a real API server."""

from pathlib import Path

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api


async def test_what_is_missing_is_completed(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    script = f"{jobs.INSTRUMENT}; cd {{{{ workspace }}}}; [ -e b ] && touch c; touch a b; exit 0"
    rules = [{"type": "file_exists", "path": f"{{workspace}}/{name}", "retry_count": 0} for name in "abc"]
    retry = {"max_retries": 1, "completion_delay_seconds": 0.2}
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, script, validations=rules, retry=retry)))
    (sheet,) = (await jobs.until_phase(api, namespace, "song", "Completed"))["sheets"]
    assert (sheet["attempt"], sheet.get("normalAttempts", 0), sheet["completionAttempts"]) == (2, 0, 1)
    assert (sheet["executionMode"], sheet["outcomeCategory"]) == ("completion", "success_completion")


async def test_a_limit_is_waited_for(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    script = f"{jobs.INSTRUMENT}; echo 'usage limit reached, try again in 20 minutes' >&2; exit 1"
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, script, retry={"max_retries": 1})))
    status = await jobs.until_phase(api, namespace, "song", "Waiting")
    assert status["waiting"]["reason"] == "RateLimited"
    (sheet,) = status["sheets"]
    assert (sheet["errorCode"], sheet["rateLimitWaits"], sheet.get("normalAttempts", 0)) == ("E101", 1, 0)
    assert len(jobs.performances(workspace)) == 1
    await jobs.edit(api, namespace, "song", cancel=True)
    await jobs.until_phase(api, namespace, "song", "Cancelled")


async def test_what_cannot_be_mended_is_not_tried_again(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(1, f"{jobs.INSTRUMENT}; kill -SEGV $$")))
    (sheet,) = (await jobs.until_phase(api, namespace, "song", "Failed"))["sheets"]
    assert (sheet["errorCode"], sheet["errorCategory"], sheet["normalAttempts"]) == ("E003", "fatal", 1)
