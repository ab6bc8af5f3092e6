"""The API's own description: it lists every route, and nothing that is sent by it is answered with a fault of ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dev.cluster.control_plane import ControlPlane
from tests.apiserver import jobs
from tests.apiserver.api_process import ApiProcess
from tests.simulated_kubelet.api import Api

ROUTES = {
    "GET /health",
    "GET /readyz",
    "GET /api/jobs/daemon/status",
    "POST /api/jobs",
    "GET /api/jobs",
    "GET /api/jobs/{job_id}",
    "DELETE /api/jobs/{job_id}",
    "POST /api/jobs/{job_id}/pause",
    "POST /api/jobs/{job_id}/restart",
    "POST /api/jobs/{job_id}/resume",
    "POST /api/jobs/{job_id}/cancel",
    "GET /api/jobs/{job_id}/status",
    "GET /api/jobs/{job_id}/sheets",
    "GET /api/jobs/{job_id}/sheets/{sheet_num}",
    "GET /api/jobs/{job_id}/sheets/{sheet_num}/attempts",
    "POST /api/jobs/{job_id}/sheets/{sheet_num}/approve",
    "GET /api/jobs/{job_id}/graph",
    "GET /api/jobs/{job_id}/events",
    "GET /api/jobs/{job_id}/observer",
    "GET /api/jobs/{job_id}/stream",
    "GET /api/jobs/{job_id}/logs",
    "GET /api/jobs/{job_id}/logs/static",
    "GET /api/jobs/{job_id}/logs/info",
    "GET /api/events/stream",
    "POST /api/scores/validate",
    "POST /api/scores/submit",
}
LISTS = {"/api/jobs", "/api/events/stream"}
STREAMS = {"/api/jobs/{job_id}/stream", "/api/jobs/{job_id}/logs", "/api/events/stream"}
UNLIMITED = {"MARIANNE_API_READS_PER_SECOND": "100000", "MARIANNE_API_WRITES_PER_SECOND": "100000"}
EXAMPLES = 20
"""Of each route, kind and choice of job: all of them take a quarter of a minute on an idle machine."""
ANSWER_SECONDS = 20.0
AS_DESCRIBED = [response_schema_conformance, status_code_conformance, content_type_conformance]
"""An answer has the status, the type and the fields that were promised."""


@pytest.fixture
async def tireless(control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[ApiProcess]:
    """The API for one who asks without end."""
    process = ApiProcess(tmp_path, control_plane.url, control_plane.ca_file, UNLIMITED)
    await process.start()
    yield process
    await process.stop()


async def description(process: ApiProcess, token: str) -> dict[str, Any]:
    async with process.client(token) as client:
        found: dict[str, Any] = (await client.get("/openapi.json")).json()
        return found


async def test_every_route_is_listed(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"]
    listed = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert listed == ROUTES
    for path in STREAMS:
        assert paths[path]["get"]["responses"]["200"]["content"].keys() == {"text/event-stream"}
    assert "text/plain; charset=utf-8" in paths["/api/jobs/{job_id}/logs/static"]["get"]["responses"]["200"]["content"]


@pytest.mark.usefixtures("operator", "kubelet")
async def test_nothing_that_is_sent_makes_it_fail(api: Api, namespace: str, token: str, tireless: ApiProcess) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, "echo line")))
    await jobs.until_phase(api, namespace, "song", "Completed")
    schema = schemathesis.openapi.from_dict(await description(tireless, token))
    faults = await asyncio.to_thread(_attack, schema, Target(tireless.url, token, namespace, "song"))
    assert faults == []


@dataclass(frozen=True)
class Target:
    """Who asks where, and what is really there."""

    url: str
    token: str
    namespace: str
    job: str

    def aim(self, case: Case) -> None:
        """What is there is not deleted: later cases are to find it."""
        if "job_id" in case.path_parameters and case.method != "DELETE":
            case.path_parameters["job_id"] = f"{self.namespace}.{self.job}"
        if "sheet_num" in case.path_parameters:
            case.path_parameters["sheet_num"] = 1
        if case.path in LISTS:
            case.query = {**(case.query or {}), "namespace": self.namespace}


def _attack(schema: Any, target: Target) -> list[str]:
    faults: list[str] = []
    with requests.Session() as session:
        for result in schema.get_all_operations():
            for mode in GenerationMode:
                _try(result.ok(), mode, target, lambda case: faults.extend(_faults(session, target, case)))
    return faults


def _try(operation: Any, mode: GenerationMode, target: Target, send: Callable[[Case], None]) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), aimed=st.booleans())
    def run(case: Case, aimed: bool) -> None:
        if aimed:
            target.aim(case)
        send(case)

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with a request that has no part
        run()


def _faults(session: requests.Session, target: Target, case: Case) -> list[str]:
    """Of a stream only the beginning is read: it need not have an end."""
    asked = case.as_transport_kwargs(base_url=target.url)
    asked["headers"] = {**asked["headers"], "Authorization": f"Bearer {target.token}"}
    with session.request(**asked, stream=True, timeout=ANSWER_SECONDS) as answer:
        if answer.status_code >= 500:
            return [f"{answer.status_code}: {answer.text[:300]}; {case.as_curl_command()}"]
        if "text/event-stream" in answer.headers.get("content-type", ""):
            return []
        try:
            case.validate_response(answer, checks=AS_DESCRIBED)
        except FailureGroup as differs:
            return [f"{case.method} {case.path}: {each}" for each in differs.exceptions]
    return []
