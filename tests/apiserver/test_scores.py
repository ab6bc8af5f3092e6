"""Real scores played to their end: the real operator and runner, and an agent that does what our answers say."""

import shutil

from tests.apiserver import jobs
from tests.apiserver.agents import AGENT, add_instrument, workspace_of
from tests.apiserver.operator_process import OperatorProcess
from tests.scores import plays
from tests.simulated_kubelet.api import Api
from tests.simulated_kubelet.kubelet import SimulatedKubelet

ANSWERS = ".marianne-answers"
"""In each workspace, under a name that a fresh run does not archive."""


async def test_real_scores_run_to_their_ends(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    for body in plays.instruments(AGENT, ANSWERS, "agent"):
        await add_instrument(api, namespace, body)
    for name in plays.PLAYED:
        shutil.copytree(plays.ANSWERS / name, kubelet.folders.claim(namespace, jobs.CLAIM) / name / ANSWERS)
        await jobs.submit(api, namespace, jobs.job(name, None, workspace=workspace_of(name), **plays.spec_of(name)))
    for name in plays.PLAYED:
        phase = "Failed" if name in plays.BROKEN else "Completed"
        plays.check_end(name, await jobs.until_phase(api, namespace, name, phase, 180))
