"""What the operator and the runner say to each other, and nothing else: all that others import of the runner.

Three messages, all JSON, all carrying ``protocol``: the compiled score, the brief of one attempt (never argv or
environment: both have other readers, and limits), and the verdict of one attempt.

They are TypedDicts, not classes, because they are JSON on both sides and the runner's start-up is part of every
sheet's latency. Absent optional keys mean "none".
"""

from marianne_runner.contract.brief import Brief, Heal, Mode, Predecessor
from marianne_runner.contract.errand import (
    ERRAND_TAIL,
    Command,
    Errand,
    ErrandResult,
    decode_errand,
    encode_errand,
)
from marianne_runner.contract.error_codes import CATEGORIES, ERROR_CODES, ErrorCode
from marianne_runner.contract.message import UnreadableMessageError, decode_message, encode_message
from marianne_runner.contract.places import (
    ATTEMPT_LABEL,
    BRIEF_ANNOTATION,
    BRIEF_FILE,
    BRIEF_LIMIT,
    DEFAULT_TIMEOUT_SECONDS,
    ERRAND_LABEL,
    JOB_LABEL,
    JOB_UID_LABEL,
    LEDGER_FOLDER,
    MESSAGE_LIMIT,
    POD_UID_FILE,
    PROTOCOL,
    SCORE_FILE,
    SCORE_FILES_FOLDER,
    SHEET_LABEL,
    TERMINATION_FILE,
    WORKSPACE_FOLDER,
)
from marianne_runner.contract.score import (
    Archive,
    CompiledScore,
    CrossSheet,
    Feedback,
    Fragment,
    Grounding,
    GroundingHook,
    Injection,
    Parallel,
    Performer,
    Prompt,
    Retry,
    Rule,
    Sheet,
    SkipCommand,
    StaleDetection,
)
from marianne_runner.contract.verdict import Check, Outcome, Verdict, VerdictReason

__all__ = [
    "ATTEMPT_LABEL",
    "BRIEF_ANNOTATION",
    "BRIEF_FILE",
    "BRIEF_LIMIT",
    "CATEGORIES",
    "DEFAULT_TIMEOUT_SECONDS",
    "ERRAND_LABEL",
    "ERRAND_TAIL",
    "ERROR_CODES",
    "JOB_LABEL",
    "JOB_UID_LABEL",
    "LEDGER_FOLDER",
    "MESSAGE_LIMIT",
    "POD_UID_FILE",
    "PROTOCOL",
    "SCORE_FILE",
    "SCORE_FILES_FOLDER",
    "SHEET_LABEL",
    "TERMINATION_FILE",
    "WORKSPACE_FOLDER",
    "Archive",
    "Brief",
    "Check",
    "Command",
    "CompiledScore",
    "CrossSheet",
    "Errand",
    "ErrandResult",
    "ErrorCode",
    "Feedback",
    "Fragment",
    "Grounding",
    "GroundingHook",
    "Heal",
    "Injection",
    "Mode",
    "Outcome",
    "Parallel",
    "Performer",
    "Predecessor",
    "Prompt",
    "Retry",
    "Rule",
    "Sheet",
    "SkipCommand",
    "StaleDetection",
    "UnreadableMessageError",
    "Verdict",
    "VerdictReason",
    "decode_errand",
    "decode_message",
    "encode_errand",
    "encode_message",
]
