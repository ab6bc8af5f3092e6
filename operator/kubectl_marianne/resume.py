"""`kubectl marianne resume JOB...`: go on; of a failed job, again what failed."""

import uuid

from kubectl_marianne.options import CLUSTER, SELECTION, Options, verb
from kubectl_marianne.steering_command import ALL, JOBS, Meant, check, steered
from kubectl_marianne.waits import TIMEOUT, WAIT, timeout_of


@verb(CLUSTER, SELECTION)
async def command(
    options: Options,
    jobs: JOBS = None,
    every: ALL = False,
    wait: WAIT = False,
    timeout: TIMEOUT = None,
) -> int:
    """`--wait` returns when the job goes on."""
    meant = Meant(jobs or (), every, wait, timeout_of(timeout))
    check(options, meant)
    from marianne_client import verbs  # noqa: PLC0415  (not for --help)

    return await steered(options, meant, lambda job: verbs.resume(job, uuid.uuid4().hex), "resumed")
