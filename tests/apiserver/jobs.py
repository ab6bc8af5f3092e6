"""Jobs and their workspaces as users make them, and what is read of them."""

from pathlib import Path
from typing import Any, Final

import yaml

from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, ApiError, Body, jobs_path, pods_path

CLAIM: Final = "work"
SUB_PATH: Final = "files"
PERFORMED: Final = "performed"
"""In the workspace: one line `<sheet> <root of the Pod>` for each time an instrument was started."""
INSTRUMENT: Final = f'printf "%s %s\\n" {{{{ sheet_num }}}} "$HOME" >> {{{{ workspace }}}}/{PERFORMED}'
HELD: Final = f"{INSTRUMENT}; until [ -e {{{{ workspace }}}}/go ]; do sleep 0.05; done"
"""Runs until somebody makes the file `go`."""
DIAMOND: Final = {2: [1], 3: [1], 4: [2, 3], 5: [4]}
"""Five sheets, two of them side by side."""


def score(sheets: int = 1, script: str = INSTRUMENT, **fields: Any) -> dict[str, Any]:
    """A score of `sheets` sheets performed by bash, one after the other unless `dependencies` say otherwise."""
    dependencies = fields.pop("dependencies", {num: [num - 1] for num in range(2, sheets + 1)})
    sheet = {"size": 1, "total_items": sheets, "dependencies": dependencies}
    return {
        "name": "song",
        "instrument": "cli",
        "sheet": {key: value for key, value in sheet.items() if value},
        "parallel": {"enabled": True, "max_concurrent": 4},
        "prompt": {"template": script},
        "retry": {"max_retries": 2, "base_delay_seconds": 0.2, "max_delay_seconds": 1, "jitter": False},
        **fields,
    }


def job(name: str, score_tree: dict[str, Any] | None, **spec: Any) -> Body:
    """A MarianneJob on the claim `work`."""
    text = {} if score_tree is None else {"scoreText": yaml.safe_dump(score_tree)}
    workspace = {"persistentVolumeClaim": {"claimName": CLAIM, "subPath": SUB_PATH}}
    return {
        "apiVersion": "marianne.dev/v1alpha1",
        "kind": "MarianneJob",
        "metadata": {"name": name},
        "spec": {**text, "workspace": workspace, **spec},
    }


async def add_claim(api: Api, namespace: str, name: str = CLAIM, mode: str = "ReadWriteMany") -> None:
    """A workspace; the simulated kubelet makes its folder."""
    spec = {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}
    await api.post(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", body)


async def submit(api: Api, namespace: str, body: Body) -> Body:
    """As a user applies it; the claim `work` is made where it is missing."""
    try:
        await add_claim(api, namespace)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
    return await api.post(jobs_path(namespace), body)


async def edit(api: Api, namespace: str, name: str, **spec: Any) -> Body:
    """`kubectl patch --type=merge`."""
    return await api.patch(jobs_path(namespace, name), {"spec": spec})


async def status_of(api: Api, namespace: str, name: str) -> Body:
    """The whole status."""
    found: Body = (await api.get(jobs_path(namespace, name))).get("status") or {}
    return found


async def until_phase(api: Api, namespace: str, name: str, phase: str, deadline: float = 30.0) -> Body:
    """The status, once the job is in that phase and its spec was seen."""

    async def reached() -> Body | None:
        body = await api.get(jobs_path(namespace, name))
        status: Body = body.get("status") or {}
        seen = status.get("observedGeneration") == body["metadata"]["generation"]
        return status if seen and status.get("phase") == phase else None

    try:
        return await wait_for(f"{name} to be {phase}", reached, deadline)
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {await status_of(api, namespace, name)}") from error


async def until_waiting(api: Api, namespace: str, name: str, reason: str, deadline: float = 60.0) -> Body:
    """The status, once the job waits for that reason."""

    async def waits() -> Body | None:
        status = await status_of(api, namespace, name)
        return status if (status.get("waiting") or {}).get("reason") == reason else None

    return await wait_for(f"{name} to wait: {reason}", waits, deadline)


def condition(status: Body, kind: str) -> tuple[str, str]:
    """(status, reason) of a condition."""
    found = next(each for each in status["conditions"] if each["type"] == kind)
    return found["status"], found["reason"]


async def until_performed(workspace: Path, count: int = 1, deadline: float = 30.0) -> None:
    """Returns when instruments were started so often."""

    async def performed() -> bool:
        return len(performances(workspace)) >= count

    await wait_for(f"{count} instruments to be started", performed, deadline)


async def events_of(api: Api, namespace: str, name: str) -> dict[str, str]:
    """Messages of the job's events by reason."""
    listing = await api.get(f"/api/v1/namespaces/{namespace}/events?fieldSelector=involvedObject.name={name}")
    return {each["reason"]: each["message"] for each in listing["items"]}


async def until_event(api: Api, namespace: str, name: str, reason: str) -> str:
    """The message of the job's event of that reason: it is told after the status."""

    async def told() -> str | None:
        return (await events_of(api, namespace, name)).get(reason)

    return await wait_for(f"the event {reason} of {name}", told)


async def pods_of(api: Api, namespace: str, name: str) -> list[Body]:
    """The job's Pods."""
    listing = await api.get(f"{pods_path(namespace)}?labelSelector=marianne.dev/job={name}")
    found: list[Body] = listing["items"]
    return found


async def until_pod_phase(api: Api, namespace: str, name: str, phase: str) -> Body:
    """The first Pod of the job that is in that phase."""

    async def found() -> Body | None:
        pods = await pods_of(api, namespace, name)
        return next((pod for pod in pods if pod["status"].get("phase") == phase), None)

    return await wait_for(f"a Pod of {name} to be {phase}", found)


def performances(workspace: Path) -> list[tuple[int, str]]:
    """(sheet, Pod's UID) for each time an instrument was started."""
    file = workspace / PERFORMED
    lines = file.read_text().splitlines() if file.exists() else []
    return [(int(num), Path(home).parent.name) for num, home in (line.split() for line in lines)]
