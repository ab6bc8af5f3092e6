"""Scores judged and started over HTTP, without a job in view."""

from typing import Any

import httpx
import pytest
import yaml

from marianne_operator.score.lint.text import lint
from tests.apiserver import jobs
from tests.simulated_kubelet.api import Api, jobs_path

KEYS = {
    "valid",
    "yaml_syntax_valid",
    "schema_valid",
    "issues",
    "counts",
    "config_summary",
    "error_message",
}
SCORES = {
    "sound": (yaml.safe_dump(jobs.score(2)), (True, True, True)),
    "unknown field": ("name: song\nshet: {size: 1}\nprompt: {template: x}\n", (False, True, False)),
    "no YAML": ("name: [song\n", (False, False, False)),
    "a bomb": ("a: &a [1]\nb: [*a, *a]\n", (False, False, False)),
    "a cycle": (
        yaml.safe_dump(jobs.score(2, dependencies={1: [2], 2: [1]})),
        (False, True, True),
    ),
    "bad template": (yaml.safe_dump(jobs.score(1, "{% if %}")), (False, True, True)),
    "bad pattern": (
        yaml.safe_dump(jobs.score(1, validations=[{"type": "content_regex", "path": "x", "pattern": "("}])),
        (False, True, False),
    ),
    "nothing": ("", (False, False, False)),
}


async def validate(http: httpx.AsyncClient, content: str) -> dict[str, Any]:
    answer = await http.post("/api/scores/validate", json={"content": content, "filename": "x", "workspace_path": "/"})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == KEYS
    told: dict[str, Any] = answer.json()
    return told


async def test_a_score_is_judged_as_lint_judges_it(http: httpx.AsyncClient) -> None:
    for name, (content, (valid, readable, fits)) in SCORES.items():
        told = await validate(http, content)
        assert (told["valid"], told["yaml_syntax_valid"], told["schema_valid"]) == (valid, readable, fits), name
        found = [(each.check_id, each.severity, each.message, each.line, each.column) for each in lint(content)]
        issues = [
            tuple(each[key] for key in ("check_id", "severity", "message", "line", "column")) for each in told["issues"]
        ]
        assert issues == found, name
        assert sum(told["counts"].values()) == len(found)
        assert (told["config_summary"] is not None) == valid
        assert (told["error_message"] is not None) == (not valid)


async def test_an_issue_has_its_line_and_what_stands_there(http: httpx.AsyncClient) -> None:
    told = await validate(http, SCORES["unknown field"][0])
    issue = next(each for each in told["issues"] if each["severity"] == "error" and each["line"] == 2)
    assert issue["context"] == "shet: {size: 1}"
    assert issue["auto_fixable"] is False


async def test_what_is_too_long_or_no_text_is_refused(http: httpx.AsyncClient) -> None:
    for content, status in (("x" * 1_000_001, 422), (None, 422), ("x: " + "y" * 999_000, 200)):
        answer = await http.post("/api/scores/validate", json={"content": content})
        assert answer.status_code == status
    lone = await http.post("/api/scores/validate", content=rb'{"content": "name: \ud800"}', headers=JSON)
    assert lone.status_code in (200, 422)
    assert (await http.post("/api/scores/validate", content=b"{", headers=JSON)).status_code == 422


JSON = {"Content-Type": "application/json"}


@pytest.mark.usefixtures("operator", "kubelet")
async def test_a_submitted_score_is_a_started_job(api: Api, namespace: str, http: httpx.AsyncClient) -> None:
    await jobs.add_claim(api, namespace)
    asked = {
        "content": yaml.safe_dump(jobs.score(2)),
        "workspace": f"{jobs.CLAIM}/{jobs.SUB_PATH}",
        "namespace": namespace,
        "self_healing": False,
    }
    answer = await http.post("/api/scores/submit", json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told.keys() == {"success", "job_id", "job_name", "message"}
    assert (told["success"], told["job_name"]) == (True, "song")
    name = told["job_id"].removeprefix(f"{namespace}.")
    assert (await jobs.until_phase(api, namespace, name, "Completed"))["score"]["totalSheets"] == 2
    for content in ("", "name: [", "shet: 1\n"):
        refused = await http.post("/api/scores/submit", json={**asked, "content": content})
        assert refused.status_code == 400
        assert refused.json()["detail"].startswith("Invalid job configuration")
    assert len((await api.get(jobs_path(namespace)))["items"]) == 1
