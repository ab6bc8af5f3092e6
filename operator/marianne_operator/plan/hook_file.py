"""A hook whose next job has its score in the workspace: an errand with a service account's token starts it.

The operator reads no workspace, and what agents write must not be started with its rights. Once the child is seen, the
hook goes on as one whose child the operator made itself (decision 026).
"""

import json
from typing import Final

from marianne_operator.model.hook import HookStatus
from marianne_operator.model.names import child_name
from marianne_operator.plan import chain, errand
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.draft import Draft, Following
from marianne_operator.plan.errand import Answered, Going, Gone
from marianne_operator.plan.hook_command import going, held_back
from marianne_operator.plan.hook_record import name, over
from marianne_runner.contract import BRIEF_LIMIT, ChainedJob, Start

ERRAND_SECONDS: Final = 60.0
SEEN_WITHIN_SECONDS: Final = 60.0
"""From the answer that it was made, until the watch must have told of it."""


def begin(draft: Draft, chained: ChainedJob, entry: HookStatus, number: int) -> HookStatus:
    """Its intent: both names are known beforehand."""
    job = draft.seen.job
    pod, child = errand.name_of(draft, "hook", number), child_name(job.name, job.uid, number)
    named = {"state": "dispatched", "job": child, "pod_name": pod, "number": number, "not_before": None}
    return _order(draft, chained, entry.model_copy(update=named), again=False)


def step(draft: Draft, chained: ChainedJob, entry: HookStatus, seen: Gone | Going | None) -> HookStatus:
    """Make its Pod again where it is gone; `seen` is None once it has answered and the child is yet to be seen."""
    draft.following = Following("Running", f"{name(entry)} starts job {entry.job}")
    if isinstance(seen, Going):
        return going(draft, entry, seen)
    if seen is None:
        return entry
    if (held := held_back(draft, entry)) is not None:
        draft.following = held
        return entry
    return _order(draft, chained, entry, again=True)


def answered(draft: Draft, entry: HookStatus, found: Answered) -> HookStatus:
    """The child that is seen counts, whatever was said; it is the chain's step from here on."""
    child = draft.seen.children.get(entry.job or "")
    if child is not None:
        return entry.model_copy(
            update={"state": "dispatched", "pod_name": None, "not_before": None, "started_at": None}
        )
    if found.outcome != "succeeded":
        return over(draft, entry, found.outcome, found.message)
    until = draft.now + SEEN_WITHIN_SECONDS if entry.not_before is None else seconds(entry.not_before)
    if draft.now >= until:
        return over(draft, entry, "failed", f"job {entry.job} was deleted before it was seen")
    draft.wake_at(until)
    return entry.model_copy(update={"not_before": stamp(until)})


def _order(draft: Draft, chained: ChainedJob, entry: HookStatus, *, again: bool) -> HookStatus:
    spec = draft.seen.job.spec
    file, account = chain.file_of(spec, chained), spec.hook_service_account_name
    if file is None or account is None:
        fix = "spec.hookServiceAccountName lets it be one of the workspace"
        return over(draft, entry, "failed", f"{chained['path']!r} is no longer a score that it may start: {fix}")
    told = errand.brief(draft, "hook", entry.number, ERRAND_SECONDS, once=True)
    told["start"] = Start(file=file, body=chain.child(draft, chained, entry.job or "", None), account=account)
    if (size := len(json.dumps(told, ensure_ascii=False).encode(errors="replace"))) > BRIEF_LIMIT:
        why = f"what job {entry.job} would inherit has {size} bytes; at most {BRIEF_LIMIT}"
        return over(draft, entry, "failed", f"{why}: shorten spec.sheetTemplate or spec.files")
    (errand.create_again if again else errand.create)(draft, entry.pod_name or "", told, account=account)
    draft.following = Following("Running", f"{name(entry)} starts job {entry.job}")
    return entry
