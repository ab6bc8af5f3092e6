"""Instruments as objects: which one a name means, and one that is a server."""

import base64
from pathlib import Path
from typing import Any

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, Body, jobs_path
from tests.unit.runner.model_server import ModelServer

GROUP = "/apis/marianne.dev/v1alpha1"
KEY = "secret-of-the-model"


def instrument(kind: str, name: str, spec: Body) -> Body:
    return {"apiVersion": "marianne.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def shell(says: str) -> Body:
    command = {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False, "env": {"SAYS": says}}
    return {"profile": {"raw_prompt": True, "cli": {"command": command}}}


def told(status: Body) -> list[str]:
    return [sheet["stdoutTail"].strip() for sheet in status["sheets"]]


async def test_a_name_is_an_alias_then_the_namespaces_then_the_clusters(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    """Applied in any order: the job waits for what it names, and goes on once that is there."""
    theirs = f"player-of-{namespace}"
    aliases = {"soloist": {"profile": theirs.replace("-", "_").upper()}}
    score = jobs.score(1, "echo $SAYS", instrument="soloist", instruments=aliases)
    await jobs.submit(api, namespace, jobs.job("first", score))
    status = await jobs.until_waiting(api, namespace, "first", "InstrumentNotFound")
    assert theirs in status["waiting"]["message"]
    await api.post(f"{GROUP}/clusterinstruments", instrument("ClusterInstrument", theirs, shell("the cluster's")))
    assert told(await jobs.until_phase(api, namespace, "first", "Completed")) == ["the cluster's"]

    await api.post(f"{GROUP}/namespaces/{namespace}/instruments", instrument("Instrument", theirs, shell("ours")))
    await jobs.submit(api, namespace, jobs.job("second", score))
    assert told(await jobs.until_phase(api, namespace, "second", "Completed")) == ["ours"]


async def test_a_server_performs_sheets(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "model"}}
    data = {"key": base64.b64encode(KEY.encode()).decode()}
    await api.post(f"/api/v1/namespaces/{namespace}/secrets", {**secret, "data": data})
    answer: dict[str, Any] = {"content": [{"type": "text", "text": "four"}]}
    answer |= {"usage": {"input_tokens": 11, "output_tokens": 7}}
    with ModelServer().running() as server:
        server.answers["/v1/messages"] = (200, {}, answer)
        http = {"base_url": server.url, "schema_family": "anthropic", "auth_env_var": "MODEL_KEY"}
        spec: Body = {"profile": {"kind": "http", "default_model": "large", "http": http}}
        spec["credentials"] = [{"name": "MODEL_KEY", "secretKeyRef": {"name": "model", "key": "key"}}]
        await api.post(f"{GROUP}/namespaces/{namespace}/instruments", instrument("Instrument", "thinker", spec))
        blind = {"type": "command_succeeds", "command": 'test -z "$MODEL_KEY"'}
        config = {"model": "small", "temperature": 0.5}
        score = jobs.score(1, "two and two?", instrument="thinker", instrument_config=config, validations=[blind])
        await jobs.submit(api, namespace, jobs.job("sums", score))
        status = await jobs.until_phase(api, namespace, "sums", "Completed")
    (asked,) = server.asked
    assert (asked.headers["x-api-key"], asked.body["model"], asked.body["temperature"]) == (KEY, "small", 0.5)
    assert "two and two?" in asked.body["messages"][0]["content"]
    (sheet,) = status["sheets"]
    assert (sheet["stdoutTail"], sheet["inputTokens"], sheet["outputTokens"]) == ("four", 11, 7)
    assert KEY not in str(await api.get(jobs_path(namespace, "sums")))
    assert not [path for path in workspace.rglob("*") if path.is_file() and KEY in path.read_text(errors="replace")]
