"""Real scores played to their end: the real operator and runner, and an agent that does what our answers say."""

import shutil
from pathlib import Path
from typing import Any

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.scores import broken, plays
from tests.simulated_kubelet.api import Api
from tests.simulated_kubelet.kubelet import SimulatedKubelet

AGENT = Path(__file__).parents[2] / "images/agent/scripted_agent.py"
ANSWERS = ".answers"
"""In each workspace."""


def workspace_of(name: str) -> dict[str, Any]:
    """A folder of its own for each score."""
    return {"persistentVolumeClaim": {"claimName": jobs.CLAIM, "subPath": name}}


async def add_instrument(api: Api, namespace: str, body: dict[str, Any]) -> None:
    await api.post(f"/apis/marianne.dev/v1alpha1/namespaces/{namespace}/instruments", body)


async def test_real_scores_run_to_their_ends(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    for body in plays.instruments(str(AGENT), ANSWERS, "agent"):
        await add_instrument(api, namespace, body)
    for name in plays.PLAYED:
        shutil.copytree(plays.ANSWERS / name, kubelet.folders.claim(namespace, jobs.CLAIM) / name / ANSWERS)
        await jobs.submit(api, namespace, jobs.job(name, None, workspace=workspace_of(name), **plays.spec_of(name)))
    for name in plays.PLAYED:
        phase = "Failed" if name in plays.BROKEN else "Completed"
        plays.check_end(name, await jobs.until_phase(api, namespace, name, phase, 180))


async def test_broken_scores_end_with_their_failures(
    api: Api, namespace: str, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    await add_instrument(api, namespace, plays.instrument(broken.INSTRUMENT, str(AGENT), None, "agent"))
    for name, score in broken.SCORES.items():
        await jobs.submit(api, namespace, jobs.job(name, score.score, workspace=workspace_of(name)))
    for name in broken.SCORES:
        broken.check_end(name, await jobs.until_phase(api, namespace, name, "Failed", 60))
