"""Pause, resume, cancel, delete: which is possible in which state, and what is written for it.

Writes are JSON patches that begin with a `test` of the UID: a namesake that was created in between is never hit.
Messages are Marianne's (semantics §1.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marianne_client.words import FINISHED, JobWord, job_status

Job = Mapping[str, Any]
Operation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """To be written; no operations but the test: it was wished before."""

    operations: list[Operation]
    message: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not in this state; the message says what is possible."""

    message: str


def word(job: Job) -> JobWord:
    """Marianne's status of the job."""
    status = job.get("status") or {}
    return job_status(status.get("phase"), started="startTime" in status)


def pause(job: Job, *, interrupt: bool | None = None) -> Wish | Refusal:
    """Nothing new starts; running sheets end, or with `interrupt` are stopped without losing a try."""
    if word(job) not in ("pending", "running"):
        return Refusal(f"Job is not running (status: {word(job)})")
    policy = {} if interrupt is None else {"pausePolicy": "Interrupt" if interrupt else "Drain"}
    return _wish(job, {"paused": True, **policy}, "Pause requested: no further sheet starts")


def resume(job: Job, token: str) -> Wish | Refusal:
    """Go on; of a failed job, begin the next run with what was not completed. `token` is new for each call."""
    if _asked(job, "cancel"):
        hint = "a cancelled job goes on when spec.cancel is unset and spec.restart has a new token"
        return Refusal(f"Job is not paused (status: {word(job)}); {hint}")
    if word(job) == "failed":
        if _phase(job) == "Refused":
            return Refusal(f"Job is not paused (status: failed); its spec is to be mended first: {_why(job)}")
        return _restart(job, token)
    if word(job) == "paused_at_chain":
        return _wish(job, {"resume": {"token": token}, "paused": False}, "Resume requested: the chain goes on")
    if word(job) == "paused" or (_asked(job, "paused") and word(job) in ("pending", "running")):
        return _wish(job, {"paused": False}, "Resume requested")
    return Refusal(f"Job is not paused (status: {word(job)})")


def _restart(job: Job, token: str) -> Wish:
    """Once, however often it is wished before the conductor has begun: a second token would end the new run again."""
    message = "Resume requested: what failed runs again"
    wished = ((job.get("spec") or {}).get("restart") or {}).get("token")
    if wished not in (None, job["status"].get("restartToken")):
        return _wish(job, {"paused": False}, message)
    wish = _wish(job, {"restart": {"token": token, "scope": "Failed"}, "paused": False}, message)
    unchanged = {"op": "test", "path": "/metadata/generation", "value": job["metadata"]["generation"]}
    return Wish([wish.operations[0], unchanged, *wish.operations[1:]], message)


def restart(job: Job, asked: Mapping[str, Any]) -> Wish | Refusal:
    """Begin the next run, of a cancelled job too; what runs is let end first. `asked`: `spec.restart`."""
    status = job.get("status") or {}
    if "run" not in status:
        why = f"; its spec is to be mended first: {_why(job)}" if _phase(job) == "Refused" else ""
        return Refusal(f"Job has not begun (status: {word(job)}){why}")
    total = (status.get("score") or {}).get("totalSheets", 0)
    if asked.get("fromSheet", 0) > total:
        return Refusal(f"Job has {total} sheets, not {asked['fromSheet']}")
    validates = asked.get("mode") == "ValidateOnly"
    message = "Restart requested: " + ("what was tried is validated again" if validates else "the next run begins")
    return _wish(job, {"restart": dict(asked), "cancel": False, "paused": False}, message)


def cancel(job: Job, *, now: bool | None = None) -> Wish | Refusal:
    """End this run; `now` gives running sheets no time to end well."""
    if _phase(job) in FINISHED - {"Refused"}:
        return Refusal(f"Job already finished (status: {word(job)})")
    policy = {} if now is None else {"cancelPolicy": "Now" if now else "Graceful"}
    return _wish(job, {"cancel": True, **policy}, "Cancel requested: running sheets are stopped")


def deletable(job: Job) -> Refusal | None:
    """Only what has ended is deleted: deleting a job stops its Pods without a word."""
    if _phase(job) in FINISHED:
        return None
    return Refusal(f"it is {word(job)}: cancel it first")


def _phase(job: Job) -> str:
    return str((job.get("status") or {}).get("phase") or "")


def _asked(job: Job, verb: str) -> bool:
    return bool((job.get("spec") or {}).get(verb))


def _why(job: Job) -> str:
    conditions = (job.get("status") or {}).get("conditions") or []
    return next((str(each.get("message", "")) for each in conditions if each["type"] == "Accepted"), "")


def _wish(job: Job, fields: Mapping[str, Any], message: str) -> Wish:
    held = job.get("spec") or {}
    test = {"op": "test", "path": "/metadata/uid", "value": job["metadata"]["uid"]}
    changed = [
        {"op": "add", "path": f"/spec/{field}", "value": value}
        for field, value in fields.items()
        if held.get(field, False) != value
    ]
    return Wish([test, *changed], message)
