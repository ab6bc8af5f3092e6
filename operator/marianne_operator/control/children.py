"""Start the next job of a chain: its name is known beforehand, so a second try finds the first one's."""

from collections.abc import Mapping
from typing import Any

from marianne_operator.control.cluster import (
    AlreadyExistsError,
    Cluster,
    NotFoundError,
    RefusedError,
)
from marianne_operator.control.refusals import CONFLICT_SECONDS, FIELD_SECONDS, QUOTA_SECONDS, Refusals, meaning
from marianne_operator.model.chain import PARENT_UID_LABEL
from marianne_operator.model.job import JobView
from marianne_operator.plan.chain import CHILD
from marianne_operator.plan.observation import WriteRefusal


class NamespaceGoneError(Exception):
    """Nothing new is taken there any more."""


async def start_child(cluster: Cluster, refusals: Refusals, job: JobView, body: Mapping[str, Any], now: float) -> bool:
    """True where there is something to decide about. The cache learns of it by the watch, which wakes it, too."""
    name = body["metadata"]["name"]
    try:
        await cluster.create_job(body)
    except AlreadyExistsError:
        return await _another(cluster, refusals, job, name, now)
    except NotFoundError:
        raise NamespaceGoneError from None
    except RefusedError as refused:
        what = meaning(refused)
        if what == "NamespaceTerminating":
            raise NamespaceGoneError from refused
        if what == "NotAllowed":
            raise
        patience = QUOTA_SECONDS if what == "QuotaExceeded" else FIELD_SECONDS
        refusals.add(job.key, CHILD + name, job.generation, WriteRefusal(what, refused.message, now + patience))
        return True
    refusals.clear(job.key, CHILD + name)
    return False


async def _another(cluster: Cluster, refusals: Refusals, job: JobView, name: str, now: float) -> bool:
    """Ours, by its label; else nobody's that we know."""
    try:
        held = await cluster.get_job(job.namespace, name)
    except NotFoundError:
        return True
    if (held["metadata"].get("labels") or {}).get(PARENT_UID_LABEL) == job.uid:
        refusals.clear(job.key, CHILD + name)
        return False
    why = f"a job named {name!r} exists and is not of this chain: delete it"
    refusal = WriteRefusal("NameConflict", why, now + CONFLICT_SECONDS)
    refusals.add(job.key, CHILD + name, job.generation, refusal)
    return True
