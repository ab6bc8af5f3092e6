"""Attempts of sheets, as their Pods tell them: only those Pods that are still there."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from marianne_operator.model.pod import PodView
from marianne_operator.model.told import verdict_of
from marianne_runner.contract import BRIEF_ANNOTATION, Check, Verdict

Body = Mapping[str, Any]
NO_VERDICT: Final = "it has left no verdict"
CHECK: Final = tuple(key for key in Check.__annotations__ if key != "confidence_factors")
"""What a verdict's shape vouches for."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One Pod's. `verdict` is what its runner said, believed only in its shape; None while it works, or said nothing.

    `exit_code`, `started` and `finished` are the container's, `phase`, `reason` and `message` Kubernetes'. What it was
    asked for stands in the Pod's own annotation.
    """

    sheet: int
    number: int
    pod: str
    pod_uid: str
    phase: str
    reason: str
    message: str
    exit_code: int | None
    started: float | None
    finished: float | None
    mode: str | None
    instrument: str | None
    model: str | None
    verdict: Verdict | None

    @property
    def over(self) -> bool:
        """Nothing of it runs any more."""
        return self.finished is not None or self.phase in ("Succeeded", "Failed")

    @property
    def outcome(self) -> str:
        """The runner's word; else as far as the Pod has come."""
        if self.verdict is not None:
            return self.verdict["outcome"]
        if self.over:
            return "unknown"
        return "running" if self.started is not None else "starting"

    @property
    def why(self) -> tuple[str, str]:
        """(reason, message): of the verdict, else of the Pod."""
        if self.verdict is not None:
            return self.verdict["reason"], self.verdict["message"]
        return self.reason, self.message or (NO_VERDICT if self.over else "")

    @property
    def seconds(self) -> float | None:
        """The instrument's, else the container's; None while it works."""
        if self.verdict is not None and "duration_seconds" in self.verdict:
            return self.verdict["duration_seconds"]
        ended = self.started is not None and self.finished is not None
        return (self.finished or 0.0) - (self.started or 0.0) if ended else None


def attempts_by_sheet(pods: Iterable[Body], job: Body) -> dict[int, list[Attempt]]:
    """Of this very job, in order; Pods of an earlier namesake are left out. A verdict without its signature is none."""
    found: dict[int, list[Attempt]] = {}
    key = (job.get("status") or {}).get("nonce")
    for body in pods:
        pod = PodView.of(body)
        if pod.job_uid == job["metadata"]["uid"] and pod.sheet and pod.attempt:
            found.setdefault(pod.sheet, []).append(_attempt(pod, _brief(body), key))
    return {sheet: sorted(several, key=lambda each: each.number) for sheet, several in found.items()}


def attempt_details(attempt: Attempt) -> dict[str, Any]:
    """For programs: the words of sheet details, as far as one attempt has them; always all of them."""
    told: Body = attempt.verdict or {}
    reason, message = attempt.why
    return {
        "attempt": attempt.number,
        "run": told.get("run"),
        "mode": attempt.mode,
        "instrument": attempt.instrument,
        "model": attempt.model,
        "pod_name": attempt.pod,
        "pod_phase": attempt.phase,
        "pod_reason": attempt.reason or None,
        "started_at": _stamp(told.get("started_at", attempt.started)),
        "completed_at": _stamp(told.get("ended_at", attempt.finished)),
        "duration_seconds": attempt.seconds,
        "outcome": attempt.outcome,
        "reason": reason or None,
        "message": message or None,
        **{key: told.get(key) for key in ("error_code", "error_category", "exit_code", "exit_signal", "exit_reason")},
        **{key: told.get(key) for key in ("validation_passed", "pass_percentage", "confidence")},
        "prompt_characters": told.get("prompt_characters"),
        "validations_by_kind": {
            kind: {"passed": passed, "total": total} for kind, (passed, total) in told.get("rules_by_kind", {}).items()
        },
        "passed_validations": told.get("passed_rules", []),
        "failed_validations": told.get("failed_rules", []),
        "validation_details": [{key: check[key] for key in CHECK if key in check} for check in told.get("checks", ())],
        **{key: told.get(key) for key in ("input_tokens", "output_tokens", "stdout_tail", "stderr_tail")},
        "output_truncated": told.get("output_truncated", False),
    }


def _attempt(pod: PodView, brief: Body, key: str | None) -> Attempt:
    container = pod.container
    verdict, unreadable = verdict_of(pod, key) if pod.ended else (None, "")
    words = {key: value for key in ("mode", "instrument", "model") if isinstance(value := brief.get(key), str)}
    own = "" if container is None or container.reason in ("Completed", "Error") else container.reason
    said = "" if container is None or container.state == "terminated" else container.message
    return Attempt(
        sheet=pod.sheet,
        number=pod.attempt,
        pod=pod.name,
        pod_uid=pod.uid,
        phase=pod.phase,
        reason=own or pod.reason,
        message=unreadable or said or pod.message or pod.unschedulable,
        exit_code=None if container is None else container.exit_code,
        started=None if container is None else container.started_at,
        finished=None if container is None else container.ended_at,
        mode=words.get("mode"),
        instrument=words.get("instrument"),
        model=words.get("model"),
        verdict=verdict,
    )


def _brief(body: Body) -> Body:
    """Empty where somebody has made something else of it."""
    try:
        found = json.loads((body["metadata"].get("annotations") or {}).get(BRIEF_ANNOTATION, "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _stamp(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
