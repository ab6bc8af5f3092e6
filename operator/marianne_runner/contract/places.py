"""Names that both sides must agree on: labels, the annotation, files, limits."""

from typing import Final

PROTOCOL: Final = 1
SIGNED_PROTOCOL: Final = 2
"""Of the brief of a job that has a key: a runner too old to sign refuses it before anything is paid for."""

JOB_LABEL: Final = "marianne.dev/job"
JOB_UID_LABEL: Final = "marianne.dev/job-uid"
SHEET_LABEL: Final = "marianne.dev/sheet"
ATTEMPT_LABEL: Final = "marianne.dev/attempt"
ERRAND_LABEL: Final = "marianne.dev/errand"
"""`<kind>-<number>`, on a Pod that is no sheet's."""
BRIEF_ANNOTATION: Final = "marianne.dev/brief"

SCORE_FILE: Final = "marianne/score/score.json"
BRIEF_FILE: Final = "marianne/brief/brief.json"
POD_UID_FILE: Final = "marianne/brief/pod-uid"
LEDGER_FOLDER: Final = "marianne/ledger"
WORKSPACE_FOLDER: Final = "workspace"
SCORE_FILES_FOLDER: Final = "score"
TERMINATION_FILE: Final = "dev/termination-log"
"""All relative to the root of the container's file system, so that a test can put another folder in its place."""

BRIEF_LIMIT: Final = 32 * 1024
"""Bytes of JSON in a brief."""
MESSAGE_LIMIT: Final = 4096
"""Bytes of a termination message: the kubelet keeps the last 4096, so a longer one is unreadable."""

DEFAULT_TIMEOUT_SECONDS: Final = 1800.0
