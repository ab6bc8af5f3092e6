"""Fill an `Observation`: all that one decision may look at, mostly from memory."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from marianne_operator.control.cache import Cache
from marianne_operator.control.claims import Claims
from marianne_operator.control.pod_events import PodEvents
from marianne_operator.control.refusals import Refusals
from marianne_operator.control.score_source import ScoreSource
from marianne_operator.model.job import JobView
from marianne_operator.model.names import claim_name
from marianne_operator.plan.observation import ClaimView, Observation, Settings
from marianne_operator.plan.volumes import claim_of


@dataclass(frozen=True, slots=True)
class Gatherer:
    """`now` gives seconds since the epoch: the wall clock, since status holds times of day."""

    cache: Cache
    scores: ScoreSource
    claims: Claims
    refusals: Refusals
    pod_events: PodEvents
    settings: Settings
    now: Callable[[], float]

    async def observe(self, job: JobView) -> Observation:
        """Raises `ClusterError` where something had to be read and was not."""
        key, now = job.key, self.now()
        await self._look_into_slow_pods(job, now)
        score = await self.scores.score_of(job)
        claim = await self._claim(job)
        return Observation(
            job=job,
            score=score,
            now=now,
            settings=self.settings,
            pods=dict(self.cache.pods.get(key, {})),
            ghosts=dict(self.cache.ghosts.get(key, {})),
            instruments=self.cache.instruments.of_namespace(job.namespace),
            limits=self.cache.limits.standings(job, now),
            children=self._children(job),
            claim=claim,
            refusals=self.refusals.of(key, job.generation, now),
            pod_events=self.pod_events.of(key),
            nonce=secrets.token_hex(16) if job.status.run is None else None,
        )

    def _children(self, job: JobView) -> dict[str, JobView]:
        """From memory: a watch tells of them as of every job."""
        names = [hook.job for hook in job.status.hooks if hook.active and hook.job]
        held = {name: self.cache.jobs.get((job.namespace, name)) for name in names}
        return {name: each for name, each in held.items() if isinstance(each, JobView)}

    async def _claim(self, job: JobView) -> ClaimView | None:
        """Before the first run our own claim is not looked for but made: a create that comes second says so."""
        name = claim_of(job.name, job.spec)
        if job.status.run is None and job.spec.workspace.persistent_volume_claim is None:
            return self.claims.known(job.namespace, name)
        return await self.claims.get(job.namespace, name)

    async def _look_into_slow_pods(self, job: JobView, now: float) -> None:
        """Also at the score's ConfigMap: a Pod waits for ever for one that somebody deleted."""
        due = self.pod_events.due(job.key, self.cache.pods.get(job.key, {}).values(), now)
        if due:
            await self.pod_events.look(job.key, due, now)
            self.scores.doubt(job)

    def forget(self, key: tuple[str, str]) -> None:
        """The job is gone."""
        self.refusals.forget(key)
        self.pod_events.forget(key)
        namespace, name = key
        self.claims.forget(namespace, claim_name(name))
