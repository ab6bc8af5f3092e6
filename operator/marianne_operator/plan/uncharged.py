"""Ends for which the sheet does not pay: each has a cap of its own, or waits for somebody to mend what is wrong."""

from typing import Final

from marianne_operator.model.names import instrument_object_name
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan import retry
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.diagnosis import diagnosis
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.failures import INFRASTRUCTURE_CAP, QUOTA_CAP, RATE_LIMIT_CAP, Failure
from marianne_operator.plan.outcome import Ended
from marianne_operator.plan.standing import RATE_LIMITED
from marianne_runner.contract import Retry

CREDENTIALS: Final = "CredentialsRefused"
EXHAUSTED: Final = "LimitsExhausted"
OF_A_PERSON: Final = frozenset({CREDENTIALS, EXHAUSTED})
"""Waits that end when the job was paused and resumed."""
DELAYS: Final = Retry(
    max_retries=0,
    base_delay_seconds=15.0,
    max_delay_seconds=300.0,
    exponential_base=2.0,
    jitter=False,
    max_completion_attempts=0,
    completion_delay_seconds=0.0,
    completion_threshold_percent=100.0,
)
"""Between tries that cost nobody anything: a workspace that cannot be written, an image without a runner."""
SHORTEST_LIMIT: Final = 5.0
LONGEST_LIMIT: Final = 86400.0
USUAL_LIMIT: Final = 3600.0


def unusable(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus:
    """Nothing ran; it is tried again until it can."""
    reason, message = ended.reason, ended.message
    if reason == "RunnerMissing":
        fix = "build it FROM the runner image, or set the chart's runner.inject"
        message = f"the image has no runner at /opt/marianne: {fix} ({message})"
    again = draft.now + retry.delay_seconds(DELAYS, max(1, sheet.attempt_count), "")
    return sheet.to(
        state="waiting",
        waiting=draft.waiting(sheet.waiting, reason, message, until=again),
        next_retry_at=stamp(again),
        error_message=message[:1024],
    )


def disrupted(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus:
    """The cluster ended it: at once again, but not for ever."""
    ends = sheet.infrastructure_ends + 1
    sheet = sheet.to(infrastructure_ends=ends)
    if ends > INFRASTRUCTURE_CAP:
        return given_up(draft, sheet, f"sheet {sheet.num} was ended by the cluster {ends} times: {ended.message}")
    draft.warn("SheetDisrupted", f"sheet {sheet.num} attempt {sheet.attempt}: {ended.message}")
    return sheet.to(state="pending", completed_at=None)


def limit_ends(draft: Draft, failure: Failure) -> float:
    """When the provider's limit is over, as told or as usual."""
    if failure.resets_at is not None:
        return min(max(failure.resets_at, draft.now + SHORTEST_LIMIT), draft.now + LONGEST_LIMIT)
    usual = 60.0 * draft.score["rate_limit"]["wait_minutes"] if "rate_limit" in draft.score else USUAL_LIMIT
    return draft.now + min(failure.wait or usual, LONGEST_LIMIT)


def limited(draft: Draft, sheet: SheetStatus, ended: Ended, failure: Failure, until: float) -> SheetStatus:
    """A provider's limit is waited for without a Pod; what failed before it tells nothing of what fails after it."""
    quota = failure.code == "E104"
    waits = (sheet.quota_waits if quota else sheet.rate_limit_waits) + 1
    if waits > _most_waits(draft, quota=quota):
        kind = "a spent quota" if quota else "a rate limit"
        message = f"met {kind} {waits} times: pause the job and resume it to try again ({ended.message})"
        waiting = draft.waiting(None, EXHAUSTED, message)
        return sheet.to(state="waiting", waiting=waiting, next_retry_at=None, completed_at=None, recent_errors=[])
    return sheet.to(
        state="waiting",
        waiting=draft.waiting(None, RATE_LIMITED, ended.message, until=until),
        next_retry_at=stamp(until),
        quota_waits=waits if quota else sheet.quota_waits,
        rate_limit_waits=sheet.rate_limit_waits if quota else waits,
        recent_errors=[],
        completed_at=None,
    )


def _most_waits(draft: Draft, *, quota: bool) -> int:
    if "rate_limit" not in draft.score:
        return QUOTA_CAP if quota else RATE_LIMIT_CAP
    limit = draft.score["rate_limit"]
    return limit["max_quota_waits"] if quota else limit["max_waits"]


def refused(draft: Draft, sheet: SheetStatus, ended: Ended) -> SheetStatus:
    """Credentials that are wrong are wrong the next time too: nothing starts before somebody says that they are mended.

    An instrument without any was refused by something else, which waiting does not mend.
    """
    instrument = draft.seen.instruments.get(instrument_object_name(sheet.instrument or ""))
    if instrument is None or not instrument.spec.credentials:
        message = f"sheet {sheet.num} was refused, and instrument {sheet.instrument!r} has no credentials"
        return given_up(draft, sheet, f"{message}: {ended.message}")
    secrets = ", ".join(dict.fromkeys(each.secret_key_ref.name for each in instrument.spec.credentials))
    fix = f"mend Secret {secrets}, then pause the job and resume it"
    message = f"instrument {sheet.instrument!r} refuses its credentials: {fix} ({ended.message})"
    waiting = draft.waiting(None, CREDENTIALS, message)
    return sheet.to(state="waiting", waiting=waiting, next_retry_at=None, completed_at=None)


def refuses(sheet: SheetStatus) -> bool:
    """It waits for a person: for its credentials to be mended, or for a word after too many limits."""
    return sheet.state == "waiting" and sheet.waiting is not None and sheet.waiting.reason in OF_A_PERSON


def given_up(draft: Draft, sheet: SheetStatus, message: str) -> SheetStatus:
    """Failed for good; what most likely has to be done is told with it."""
    advice = diagnosis(draft, sheet)
    draft.warn("SheetFailed", f"{message}; {advice}" if advice else message)
    return sheet.to(
        state="failed",
        diagnosis=advice or None,
        first_started_at=None,
        completed_at=sheet.completed_at or stamp(draft.now),
        recent_errors=[],
        next_retry_at=None,
    )
