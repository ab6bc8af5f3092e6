"""Scores that are broken on purpose end with the failure that is theirs."""

from tests.apiserver import jobs
from tests.apiserver.agents import AGENT, add_instrument, workspace_of
from tests.apiserver.operator_process import OperatorProcess
from tests.scores import broken
from tests.scores.agent import instrument
from tests.simulated_kubelet.api import Api
from tests.simulated_kubelet.kubelet import SimulatedKubelet


async def test_broken_scores_end_with_their_failures(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    await add_instrument(api, namespace, instrument(broken.INSTRUMENT, AGENT, None, "agent"))
    for name, score in broken.SCORES.items():
        await jobs.submit(api, namespace, jobs.job(name, score.score, workspace=workspace_of(name)))
    for name in broken.SCORES:
        broken.check_end(name, await jobs.until_phase(api, namespace, name, "Failed", 60))
