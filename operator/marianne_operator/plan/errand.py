"""An errand: one short Pod of the tenant beside the sheets, made and heard as theirs are (decision 026).

Whoever orders one writes its intent into the status first, under a number of `next_number`. An errand that has the
ledger (`once`) can be created again whatever became of its Pod: the mark on disk keeps it from running twice, and the
second Pod repeats what the first one said. Without the ledger, one that ran and vanished is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from marianne_operator.model.names import errand_name
from marianne_operator.model.pod import PodView
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.outcome import LOST_AFTER_SECONDS
from marianne_operator.plan.plan import PodDeletion
from marianne_operator.plan.pod_manifest import RUNNER, Parts, confined
from marianne_operator.plan.starting import start_of
from marianne_operator.plan.volumes import mounts, volumes
from marianne_runner.contract import (
    ERRAND_LABEL,
    PROTOCOL,
    Errand,
    ErrandResult,
    UnreadableMessageError,
    decode_errand,
)

Kind = Literal["hook", "notice"]
PATIENCE_SECONDS: Final = 300
"""Beside its own time, until the Pod's deadline ends it."""
LARGEST: Final = 2**31
OUTSIDE: Final = ("brief", "temporary")
"""Volumes of an errand that does not work in the workspace."""

MODEST: Final = {
    "requests": {"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "16Mi"},
    "limits": {"cpu": "200m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
}
"""Of an errand that does not work in the workspace: of what a sheet's Pod asks for, so little; and no device."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no Pod of it, and running it can still do no harm."""


@dataclass(frozen=True, slots=True)
class Going:
    """It waits or runs; `why` it does not start yet, as (reason, message)."""

    pod: PodView
    why: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """It is over."""

    outcome: Literal["succeeded", "failed", "lost"]
    message: str
    pod: PodView
    exit_code: int | None = None
    tail: str = ""


def next_number(draft: Draft) -> int:
    """For the next errand of this job: numbers only grow, over all runs, because they name Pods and marks."""
    number = draft.status.errands + 1
    draft.set(errands=number)
    return number


def brief(draft: Draft, kind: Kind, number: int, timeout: float, *, once: bool) -> Errand:
    """What every errand is told; the caller adds what is to be done. `once`: with the workspace and the ledger."""
    job = draft.seen.job
    return Errand(
        protocol=PROTOCOL,
        job=job.name,
        job_uid=job.uid,
        namespace=job.namespace,
        run=draft.status.run or 1,
        errand=f"{kind}-{number}",
        timeout_seconds=timeout,
        once=once,
    )


def name_of(draft: Draft, kind: Kind, number: int) -> str:
    """Of its Pod."""
    return errand_name(draft.seen.job.name, draft.seen.job.uid, kind, number)


def create(
    draft: Draft, name: str, told: Errand, env: Sequence[Mapping[str, Any]] = (), account: str | None = None
) -> None:
    """Its Pod, whose intent stands in the status by now or is written with this plan."""
    job, score, claim = draft.seen.job, draft.status.score, draft.seen.claim
    mounted, held = mounts(job.spec), volumes(job.name, job.spec, score.config_map if score else "")
    if not told["once"]:
        mounted = [each for each in mounted if each["name"] in OUTSIDE]
        held = [each for each in held if each["name"] in OUTSIDE]
    parts = Parts(
        name=name,
        labels={ERRAND_LABEL: told["errand"]},
        brief=told,
        image=draft.seen.settings.runner_image,
        command=[RUNNER, "errand"],
        env=list(env),
        mounts=mounted,
        volumes=held,
        deadline_seconds=round(told["timeout_seconds"] + PATIENCE_SECONDS),
        claim=claim if told["once"] else None,
        resources=None if told["once"] else _modest(draft),
        account=account,
    )
    draft.creations.append(confined(job, parts, draft.seen.settings))


def _modest(draft: Draft) -> dict[str, Any]:
    """A quota may want each of them written, so what the sheets write is written here as well."""
    given = draft.seen.job.spec.sheet_template.resources
    asked = draft.seen.settings.resources if given is None else given
    return {
        section: {name: amount for name, amount in amounts.items() if name in (asked.get(section) or {})}
        for section, amounts in MODEST.items()
    }


def create_again(
    draft: Draft, name: str, told: Errand, env: Sequence[Mapping[str, Any]] = (), account: str | None = None
) -> None:
    """As `create`, where the intent stood before this look."""
    create(draft, name, told, env, account)
    draft.recovered = True


def look_at(draft: Draft, name: str, *, once: bool) -> Gone | Going | Answered:
    """What is known of the errand whose Pod has that name; one that never starts is deleted, to be made again."""
    pod, ghost = draft.own(draft.seen.pods, name), draft.own(draft.seen.ghosts, name)
    if pod is None:
        return _gone(ghost, once=once)
    if pod.over or pod.ended:
        return _answer(pod)
    if pod.deleting_at is not None:
        draft.wake_at(pod.deleting_at + LOST_AFTER_SECONDS)
    if _is_lost(draft, pod):
        return _on_a_lost_node(draft, pod)
    if pod.ran or pod.deleting_at is not None:
        return Going(pod)
    return Going(pod, start_of(draft, pod, pod.errand).why)


def stop(draft: Draft, name: str, grace_seconds: int | None = None) -> bool:
    """Have its Pod deleted, if it lives; False once nothing of it runs."""
    pod = draft.own(draft.seen.pods, name)
    if pod is None or pod.over or pod.ended:
        return False
    if pod.deleting_at is None:
        draft.deletions.append(PodDeletion(pod.name, pod.uid, grace_seconds))
    return True


def _gone(ghost: PodView | None, *, once: bool) -> Gone | Answered:
    """Its last words, if it had any; else the ledger knows, where it has one."""
    if ghost is not None and (ghost.over or ghost.ended) and _said(ghost) is not None:
        return _answer(ghost)
    if ghost is None or once or not ghost.ran:
        return Gone()
    return Answered("lost", "its Pod vanished while it ran; what it did is not known", ghost)


def _is_lost(draft: Draft, pod: PodView) -> bool:
    late = pod.deleting_at is not None and draft.now >= pod.deleting_at + LOST_AFTER_SECONDS
    return pod.terminal or late


def _on_a_lost_node(draft: Draft, pod: PodView) -> Going:
    if draft.seen.job.spec.node_lost_policy == "Replace":
        draft.deletions.append(PodDeletion(pod.name, pod.uid, grace_seconds=0))
    fix = "waiting for the node (spec.nodeLostPolicy: Replace goes on without it)"
    return Going(pod, ("NodeLost", f"Pod {pod.name} is {pod.phase} and its node does not answer; {fix}"))


def _answer(pod: PodView) -> Answered:
    said = _said(pod)
    if said is None:
        return Answered("lost" if pod.ran else "failed", _unspoken(pod), pod, _code(pod))
    code = said.get("exit_code")
    known = isinstance(code, int) and not isinstance(code, bool) and abs(code) < LARGEST
    return Answered(
        said["outcome"], _text(said["message"]), pod, code if known else None, _text(said.get("output_tail", ""))
    )


def _said(pod: PodView) -> ErrandResult | None:
    """The answer in its message, if it has the shape of one and is of this very Pod; it is untrusted."""
    try:
        said = decode_errand(pod.container.message if pod.container is not None else "")
    except UnreadableMessageError:
        return None
    known = said["outcome"] in ("succeeded", "failed", "lost") and isinstance(said.get("output_tail", ""), str)
    return said if known and said["pod_uid"] == pod.uid and said["errand"] == pod.errand else None


def _unspoken(pod: PodView) -> str:
    """The kubelet's word, where it left no answer."""
    ended = pod.container
    why = pod.message or (ended.message[:200] if ended is not None and not pod.ran else "")
    code = "" if ended is None or ended.exit_code is None else f", exit code {ended.exit_code}"
    reason = pod.reason or (ended.reason if ended is not None else "") or pod.phase
    told = f"Pod {pod.name} ended as {reason}{code} without an answer"
    return _text(f"{told}: {why}" if why else told)


def _code(pod: PodView) -> int | None:
    return None if pod.container is None else pod.container.exit_code


def _text(said: str) -> str:
    """Half of a surrogate pair is no text."""
    return said.encode(errors="replace").decode()
