"""`--watch` of one job."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from kubectl_marianne import exits
from kubectl_marianne.changes import job_changes
from kubectl_marianne.fetch import look, one_job, score_of
from kubectl_marianne.layout_job import Wanted, job_lines
from kubectl_marianne.lines import Line
from kubectl_marianne.output import complain, standard_screen
from kubectl_marianne.reading import Score, status
from kubectl_marianne.redraw import Freshness, follow
from kubectl_marianne.session import Session
from kubectl_marianne.verdict import ended
from marianne_client.errors import UnreachableError
from marianne_client.identity import JobId
from marianne_client.job_versions import job_versions

Job = Mapping[str, Any]
EVERY: Final[Wanted] = lambda _sheet: True  # noqa: E731  (a default that has a name)
NO_SCORE: Final = Score({})


async def watch_job(session: Session, job: JobId, wanted: Wanted = EVERY) -> int:
    """Until the job has ended; its ending is the exit code. On Ctrl-C what was seen last stays."""
    fresh = Freshness(session.now)
    scores: dict[str, Score] = {}

    async def versions() -> AsyncGenerator[Job | None, None]:
        async with contextlib.aclosing(job_versions(session.connection, job, fresh.pause)) as found:
            seen = False
            async for version in found:
                if version is not None:
                    await _remember_score(session, version, scores)
                elif not seen:
                    await one_job(session, job.name)  # the API server says best that there is none
                seen = True
                yield version
                if version is not None and ended(version) is not None:
                    return

    def draw(version: Job) -> list[Line]:
        screen = standard_screen(no_color=session.options.no_color)
        return job_lines(version, scores.get(_score_name(version), NO_SCORE), look(session, screen), wanted)

    def changes(before: Job | None, after: Job) -> list[Line]:
        return job_changes(before, after, wanted)

    last = await follow(session.screen, fresh, versions(), draw, changes)
    if last is None:
        complain(f"{job.name} was deleted")
        return exits.ERROR
    verdict = ended(last)
    return exits.OK if verdict is None else verdict.code


async def _remember_score(session: Session, version: Job, scores: dict[str, Score]) -> None:
    """Once for each; it only adds names, so the next version may bring what is missing."""
    name = _score_name(version)
    if name and name not in scores:
        with contextlib.suppress(UnreachableError):
            scores[name] = await score_of(session.connection, version)


def _score_name(version: Job) -> str:
    return str((status(version).get("score") or {}).get("configMap", ""))
