"""The Pod of a sheet's latest attempt, where it is still there: it tells more than the status has room for."""

from collections.abc import Mapping
from typing import Any

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError
from marianne_operator.model.pod import PodView
from marianne_operator.model.told import verdict_of
from marianne_runner.contract import Verdict


async def verdict_of_sheet(connection: Connection, job: Mapping[str, Any], item: Mapping[str, Any]) -> Verdict | None:
    """Its own account; None where the Pod is gone, may not be read, is of another attempt, or says what is not signed.

    `item`: of the job's status.
    """
    name = item.get("podName")
    if name is None:
        return None
    try:
        pod = PodView.of(await connection.get(paths.pods(job["metadata"]["namespace"], name)))
    except ApiError:
        return None
    if pod.attempt != item.get("attempt") or pod.uid != item.get("podUid", pod.uid):
        return None
    return verdict_of(pod, (job.get("status") or {}).get("nonce"))[0]
