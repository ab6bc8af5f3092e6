"""What mends what: for reasons of a job that waits or was refused, and for ways in which a sheet fails. Data."""

from collections.abc import Mapping
from typing import Any, Final

WAITING: Final[Mapping[str, str]] = {
    "ScoreNotFound": "create the ConfigMap or the key that spec.scoreFrom names",
    "InstrumentNotFound": "apply an Instrument or ClusterInstrument of that name; see kubectl marianne instruments",
    "InstrumentImageUnset": "set spec.image of the instrument, or the chart value instruments.<name>.image",
    "SecretNotFound": "create the Secret, ConfigMap or key that the message names",
    "CredentialsRefused": "put the right key into the Secret, then pause the job and resume it",
    "RunnerMissing": "build the instrument's image FROM the runner image, or set the chart's runner.inject",
    "ImagePull": "correct the image's name, or sheetTemplate.imagePullSecrets",
    "Unschedulable": "make room on the nodes, or ask for less in sheetTemplate.resources; the message says what lacks",
    "QuotaExceeded": "raise the namespace's quota, or lower sheetTemplate.resources",
    "VolumeUnavailable": "create the claim, or look at its events: provisioner, class, access mode",
    "WorkspaceUnusable": "make the volume writable for user or group 65532, with space, and with hard links",
    "Backoff": "nothing: it tries again by itself",
    "RateLimited": "nothing: it goes on when the provider's limit ends",
    "LimitsExhausted": "pause the job and resume it, or use another instrument",
    "InstrumentFailing": "nothing: one sheet tries it again then; look at the log of the one that failed last",
    "BudgetReached": "raise the field of cost_limits that the message names, in the job's own score",
    "Approval": "decide: kubectl marianne approve JOB SHEET",
    "ChainCooldown": "nothing: the next job of the chain starts then",
    "ChildJob": "nothing: it ends with that job; cancel this one to wait no longer",
    "Draining": "nothing: running sheets end first",
    "PredecessorTerminating": "nothing: Pods of an earlier job of that name end first",
    "NodeLost": "bring the node back or remove it, or set spec.nodeLostPolicy: Replace",
}
STALLED: Final[Mapping[str, str]] = {
    "ScoreInvalid": "correct the field; kubectl marianne lint finds all of them",
    "ScoreUnsupported": "leave the field out",
    "ScoreTooLarge": "make several jobs of it",
    "FieldUnsupported": "ask the administrator for it, or leave it out of sheetTemplate",
    "NameConflict": "delete that Pod, or give the job another name",
    "WorkspaceBehind": "restore the volume, or start a new job",
}
REASONS: Final[Mapping[str, str]] = {
    "ValidationFailed": "look at what it made (files), then mend the prompt or the rule and resume",
    "OutOfMemory": "raise spec.sheetTemplate.resources.limits.memory",
    "OOMKilled": "raise spec.sheetTemplate.resources.limits.memory",
    "StorageExceeded": "have less written outside the workspace, or raise the limit of ephemeral-storage",
    "TemplateInvalid": "correct the template: kubectl marianne lint",
    "InstrumentMissing": "the image has no such program: look at spec.image and the profile of the instrument",
    "ProtocolMismatch": "build the image anew from this version's runner",
    "WorkspaceBehind": "restore the volume, or start a new job",
    "SelfTerminated": "something in the sheet sends SIGTERM to process 1: look at its log",
    "Evicted": "the node was short of something: give sheetTemplate.resources requests that are true",
}
"""By a verdict's or a Pod's word."""
CODES: Final[Mapping[str, str]] = {
    "E001": "raise the sheet's timeout (backend.timeout_overrides, or timeout_seconds in instrument_config)",
    "E002": "it was killed: look at its log and at the node's events",
    "E003": "the program crashed: look at its log",
    "E005": "raise spec.sheetTemplate.resources.limits.memory",
    "E006": "raise stale_detection.idle_timeout_seconds, or leave it off where an instrument prints in the end only",
    "E1": "a provider's limit: it has been met too often; resume later, or use another instrument",
    "E2": "look at what it made (files), then mend the prompt or the rule and resume",
    "E3": "correct the score or the instrument: the message says what",
    "E4": "look at the volume: the ledger is not what it was",
    "E502": "mend the credentials in the Secret that the instrument names, then resume",
    "E505": "the image has no such program: look at spec.image and the profile of the instrument",
    "E5": "the instrument's service did not answer well: look at its log",
    "E999": "look at its log",
    "E9": "look at network policies, proxies and DNS of the namespace, and at its log",
    "E": "look at its log",
}
"""By the longest beginning of an error code."""


def for_failure(sheet: Mapping[str, Any], reason: str) -> str:
    """What the operator says of it itself; else by `reason`, of its last attempt, where that is known, and its code."""
    if sheet.get("diagnosis"):
        return str(sheet["diagnosis"])
    if sheet.get("errorCategory") == "escalation":
        return "nothing, it was rejected; a restart of the job asks again"
    code = str(sheet.get("errorCode") or "E")
    longest = max((each for each in CODES if code.startswith(each)), key=len, default="E")
    return REASONS.get(reason) or CODES[longest]
