"""Write what a verb wishes for one job, as it stands or as it stands after somebody else's write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError
from marianne_client.identity import JobId
from marianne_client.verbs import Refusal, Wish

Job = Mapping[str, Any]
Ask = Callable[[Job], Wish | Refusal]
STALE: Final = frozenset({409, 422})
"""What a JSON patch answers whose `test` fails, or that met another write."""
REPLACED: Final = Refusal("the job was replaced by another of its name meanwhile")


@dataclass(frozen=True, slots=True)
class Written:
    """The job as the write left it."""

    job: Job
    message: str


async def obey(connection: Connection, job: JobId, seen: Job, ask: Ask) -> Written | Refusal:
    """One more try after another look, as long as it is the same object: a namesake was not meant.

    Raises `ApiError`: the second stale write too, and 404.
    """
    path = paths.job(job.namespace, job.name)
    wish = ask(seen)
    if isinstance(wish, Refusal):
        return wish
    try:
        return Written(await connection.patch(path, wish.operations), wish.message)
    except ApiError as error:
        if error.status not in STALE:
            raise
    now = await connection.get(path)
    if now["metadata"]["uid"] != seen["metadata"]["uid"]:
        return REPLACED
    wish = ask(now)
    if isinstance(wish, Refusal):
        return wish
    return Written(await connection.patch(path, wish.operations), wish.message)
