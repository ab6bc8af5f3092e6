"""Others write too, and the API server fails at times: nothing is done twice, and nobody's edit is lost."""

import asyncio
import itertools
from pathlib import Path

import pytest

from tests.apiserver import jobs
from tests.apiserver.audit import Audit
from tests.apiserver.fault_proxy import Fault, FaultProxy
from tests.apiserver.install import Installation
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.referee import Referee
from tests.simulated_kubelet.api import Api, jobs_path

FIVE_ONCE = {(sheet, 1): 1 for sheet in range(1, 6)}


async def test_labels_are_edited_in_a_loop(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess, installation: Installation
) -> None:
    audit = Audit(installation)
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(5, dependencies=jobs.DIAMOND)))
        fuzzing = asyncio.create_task(edit_labels(api, namespace))
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        fuzzing.cancel()
        last = await asyncio.gather(fuzzing, return_exceptions=True)
        assert isinstance(last[0], asyncio.CancelledError), f"the fuzzer ended by itself: {last}"
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == FIVE_ONCE
        labels = [
            int(job["metadata"]["labels"]["edit"]) for job in referee.jobs["song"] if job["metadata"].get("labels")
        ]
    assert labels == sorted(labels), "no edit was undone"
    assert [call for call in audit.calls(namespace) if call.code == 409], "or else this proves nothing"


async def edit_labels(api: Api, namespace: str) -> None:
    for number in itertools.count():
        await api.patch(jobs_path(namespace, "song"), {"metadata": {"labels": {"edit": str(number)}}})


@pytest.mark.parametrize("fault", [Fault.FAIL_BEFORE, Fault.FAIL_AFTER], ids=lambda fault: fault.name)
async def test_every_second_write_fails(
    api: Api,
    namespace: str,
    workspace: Path,
    proxy: FaultProxy,
    proxied_operator: OperatorProcess,
    fault: Fault,
) -> None:
    proxy.arm(lambda write: fault if write.number % 2 else Fault.NONE)
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(5, dependencies=jobs.DIAMOND)))
        status = await jobs.until_phase(api, namespace, "song", "Completed", 60)
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == FIVE_ONCE
    assert proxy.hit is not None
    assert await proxied_operator.ready()
