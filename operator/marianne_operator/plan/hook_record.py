"""`status.hooks`: what its entries mean for the job, and for its next run."""

from marianne_operator.model.hook import BAD, HookStatus
from marianne_operator.model.status import JobStatus
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.draft import Draft

SHOWN_BYTES = 400


def put(draft: Draft, entry: HookStatus) -> None:
    """In its place."""
    entries = list(draft.status.hooks)
    entries[entry.index : entry.index + 1] = [entry]
    draft.set(hooks=entries)


def over(draft: Draft, entry: HookStatus, state: str, message: str, tail: str = "") -> HookStatus:
    """It has ended so; of a long output the end is kept."""
    text = message.encode()[:SHOWN_BYTES].decode(errors="ignore")
    room = SHOWN_BYTES - len(text.encode()) - (2 if text else 0)
    end = tail.strip().encode()[-room:].decode(errors="ignore") if room > 0 else ""
    told = ": ".join(each for each in (text, end) if each)
    return entry.model_copy(
        update={"state": state, "message": told or None, "completed_at": stamp(draft.now), "not_before": None}
    )


def name(entry: HookStatus) -> str:
    """As its author finds it."""
    return f"on_success.{entry.index} ({entry.type})"


def failure(status: JobStatus) -> str | None:
    """Why the job has failed though its sheets have not."""
    bad = [entry for entry in status.hooks if entry.state in BAD]
    if not bad:
        return None
    told = "; ".join(f"{name(entry)}: {entry.message or entry.state}" for entry in bad[:3])
    return f"Post-success hook failed: {told}"[:1024]


def stopped(status: JobStatus) -> bool:
    """The run was ended before they were through."""
    return any(entry.state == "cancelled" for entry in status.hooks)


def hook_runs(status: JobStatus) -> bool:
    """One has a Pod, or the intent to have one; a child is a job of its own."""
    return any(entry.active and entry.pod_name for entry in status.hooks)


def hooks_under_way(status: JobStatus) -> bool:
    """Some are still to come to an end."""
    return not status.finished and any(not entry.over for entry in status.hooks)


def hooks_afresh(status: JobStatus, *, works: bool) -> list[HookStatus]:
    """For the next run: after new work all of them follow again; else those that did not succeed are owed."""
    owed = any(entry.state != "succeeded" for entry in status.hooks)
    if works or not owed:
        return []
    return [
        entry if entry.state == "succeeded" else HookStatus(index=entry.index, type=entry.type, state="pending")
        for entry in status.hooks
    ]
