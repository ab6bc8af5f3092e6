"""A limit that one job meets, on a real API server: the other is held too, one sheet tries first, both complete."""

from pathlib import Path
from typing import Any

from marianne_operator.plan.clock import seconds
from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, Body

INSTRUMENTS = "/apis/marianne.dev/v1alpha1/namespaces/{}/instruments"
LIMITED = (
    f"{jobs.INSTRUMENT}; cd {{{{ workspace }}}}; until [ ! -e hold ]; do sleep 0.05; done; "
    "[ -e open ] && exit 0; echo 'rate limit: retry after SECONDS seconds' >&2; exit 1"
)


async def add_instrument(api: Api, namespace: str) -> None:
    """A shell with a key, as agents have."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "model"}, "stringData": {"key": "k"}}
    await api.post(f"/api/v1/namespaces/{namespace}/secrets", secret)
    command = {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False}
    spec = {
        "profile": {"kind": "cli", "raw_prompt": True, "cli": {"command": command}},
        "credentials": [{"name": "KEY", "secretKeyRef": {"name": "model", "key": "key"}}],
    }
    body = {"apiVersion": "marianne.dev/v1alpha1", "kind": "Instrument", "metadata": {"name": "keyed"}, "spec": spec}
    await api.post(INSTRUMENTS.format(namespace), body)


def song(name: str, wait: int) -> Body:
    return jobs.job(name, jobs.score(1, LIMITED.replace("SECONDS", str(wait)), instrument="keyed"))


async def test_a_limit_holds_both_jobs_and_one_sheet_tries_first(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await add_instrument(api, namespace)
    await jobs.submit(api, namespace, song("first", 8))
    held = await jobs.until_waiting(api, namespace, "first", "RateLimited")
    await jobs.submit(api, namespace, song("second", 8))
    other = await jobs.until_waiting(api, namespace, "second", "RateLimited")
    assert other["waiting"]["until"] == held["waiting"]["until"]
    assert await jobs.pods_of(api, namespace, "second") == []
    (workspace / "hold").touch()
    await jobs.until_performed(workspace, 2)

    async def one_tries() -> dict[str, Any] | None:
        sheets = {each: (await jobs.status_of(api, namespace, each))["sheets"][0] for each in ("first", "second")}
        shown = [each["state"] for each in sheets.values()]
        return sheets if sorted(shown) == ["in_progress", "waiting"] else None

    sheets = await wait_for("one sheet to be shown at work, and one to wait", one_tries)
    tries = next(each for each in sheets.values() if each["state"] == "in_progress")
    assert seconds(tries["probeSince"]) >= seconds(held["waiting"]["until"])
    assert len(jobs.performances(workspace)) == 2
    (workspace / "open").touch()
    (workspace / "hold").unlink()
    for name in ("first", "second"):
        await jobs.until_phase(api, namespace, name, "Completed")
    assert len(jobs.performances(workspace)) == 3


async def test_a_limit_outlives_the_operator(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await add_instrument(api, namespace)
    await jobs.submit(api, namespace, song("first", 600))
    held = await jobs.until_waiting(api, namespace, "first", "RateLimited")
    operator.kill()
    await operator.ended()
    await operator.start()
    await jobs.submit(api, namespace, song("second", 600))
    other = await jobs.until_waiting(api, namespace, "second", "RateLimited")
    assert other["waiting"]["until"] == held["waiting"]["until"]
    for name in ("first", "second"):
        await jobs.edit(api, namespace, name, cancel=True)
        await jobs.until_phase(api, namespace, name, "Cancelled")
