"""A hook that runs a command or a script: one errand with the workspace."""

from marianne_operator.model.hook import HookStatus
from marianne_operator.plan import errand
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft, Following
from marianne_operator.plan.errand import Answered, Going, Gone
from marianne_operator.plan.hook_record import name, over
from marianne_runner.contract import Command, Errand, Hook

SHOW_RUNNING_AFTER_SECONDS = 3.0
"""One that has been running so long gets a write of its own, as a sheet does."""
DEFAULT_SECONDS = 300.0


def step(draft: Draft, hook: Hook, entry: HookStatus, seen: Gone | Going | None) -> HookStatus:
    """Start it, make its Pod again where it is gone, or say what it does."""
    draft.following = Following("Running", f"{name(entry)} runs")
    if isinstance(seen, Going):
        return going(draft, entry, seen)
    if (held := held_back(draft, entry)) is not None:
        draft.following = held
        return entry
    if not entry.active:
        number = errand.next_number(draft)
        pod = errand.name_of(draft, "hook", number)
        errand.create(draft, pod, _brief(draft, hook, number))
        return entry.model_copy(update={"state": "dispatched", "pod_name": pod, "number": number})
    errand.create_again(draft, entry.pod_name or "", _brief(draft, hook, entry.number))
    return entry


def answered(draft: Draft, entry: HookStatus, found: Answered) -> HookStatus:
    """It is over."""
    ended = over(draft, entry, found.outcome, found.message, found.tail)
    started = found.pod.container.started_at if found.pod.container is not None else None
    return ended.model_copy(
        update={"exit_code": found.exit_code, "started_at": None if started is None else stamp(started)}
    )


def _brief(draft: Draft, hook: Hook, number: int) -> Errand:
    told = errand.brief(draft, "hook", number, hook.get("timeout_seconds", DEFAULT_SECONDS), once=True)
    values = {"job_id": draft.seen.job.name, "sheet_count": str(len(draft.sheets))}
    told["command"] = Command(text=hook.get("command", ""), shell=hook["type"] == "run_command", values=values)
    if "working_directory" in hook:
        told["command"]["working_directory"] = hook["working_directory"]
    return told


def held_back(draft: Draft, entry: HookStatus) -> Following | None:
    """What keeps its Pod from being made; what waits for the Pod's end does not, where it was made before."""
    if draft.hold is not None and not (entry.active and draft.hold.reason == "Draining"):
        return Following("Waiting", f"{draft.hold.reason}: {draft.hold.message}", draft.hold)
    refusal = draft.seen.refusals.get(entry.pod_name or "")
    if refusal is None or draft.now >= refusal.until:
        return None
    draft.wake_at(refusal.until)
    return waits(draft, entry, refusal.reason, refusal.message, refusal.until)


def waits(draft: Draft, entry: HookStatus, reason: str, message: str, until: float | None = None) -> Following:
    """The job waits for this hook."""
    told = f"{name(entry)}: {message}"
    if draft.status.waiting is None or draft.status.waiting.reason != reason:
        draft.warn(reason, told)
    return Following("Waiting", f"{reason}: {told}", draft.waiting(draft.status.waiting, reason, told, until=until))


def going(draft: Draft, entry: HookStatus, seen: Going) -> HookStatus:
    """Its Pod is there: what it waits for, and since when it runs."""
    if seen.why is not None:
        draft.following = waits(draft, entry, *seen.why)
        return entry
    since = seen.pod.container.started_at if seen.pod.container is not None else None
    if since is None or entry.state == "running":
        return entry
    if draft.now < since + SHOW_RUNNING_AFTER_SECONDS:
        draft.wake_at(since + SHOW_RUNNING_AFTER_SECONDS)
        return entry
    return entry.model_copy(update={"state": "running", "started_at": stamp(since)})
