"""What jobs use: of what is measured, of what the status counts, and what is said where nobody measures."""

import ssl
from typing import Any

import httpx
import pytest

from kubectl_marianne.layout_top import top_lines
from kubectl_marianne.lines import plain
from kubectl_marianne.options import Options
from kubectl_marianne.output import Screen
from kubectl_marianne.session import Session
from kubectl_marianne.top_look import used_by_jobs, used_by_sheets
from kubectl_marianne.usage import Used, measured, quantity, rows_of_sheets
from marianne_client.access import Access
from marianne_client.connection import Connection
from tests.unit.cli_read.samples import job, look, pod, sheet

RUNNING = {"state": {"running": {"startedAt": "2026-11-24T13:57:00Z"}}, "phase": "Running"}
TOTALS = {"progress": "1/3", "totalInputTokens": 12_345, "totalOutputTokens": 700, "totalCostMicroUsd": 1_234_500}
ESTIMATED = {"estimatedCostMicroUsd": 1_000_000, "costConfidence": 1.0, "costSource": "estimated"}
METRICS = [
    {
        "metadata": {"namespace": "default", "name": "p1"},
        "containers": [
            {"usage": {"cpu": "250m", "memory": "64Mi"}},
            {"usage": {"cpu": "1000000n", "memory": "1024Ki"}},
        ],
    }
]
PLAIN = Screen(None, None, fancy=False, redraws=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", 0.25),
        ("1", 1),
        ("1500000000n", 1.5),
        ("64Mi", 64 << 20),
        ("2Gi", 2 << 30),
        ("1.5Ki", 1536),
        ("5M", 5e6),
        ("", None),
        ("5x", None),
        ("-5", None),
        (None, None),
        ("9" * 400, None),
    ],
)
def test_quantities(text: object, value: float | None) -> None:
    assert quantity(text) == value


def test_the_containers_of_a_pod_are_added() -> None:
    assert measured(METRICS) == {("default", "p1"): Used(0.251, (64 << 20) + (1 << 20))}
    assert measured([{}, {"metadata": {"name": "x"}, "containers": [{"usage": None}]}])["", "x"] == Used()


def song() -> dict[str, Any]:
    return job(
        "Running",
        sheet(1, "completed", inputTokens=12_000, outputTokens=500, **ESTIMATED),
        sheet(2, "in_progress", podName="p1", startedAt="2026-11-24T13:57:00Z"),
        sheet(3),
        **TOTALS,
    )


def test_the_sheets_of_a_job() -> None:
    rows = rows_of_sheets(song(), [pod(1, sheet=2, **RUNNING), pod(2, phase="Succeeded")], measured(METRICS))
    assert [plain(each) for each in top_lines(rows, look(None), namespaces=False)] == [
        "NAME       STATE        PODS  CPU   MEMORY  IN   OUT  COST      TIME",
        "review-k2  Running 1/3  1     251m  65Mi    12k  700  ~$1.2345  -",
        "sheet 1    completed    -     -     -       12k  500  ~$1.0000  -",
        "sheet 2    in_progress  1     251m  65Mi    -    -    -         2m00s",
    ]


class Server:
    """An API server with one job, its Pods, and metrics or none."""

    def __init__(self, metrics: list[dict[str, Any]] | int) -> None:
        other = job("Completed")
        other["metadata"] |= {"uid": "u2", "name": "over"}
        self.has: dict[str, Any] = {
            "/apis/marianne.dev/v1alpha1/namespaces/default/mariannejobs": [song(), other],
            "/apis/marianne.dev/v1alpha1/namespaces/default/mariannejobs/review-k2": song(),
            "/api/v1/namespaces/default/pods": [pod(1, sheet=2, **RUNNING), pod(2, phase="Failed")],
            "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods": metrics,
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        held = self.has[request.url.path]
        if isinstance(held, int):
            return httpx.Response(held, json={"kind": "Status", "reason": "No", "message": "no right to it"})
        return httpx.Response(200, json=held if isinstance(held, dict) else {"metadata": {}, "items": held})

    async def ask(self, name: str | None) -> tuple[list[Any], str]:
        transport = httpx.MockTransport(self.answer)
        async with httpx.AsyncClient(base_url="http://api.example", transport=transport) as client:
            reach = Access("http://api.example", ssl.create_default_context(), dict, "default")
            opened = Session(Connection(client, dict, "marianne-cli"), reach, "default", PLAIN, Options())
            return await (used_by_jobs(opened) if name is None else used_by_sheets(opened, name))


async def test_jobs_that_are_over_use_nothing() -> None:
    rows, why = await Server(METRICS).ask(None)
    assert [(row.name, row.pods, row.used.cpu, row.cost) for row in rows] == [("review-k2", 1, 0.251, 1.2345)]
    assert why == ""


@pytest.mark.parametrize(("status", "words"), [(404, "no metrics-server?"), (403, "no right to it"), (503, "no right")])
@pytest.mark.parametrize("name", [None, "review-k2"])
async def test_without_metrics_the_rest_is_told(status: int, words: str, name: str | None) -> None:
    rows, why = await Server(status).ask(name)
    assert (rows[0].pods, rows[0].used, rows[0].input_tokens) == (1, Used(), 12_345)
    assert words in why
    assert rows[0].told["cpu_cores"] is None
