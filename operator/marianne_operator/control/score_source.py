"""The score that a job runs: pinned at its start, read and compiled before that.

A pinned score comes from memory, else from the job's own ConfigMap, and never from the spec again, unless that
ConfigMap is gone and the spec still holds the very same score. Of a score that was edited since, the limits count, so
it is compiled too, and nothing else of it is kept. Compiling happens in a limited child process.
"""

import collections
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, cast

from marianne_operator.control.cluster import Cluster, NotFoundError
from marianne_operator.model.job import JobView
from marianne_operator.model.names import score_config_map_name
from marianne_operator.model.status import ScoreStatus
from marianne_operator.plan.live import LIMITS_TAKEN, Edit, Successor, edit_of, with_limits
from marianne_operator.plan.observation import ScoreReady, ScoreRefusal
from marianne_operator.score.refused import ScoreRefusedError
from marianne_runner.contract import CompiledScore

SCORE_KEY: Final = "score.json"
REMEMBERED_CHARACTERS: Final = 4 << 20
"""Of JSON; as Python objects it is some ten times as much. Evicted scores are read again from their ConfigMaps."""
REMEMBERED_JOBS: Final = 4096


class Compile(Protocol):
    """The sandbox."""

    async def __call__(self, source: str | Mapping[str, Any]) -> CompiledScore:
        """Raises `ScoreRefusedError`."""
        ...


class _MissingError(Exception):
    """What the spec names is not there (yet)."""


@dataclass(frozen=True, slots=True)
class _Score:
    compiled: CompiledScore
    text: str
    stored: bool


@dataclass(frozen=True, slots=True)
class _Choice:
    generation: int
    name: str
    source: str


class ScoreSource:
    """Remembers compiled scores by (namespace, ConfigMap name), the least lately used go first."""

    def __init__(self, cluster: Cluster, compile_score: Compile) -> None:
        self._cluster = cluster
        self._compile = compile_score
        self._scores: collections.OrderedDict[tuple[str, str], _Score] = collections.OrderedDict()
        self._characters = 0
        self._choices: collections.OrderedDict[str, _Choice] = collections.OrderedDict()
        self._edits: collections.OrderedDict[str, tuple[tuple[int, str], Edit | None]] = collections.OrderedDict()

    async def score_of(self, job: JobView) -> ScoreReady | ScoreRefusal:
        """Raises `ClusterError` where the cluster does not answer."""
        try:
            if job.status.score is None:
                return await self._choose(job)
            return await self._pinned(job, job.status.score)
        except _MissingError as missing:
            return ScoreRefusal("ScoreNotFound", str(missing), stalled=False)
        except ScoreRefusedError as refused:
            return ScoreRefusal(refused.reason, refused.message, stalled=True)

    def stored(self, namespace: str, name: str) -> None:
        """The ConfigMap of this name exists now."""
        held = self._scores.get((namespace, name))
        if held is not None:
            self._scores[namespace, name] = replace(held, stored=True)

    def doubt(self, job: JobView) -> None:
        """A Pod of this job waits for something: look at the ConfigMap itself next time."""
        if job.status.score is not None:
            dropped = self._scores.pop((job.namespace, job.status.score.config_map), None)
            self._characters -= len(dropped.text) if dropped else 0

    async def _choose(self, job: JobView) -> ScoreReady:
        chosen = self._choices.get(job.uid)
        if chosen is not None and chosen.generation == job.generation:
            held = self._scores.get((job.namespace, chosen.name))
            if held is not None:
                return ScoreReady(held.compiled, held.text, chosen.source, held.stored)
        content, source = await self._read(job)
        compiled = await self._compile(content)
        name = score_config_map_name(job.name, job.uid, compiled["digest"])
        score = self._remember(job.namespace, name, _Score(compiled, _text(compiled), stored=False))
        self._choices[job.uid] = _Choice(job.generation, name, source)
        _limit(self._choices)
        return ScoreReady(compiled, score.text, source, stored=False)

    async def _pinned(self, job: JobView, pinned: ScoreStatus) -> ScoreReady:
        key = job.namespace, pinned.config_map
        if (score := self._scores.get(key)) is not None:
            self._scores.move_to_end(key)
        else:
            score = await self._fetch(job, pinned)
        edit = await self._edit(job, pinned, score.compiled)
        compiled = score.compiled if edit is None else with_limits(score.compiled, edit)
        return ScoreReady(compiled, score.text, pinned.source, score.stored, edit)

    async def _fetch(self, job: JobView, pinned: ScoreStatus) -> _Score:
        try:
            body = await self._cluster.get_config_map(job.namespace, pinned.config_map)
        except NotFoundError:
            return await self._restore(job, pinned)
        try:
            text = body["data"][SCORE_KEY]
            compiled = cast(CompiledScore, json.loads(text))
            intact = compiled["digest"] == pinned.digest
        except (KeyError, TypeError, ValueError, RecursionError):
            intact = False
        if not intact:
            why = f"ConfigMap {pinned.config_map!r} no longer holds the compiled score: delete it to have it made again"
            raise ScoreRefusedError("ScoreInvalid", why)
        return self._remember(job.namespace, pinned.config_map, _Score(compiled, text, stored=True))

    async def _restore(self, job: JobView, pinned: ScoreStatus) -> _Score:
        content, _ = await self._read(job)
        compiled = await self._compile(content)
        if compiled["digest"] != pinned.digest:
            gone = f"ConfigMap {pinned.config_map!r}, which held this job's score, is gone"
            raise _MissingError(f"{gone}, and the spec holds another by now: put the score back as it was")
        return self._remember(job.namespace, pinned.config_map, _Score(compiled, _text(compiled), stored=False))

    async def _edit(self, job: JobView, pinned: ScoreStatus, compiled: CompiledScore) -> Edit | None:
        """Another score in the spec, if there is one: read once a generation, unless the status knows of none."""
        known, asked = self._edits.get(job.uid), (job.generation, pinned.digest)
        if known is None or known[0] != asked:
            condition = job.status.condition("ScoreChangeIgnored")
            told = condition is not None and (condition.status == "True" or condition.reason == LIMITS_TAKEN)
            looked_at = job.generation == job.status.observed_generation
            try:
                edit = None if looked_at and not told else await self._compared(job, pinned, compiled)
            except _MissingError as missing:
                if _names_another(job, pinned):
                    return Edit(problem=str(missing))  # not kept: it may be there at the next look
                edit = Edit(problem=str(missing)) if looked_at else None
            self._edits[job.uid] = known = asked, edit
            _limit(self._edits)
        return self._with_successor(job, known[1])

    def _with_successor(self, job: JobView, edit: Edit | None) -> Edit | None:
        """Whether its ConfigMap is made is known by now, perhaps."""
        if edit is None or edit.successor is None:
            return edit
        name = score_config_map_name(job.name, job.uid, edit.successor.compiled["digest"])
        held = self._scores.get((job.namespace, name))
        if held is None:  # else nobody could remember that it is made, and it would be made again for ever
            forgotten = _Score(edit.successor.compiled, edit.successor.text, stored=False)
            held = self._remember(job.namespace, name, forgotten)
        return replace(edit, successor=replace(edit.successor, stored=held.stored))

    async def _compared(self, job: JobView, pinned: ScoreStatus, compiled: CompiledScore) -> Edit | None:
        content, source = await self._read(job)
        try:
            edited = await self._compile(content)
        except ScoreRefusedError as refused:
            return Edit(problem=refused.message)
        if edited["digest"] == pinned.digest:
            return None
        edit = edit_of(compiled, edited)
        if job.spec.on_score_change == "Ignore" or not edit.rest:
            return edit
        if job.spec.start_sheet > edited["total_sheets"]:
            return Edit(problem=f"spec.startSheet: {job.spec.start_sheet}, but it has {edited['total_sheets']} sheets")
        name = score_config_map_name(job.name, job.uid, edited["digest"])
        score = self._remember(job.namespace, name, _Score(edited, _text(edited), stored=False))
        return replace(edit, successor=Successor(edited, score.text, source, stored=False))

    async def _read(self, job: JobView) -> tuple[str | Mapping[str, Any], str]:
        """What the spec holds, and where it was found; raises `_MissingError`."""
        spec = job.spec
        if spec.score_text is not None:
            return spec.score_text, "spec.scoreText"
        if spec.score is not None:
            return spec.score, "spec.score"
        if spec.score_from is None:
            raise ScoreRefusedError("ScoreInvalid", "spec: none of score, scoreText, scoreFrom is set")
        ref = spec.score_from.config_map_key_ref
        try:
            body = await self._cluster.get_config_map(job.namespace, ref.name)
        except NotFoundError:
            raise _MissingError(f"spec.scoreFrom: ConfigMap {ref.name!r} does not exist: create it") from None
        text = (body.get("data") or {}).get(ref.key)
        if text is None:
            raise _MissingError(f"spec.scoreFrom: ConfigMap {ref.name!r} has no key {ref.key!r}: add it")
        return text, f"configmap/{ref.name}/{ref.key}@{body['metadata']['resourceVersion']}"

    def _remember(self, namespace: str, name: str, score: _Score) -> _Score:
        before = self._scores.pop((namespace, name), None)
        self._scores[namespace, name] = score
        self._characters += len(score.text) - (len(before.text) if before else 0)
        while self._characters > REMEMBERED_CHARACTERS:
            _, dropped = self._scores.popitem(last=False)
            self._characters -= len(dropped.text)
        return score


def _names_another(job: JobView, pinned: ScoreStatus) -> bool:
    """The spec names another ConfigMap, or key, than the one that the pinned score was read from."""
    ref = job.spec.score_from.config_map_key_ref if job.spec.score_from is not None else None
    return ref is not None and not pinned.source.startswith(f"configmap/{ref.name}/{ref.key}@")


def _text(compiled: CompiledScore) -> str:
    return json.dumps(compiled, ensure_ascii=False, separators=(",", ":"))


def _limit(memory: collections.OrderedDict[str, Any]) -> None:
    while len(memory) > REMEMBERED_JOBS:
        memory.popitem(last=False)
