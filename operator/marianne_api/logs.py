"""One line for each write: what was done to which object, and by whom."""

import logging

from fastapi import Request

from marianne_api.authentication import Caller
from marianne_client.identity import JobId

log = logging.getLogger("marianne_api.writes")


def record_write(request: Request, caller: Caller, verb: str, job: JobId, uid: str) -> None:
    """The API server's audit log has the same user; the request id is the one in the answer."""
    log.info(
        verb,
        extra={
            "request_id": request.state.request_id,
            "user": caller.username,
            "namespace": job.namespace,
            "job": job.name,
            "job_uid": uid,
        },
    )
