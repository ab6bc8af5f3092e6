"""`on_success`: once every sheet of a run that did something is done well, the hooks follow, one after the other.

The job is completed when they are; one that fails makes the job fail. Cancel and the deadline end them, a pause lets
what runs end and starts nothing. A finished job stays silent.
"""

from marianne_operator.model.hook import BAD, HookStatus
from marianne_operator.plan import errand, hook_chain, hook_command, hook_file
from marianne_operator.plan.control import CANCEL_NOW_GRACE_SECONDS
from marianne_operator.plan.draft import Draft, Following
from marianne_operator.plan.errand import Answered, Going, Gone
from marianne_operator.plan.hook_record import name, over, put


def hear(draft: Draft) -> Gone | Going | None:
    """Take in what the hook under way has come to, before any verb acts; what is left of it to see."""
    entry = next((each for each in draft.status.hooks if each.active), None)
    if entry is None or draft.status.finished:
        return None
    if entry.pod_name is None:
        told = hook_chain.heard(draft, entry)
        put(draft, told)
        _tell(draft, told)
        return None
    found = errand.look_at(draft, entry.pod_name, once=True)
    if not isinstance(found, Answered):
        return found
    answered = hook_command.answered if entry.job is None else hook_file.answered
    ended = answered(draft, entry, found)
    if draft.status.ending is not None and ended.state in BAD:
        ended = ended.model_copy(update={"state": "cancelled"})
    put(draft, ended)
    _tell(draft, ended)
    return None


def follow(draft: Draft, seen: Gone | Going | None) -> None:
    """Carry out what is due. `seen`: of the hook's Pod, as `hear` left it."""
    hooks = draft.score.get("hooks", [])
    if not hooks or draft.status.finished or draft.validates_only:
        return
    if not draft.status.worked and any(sheet.active for sheet in draft.sheets):
        draft.set(worked=True)
    if not (draft.status.worked or draft.status.hooks) or not all(sheet.satisfied for sheet in draft.sheets):
        return
    _skip_after_a_failure(draft)
    while (entry := _current(draft)) is not None:
        stepped = _step(draft, entry, seen)
        put(draft, stepped)
        if not stepped.over:
            return
        seen = draft.following = None
        _tell(draft, stepped)
        _skip_after_a_failure(draft)


def _current(draft: Draft) -> HookStatus | None:
    """The first that is not over; once all that began are, the next one."""
    entries, hooks = draft.status.hooks, draft.score.get("hooks", [])
    going = next((each for each in entries if not each.over), None)
    if going is not None or len(entries) >= len(hooks) or any(each.state == "cancelled" for each in entries):
        return going
    return HookStatus(index=len(entries), type=hooks[len(entries)]["type"], state="pending")


def _step(draft: Draft, entry: HookStatus, seen: Gone | Going | None) -> HookStatus:
    if draft.status.ending is not None:
        return _stopped(draft, entry)
    if draft.seen.job.spec.paused:
        return _paused(draft, entry, seen)
    hook = draft.score.get("hooks", [])[entry.index]
    if "job" in hook:
        if entry.pod_name is not None:
            return hook_file.step(draft, hook["job"], entry, seen)
        return hook_chain.step(draft, hook, hook["job"], entry)
    return hook_command.step(draft, hook, entry, seen)


def _stopped(draft: Draft, entry: HookStatus) -> HookStatus:
    """A child is a job of its own: it goes on."""
    spec, ending = draft.seen.job.spec, draft.status.ending
    now = spec.cancel_policy == "Now" and ending is not None and ending.reason == "Cancelled"
    grace = CANCEL_NOW_GRACE_SECONDS if now else None
    if entry.active and entry.pod_name is not None and errand.stop(draft, entry.pod_name, grace):
        draft.following = Following("Running", f"{name(entry)} is being stopped")
        return entry
    message = f"the run was ended: {ending.reason if ending else 'Cancelled'}"
    left = f"; job {entry.job} goes on" if entry.active and entry.job and entry.pod_name is None else ""
    return over(draft, entry, "cancelled", message + left)


def _paused(draft: Draft, entry: HookStatus, seen: Gone | Going | None) -> HookStatus:
    if isinstance(seen, Going):
        message = f"spec.paused: {name(entry)} is let end"
        waiting = draft.waiting(draft.status.waiting, "Draining", message)
        draft.following = Following("Running", message, waiting)
    else:
        draft.following = Following("Paused", f"spec.paused: {name(entry)} does not go on")
    return entry


def _skip_after_a_failure(draft: Draft) -> None:
    hooks = draft.score.get("hooks", [])
    failed = [each for each in draft.status.hooks if each.state in BAD and hooks[each.index]["abort"]]
    if not failed or _current(draft) is None:
        return
    kept = [each for each in draft.status.hooks if each.over]
    draft.set(hooks=kept)
    for index in range(len(kept), len(hooks)):
        entry = HookStatus(index=index, type=hooks[index]["type"], state="pending")
        put(draft, over(draft, entry, "skipped", f"not run: {name(failed[0])} failed"))


def _tell(draft: Draft, entry: HookStatus) -> None:
    if entry.state in BAD:
        draft.warn("HookFailed", f"{name(entry)}: {entry.message or entry.state}")
