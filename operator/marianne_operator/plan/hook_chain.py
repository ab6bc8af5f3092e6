"""A hook that starts the next job of a chain: within its depth, after its pause and its cooldown, once."""

from marianne_operator.model.hook import HookStatus
from marianne_operator.model.job import JobView
from marianne_operator.model.names import child_name
from marianne_operator.plan import chain, errand, hook_file
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.draft import Draft, Following
from marianne_operator.plan.hook_command import waits
from marianne_operator.plan.hook_record import name, over
from marianne_runner.contract import ChainedJob, Hook


def heard(draft: Draft, entry: HookStatus) -> HookStatus:
    """What has become of the child that it waits for."""
    if entry.state != "running":
        return entry
    child = draft.seen.children.get(entry.job or "")
    if child is None or child.uid != entry.job_uid:
        return over(draft, entry, "failed", f"job {entry.job} was deleted before it ended")
    phase = child.status.phase
    if phase == "Completed":
        return over(draft, entry, "succeeded", f"job {entry.job} is completed")
    if child.status.finished or phase == "Refused":
        return over(draft, entry, "failed", f"job {entry.job} is {str(phase).lower()}", _why(child))
    return entry


def step(draft: Draft, hook: Hook, chained: ChainedJob, entry: HookStatus) -> HookStatus:
    """One step on; where it comes to a wait, that is what the job does."""
    match entry.state:
        case "pending":
            return _begin(draft, chained, entry)
        case "paused":
            return _at_the_pause(draft, chained, entry)
        case "waiting":
            return _after_the_cooldown(draft, chained, entry, seconds(entry.not_before or stamp(draft.now)))
        case "dispatched":
            return _started(draft, hook, chained, entry)
        case _:
            return _wait(draft, hook, entry)


def _begin(draft: Draft, chained: ChainedJob, entry: HookStatus) -> HookStatus:
    limit, depth = chain.bounds(draft.score)["max_chain_depth"], chain.depth(draft.seen.job)
    if depth >= limit:
        told = f"the chain ends here: {depth} jobs came before this one, and concert.max_chain_depth is {limit}"
        draft.warn("ChainDepthReached", f"{name(entry)}: {told}")
        return over(draft, entry, "skipped", told)
    if not chained["pause"]:
        return _cool_down(draft, chained, entry)
    draft.set(resume_token=_token(draft) or draft.status.resume_token)
    draft.tell("PausedAtChain", f"{name(entry)} waits to be resumed before it starts {chained['path']}")
    draft.following = _paused(entry, chained)
    return entry.model_copy(update={"state": "paused"})


def _at_the_pause(draft: Draft, chained: ChainedJob, entry: HookStatus) -> HookStatus:
    token = _token(draft)
    if token is None or token == draft.status.resume_token:
        draft.following = _paused(entry, chained)
        return entry
    draft.set(resume_token=token)
    draft.tell("ChainResumed", f"{name(entry)} goes on: spec.resume has a new token")
    return _cool_down(draft, chained, entry)


def _token(draft: Draft) -> str | None:
    asked = draft.seen.job.spec.resume
    return None if asked is None else asked.token


def _paused(entry: HookStatus, chained: ChainedJob) -> Following:
    return Following(
        "PausedAtChain", f"{name(entry)} starts {chained['path']} once it is resumed (spec.resume with a new token)"
    )


def _cool_down(draft: Draft, chained: ChainedJob, entry: HookStatus) -> HookStatus:
    due = draft.now + chain.bounds(draft.score)["cooldown_seconds"]
    return _after_the_cooldown(draft, chained, entry, due)


def _after_the_cooldown(draft: Draft, chained: ChainedJob, entry: HookStatus, due: float) -> HookStatus:
    if draft.now < due:
        draft.wake_at(due)
        told = f"{name(entry)} starts {chained['path']} after the cooldown"
        waiting = draft.waiting(draft.status.waiting, "ChainCooldown", told, until=due)
        draft.following = Following("Waiting", f"ChainCooldown: {told}", waiting)
        return entry.model_copy(update={"state": "waiting", "not_before": stamp(due)})
    if draft.hold is not None:
        draft.following = Following("Waiting", f"{draft.hold.reason}: {draft.hold.message}", draft.hold)
        return entry
    number = errand.next_number(draft)
    if chain.file_of(draft.seen.job.spec, chained) is not None:
        return hook_file.begin(draft, chained, entry, number)
    job = child_name(draft.seen.job.name, draft.seen.job.uid, number)
    entry = entry.model_copy(update={"state": "dispatched", "job": job, "number": number, "not_before": None})
    return _create(draft, chained, entry)


def _create(draft: Draft, chained: ChainedJob, entry: HookStatus) -> HookStatus:
    source = chain.source_of(draft.seen.job.spec, chained)
    if source is None:
        return over(draft, entry, "failed", f"{chained['path']!r} is no longer a file of this job")
    draft.children.append(chain.child(draft, chained, entry.job or "", source))
    draft.following = Following("Running", f"{name(entry)} starts job {entry.job}")
    return entry


def _started(draft: Draft, hook: Hook, chained: ChainedJob, entry: HookStatus) -> HookStatus:
    child = draft.seen.children.get(entry.job or "")
    if child is None:
        return _refused(draft, chained, entry)
    if child.chain is None or child.chain.parent_uid != draft.seen.job.uid:
        return over(draft, entry, "failed", f"a job named {entry.job} exists and is not of this chain: delete it")
    entry = entry.model_copy(update={"job_uid": child.uid, "started_at": child.created_at})
    if chained["detached"]:
        return over(draft, entry, "succeeded", f"job {entry.job} was started")
    entry = heard(draft, entry.model_copy(update={"state": "running"}))
    return entry if entry.over else _wait(draft, hook, entry)


def _refused(draft: Draft, chained: ChainedJob, entry: HookStatus) -> HookStatus:
    """Nothing is known of it: it was not made, or the API server would not have it."""
    refusal = draft.seen.refusals.get(chain.CHILD + (entry.job or ""))
    if refusal is not None and refusal.reason != "QuotaExceeded":
        return over(draft, entry, "failed", f"job {entry.job} was not made: {refusal.message}")
    if refusal is not None and draft.now < refusal.until:
        draft.wake_at(refusal.until)
        draft.following = waits(draft, entry, refusal.reason, refusal.message, refusal.until)
        return entry
    draft.recovered = True
    return _create(draft, chained, entry)


def _wait(draft: Draft, hook: Hook, entry: HookStatus) -> HookStatus:
    limit = hook.get("timeout_seconds")
    until = None if limit is None else seconds(entry.started_at or stamp(draft.now)) + limit
    if until is not None and draft.now >= until:
        return over(draft, entry, "failed", f"job {entry.job} had not ended after {limit:g} s; it goes on")
    if until is not None:
        draft.wake_at(until)
    told = f"{name(entry)} waits for job {entry.job}"
    waiting = draft.waiting(draft.status.waiting, "ChildJob", told, until=until)
    draft.following = Following("Running", told, waiting)
    return entry


def _why(child: JobView) -> str:
    told = child.status.condition("Succeeded")
    return "" if told is None else told.message
