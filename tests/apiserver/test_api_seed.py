"""The seed's routes against a real API server and a real operator: every status code, and what is written."""

import httpx
import yaml

from tests.apiserver.jobs import CLAIM, SUB_PATH, score
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api, jobs_path

START_KEYS = {
    "success", "job_id", "job_name", "status", "workspace", "total_sheets", "pid", "message", "via_daemon",
}  # fmt: skip


async def test_start(operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str) -> None:
    asked = {
        "config_content": yaml.safe_dump(score(3)),
        "workspace": f"{CLAIM}/{SUB_PATH}",
        "start_sheet": 2,
        "self_healing": True,
        "namespace": namespace,
    }
    answer = await http.post("/api/jobs", json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) == START_KEYS
    spec = (await api.get(jobs_path(namespace, told["job_id"].partition(".")[2])))["spec"]
    assert (spec["startSheet"], spec["selfHealing"]) == (2, True)
    assert spec["workspace"]["persistentVolumeClaim"] == {"claimName": CLAIM, "subPath": SUB_PATH}
