"""What `top` asks the API server."""

from collections.abc import Mapping
from typing import Any, Final

from kubectl_marianne.fetch import jobs, one_job
from kubectl_marianne.session import Session
from kubectl_marianne.usage import Row, Used, measured, rows_of_jobs, rows_of_sheets
from marianne_client import paths
from marianne_client.errors import ApiError, UnreachableError
from marianne_runner.contract import JOB_LABEL

NOT_SERVED: Final = 404
Metrics = dict[tuple[str, str], Used]
Body = Mapping[str, Any]


async def used_by_jobs(opened: Session) -> tuple[list[Row], str]:
    """(rows, why CPU and memory are not known; empty if they are)."""
    found = await jobs(opened)
    metrics, why = await _metrics(opened, opened.scope, JOB_LABEL)
    return rows_of_jobs(found, await _live(opened, opened.scope, JOB_LABEL), metrics), why


async def used_by_sheets(opened: Session, name: str) -> tuple[list[Row], str]:
    """The same for one job."""
    job = await one_job(opened, name)
    namespace, label = job["metadata"]["namespace"], f"{JOB_LABEL}={name}"
    metrics, why = await _metrics(opened, namespace, label)
    return rows_of_sheets(job, await _live(opened, namespace, label), metrics), why


async def _live(opened: Session, namespace: str | None, label: str) -> list[Body]:
    listed = await opened.connection.get(
        paths.pods(namespace) if namespace is not None else f"{paths.CORE}/pods",
        labelSelector=label,
        fieldSelector="status.phase!=Succeeded,status.phase!=Failed",
    )
    return list(listed["items"])


async def _metrics(opened: Session, namespace: str | None, label: str) -> tuple[Metrics, str]:
    try:
        listed = await opened.connection.get(paths.pod_metrics(namespace), labelSelector=label)
    except ApiError as error:
        told = "it is not served: no metrics-server?" if error.status == NOT_SERVED else error.message
    except UnreachableError as error:  # whoever measures does not answer the API server
        told = str(error)
    else:
        return measured(listed["items"]), ""
    return {}, f"CPU and memory are not known: metrics.k8s.io: {told}"
