"""A budget on a real API server: reached, raised in the job's own score, and nothing is paid for twice."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apiserver import jobs
from tests.apiserver.agents import AGENT, add_instrument
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.scores.agent import instrument
from tests.simulated_kubelet.api import Api, Body, jobs_path

SCRIPT = """Sheet {{ sheet_num }}
```script
@append tries
{{ sheet_num }}
@end
@tokens 1000 100
@say done
```
"""
PRICES = [{"inputPerMillion": 3, "outputPerMillion": 15}]
"""A sheet costs 4500 millionths of a dollar."""


@pytest.fixture
async def priced(api: Api, namespace: str) -> None:
    agent = instrument("agent", AGENT, None, "agent:1")
    agent["spec"]["prices"] = PRICES
    await add_instrument(api, namespace, agent)


def score(**limits: Any) -> dict[str, Any]:
    written = {"max_cost_per_job": 0.008, "warn_at_percent": 50, **limits}
    return jobs.score(3, SCRIPT, instrument="agent", cost_limits=written)


async def edit_score(api: Api, namespace: str, tree: dict[str, Any]) -> None:
    await jobs.edit(api, namespace, "song", scoreText=yaml.safe_dump(tree))


@pytest.mark.usefixtures("priced")
async def test_a_cap_is_reached_and_raised_and_the_total_is_kept(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", score()))
    held = await jobs.until_phase(api, namespace, "song", "Waiting")
    assert held["waiting"]["reason"] == "BudgetReached" and "max_cost_per_job" in held["waiting"]["message"]
    assert (held["progress"], held["totalCostMicroUsd"], held["cost"]) == ("2/3", 9000, "$0.0090")
    first = held["sheets"][0]
    assert (first["estimatedCostMicroUsd"], first["costSource"]) == (4500, "reported")
    await jobs.until_event(api, namespace, "song", "BudgetWarning")
    await jobs.until_event(api, namespace, "song", "BudgetReached")

    await edit_score(api, namespace, {**score(), "prompt": {"template": "another"}, "nonsense": 1})
    refused = await _condition(api, namespace, "nonsense")
    assert refused["status"] == "True"
    assert (await jobs.status_of(api, namespace, "song"))["phase"] == "Waiting"

    await edit_score(api, namespace, score(max_cost_per_job=0.1))
    done = await jobs.until_phase(api, namespace, "song", "Completed")
    assert (done["totalCostMicroUsd"], done["run"]) == (13500, 1)
    assert (workspace / "tries").read_text().split() == ["1", "2", "3"], "nothing is paid for twice"
    assert jobs.condition(done, "ScoreChangeIgnored") == ("False", "LimitsTaken")


async def test_a_raised_cap_is_not_forgotten_by_a_new_operator(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    """Nothing of the spec changes after the restart: the edited score is read again because the status knows of it."""
    await add_instrument(api, namespace, talking_shell())
    script = f"{jobs.HELD}; echo '{json.dumps({'usage': {'in': 1000, 'out': 100}})}'"
    capped = jobs.score(3, script, instrument="agent", cost_limits={"max_cost_per_job": 0.004})
    await jobs.submit(api, namespace, jobs.job("song", capped))
    await jobs.until_performed(workspace)
    raised = {**capped, "cost_limits": {"max_cost_per_job": 0.1}, "prompt": {"template": "exit 1"}}
    await edit_score(api, namespace, raised)
    told = await _condition(api, namespace, "cost_limits of the edited score took effect")
    assert (told["status"], told["reason"]) == ("True", "Ignored")
    operator.kill()
    await operator.ended()
    await operator.launch()
    (workspace / "go").touch()
    done = await jobs.until_phase(api, namespace, "song", "Completed")
    assert done["totalCostMicroUsd"] == 13500
    assert len(jobs.performances(workspace)) == 3, "the prompt is the one that was accepted"


def talking_shell() -> Body:
    """Bash in the place of an agent: its prompt tells what tokens it used."""
    output = {"format": "json", "input_tokens_path": "usage.in", "output_tokens_path": "usage.out"}
    command = {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False}
    profile = {"name": "agent", "kind": "cli", "raw_prompt": True, "cli": {"command": command, "output": output}}
    return {
        "apiVersion": "marianne.dev/v1alpha1",
        "kind": "Instrument",
        "metadata": {"name": "agent"},
        "spec": {"profile": profile, "prices": PRICES},
    }


async def _condition(api: Api, namespace: str, message: str) -> Body:
    async def told() -> Body | None:
        conditions = (await api.get(jobs_path(namespace, "song"))).get("status", {}).get("conditions", ())
        found = [each for each in conditions if each["type"] == "ScoreChangeIgnored" and message in each["message"]]
        return found[0] if found else None

    return await wait_for(f"ScoreChangeIgnored to tell of {message!r}", told)
