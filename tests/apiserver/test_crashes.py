"""The operator is killed before and after each of its writes: nothing is performed twice, and nothing is lost."""

import asyncio

import pytest

from tests.apiserver import jobs
from tests.apiserver.fault_proxy import Fault, FaultProxy, nth
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.referee import Referee
from tests.simulated_kubelet.api import Api
from tests.simulated_kubelet.kubelet import SimulatedKubelet

FEWEST_WRITES = 10
"""Of a job of five sheets: its ConfigMap, at least one status per wake-up, five Pods."""
ONCE = {(sheet, 1): 1 for sheet in range(1, 6)}


def five_sheets(name: str) -> dict[str, object]:
    body = jobs.job(name, jobs.score(5, dependencies=jobs.DIAMOND))
    body["spec"]["workspace"]["persistentVolumeClaim"]["subPath"] = name
    return body


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", [Fault.KILL_BEFORE, Fault.KILL_AFTER], ids=lambda fault: fault.name)
async def test_killed_at_every_write(
    fault: Fault,
    api: Api,
    namespace: str,
    kubelet: SimulatedKubelet,
    proxy: FaultProxy,
    proxied_operator: OperatorProcess,
) -> None:
    number = 0
    async with Referee(api, namespace) as referee:
        while number == 0 or proxy.hit is not None:
            number += 1
            name = f"killed-{number}"
            proxy.arm(nth(number, fault))
            await jobs.submit(api, namespace, five_sheets(name))
            await _completed_or_killed(api, namespace, name, proxied_operator)
            if proxy.hit is not None:
                await proxied_operator.ended()
                await proxied_operator.launch()
            status = await jobs.until_phase(api, namespace, name, "Completed")
            await referee.has_seen(name, status)
            workspace = kubelet.folders.claim(namespace, jobs.CLAIM) / name
            assert referee.performed(workspace) == ONCE, f"{fault.value}: {proxy.hit}"
            referee.check(name, workspace)
    assert number > FEWEST_WRITES


async def _completed_or_killed(api: Api, namespace: str, name: str, operator: OperatorProcess) -> None:
    tasks = {
        asyncio.create_task(jobs.until_phase(api, namespace, name, "Completed")),
        asyncio.create_task(operator.ended(60)),
    }
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in done:
        task.result()
