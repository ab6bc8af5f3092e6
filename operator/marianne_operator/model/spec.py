"""`MarianneJob.spec`, field by field. The CRD is generated from these models; defaults stand here once.

`score` is a free map here and gets its schema from the score's own models when the CRD is made: the loader, which
names a bad field and its fix, is the one place that judges a score.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from marianne_operator.model.base import Resource

Name = Annotated[str, Field(min_length=1, max_length=253)]
Label = Annotated[str, Field(max_length=63)]
INSIDE: Final = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$"
"""A relative path without `..` and without hidden parts: the ledger is one."""
Value = Annotated[str, Field(max_length=4096)]


class KeyRef(Resource):
    """A key of a ConfigMap or Secret in the job's own namespace."""

    name: Name
    key: Name


class ScoreSource(Resource):
    """A score kept in a ConfigMap. Read at the start and when the spec changes: see `onScoreChange`."""

    config_map_key_ref: KeyRef


class ScoreFile(Resource):
    """A file beside the score, mounted below `/score`."""

    path: Annotated[str, Field(min_length=1, max_length=255, pattern=INSIDE)]
    config_map_key_ref: KeyRef | None = None
    secret_key_ref: KeyRef | None = None


class ClaimSource(Resource):
    """An existing claim; with `subPath`, a folder of it."""

    claim_name: Name
    sub_path: Annotated[str, Field(max_length=255, pattern=INSIDE)] | None = None


class ClaimTemplate(Resource):
    """A claim to be made for this job, named `<job>-workspace`."""

    storage: Annotated[str, Field(max_length=32)] = "1Gi"
    storage_class_name: Annotated[str, Field(max_length=253)] | None = None
    access_modes: Annotated[
        list[Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"]], Field(min_length=1, max_length=1)
    ] = ["ReadWriteOnce"]


class Workspace(Resource):
    """Where the sheets work: always `/workspace`. Results were paid for, so they are kept unless Delete is written."""

    persistent_volume_claim: ClaimSource | None = None
    volume_claim_template: ClaimTemplate | None = None
    retention_policy: Literal["Retain", "Delete"] = "Retain"


class Restart(Resource):
    """Acts once per new token. `Failed`: every sheet that is neither completed nor skipped by its own condition."""

    token: Annotated[str, Field(min_length=1, max_length=64)]
    scope: Literal["Failed", "FromSheet", "All"] = "Failed"
    from_sheet: Annotated[int, Field(ge=1, le=10000)] | None = None
    mode: Literal["Run", "ValidateOnly"] = "Run"


class Resume(Resource):
    """Acts once per new token: lets a job that is PausedAtChain start the next job of its chain."""

    token: Annotated[str, Field(min_length=1, max_length=64)]


Decision = Literal["approve", "reject", "retry", "skip", "accept", "abort"]


class Answer(Resource):
    """What becomes of a sheet that waits for a person. Each answer counts once; another token makes it another."""

    sheet: Annotated[int, Field(ge=1, le=10000)]
    decision: Decision
    token: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class SheetTemplate(Resource):
    """What every sheet's Pod gets beside what the operator sets. An allow-list: there is no free-form patch."""

    resources: Annotated[dict[str, Any], Field(max_length=8)] | None = None
    env: Annotated[list[dict[str, Any]], Field(max_length=64)] = []
    env_from: Annotated[list[dict[str, Any]], Field(max_length=16)] = []
    node_selector: Annotated[dict[str, Label], Field(max_length=16)] = {}
    tolerations: Annotated[list[dict[str, Any]], Field(max_length=16)] = []
    affinity: Annotated[dict[str, Any], Field(max_length=4)] | None = None
    priority_class_name: Name | None = None
    service_account_name: Name | None = None
    image_pull_secrets: Annotated[list[dict[str, str]], Field(max_length=8)] = []
    runtime_class_name: Name | None = None
    labels: Annotated[dict[str, Label], Field(max_length=32)] = {}
    annotations: Annotated[dict[str, Value], Field(max_length=32)] = {}


class JobSpec(Resource):
    """What the user wants. The operator never writes it."""

    score_text: Annotated[str, Field(max_length=524288)] | None = None
    score: dict[str, Any] | None = None
    score_from: ScoreSource | None = None
    files: Annotated[list[ScoreFile], Field(max_length=64)] = []
    workspace: Workspace = Workspace()
    start_sheet: Annotated[int, Field(ge=1, le=10000)] = 1
    self_healing: bool = False
    paused: bool = False
    pause_policy: Literal["Drain", "Interrupt"] = "Drain"
    cancel: bool = False
    cancel_policy: Literal["Graceful", "Now"] = "Graceful"
    restart: Restart | None = None
    resume: Resume | None = None
    hook_service_account_name: Name | None = None
    approve: Annotated[list[Answer], Field(max_length=500)] = []
    on_score_change: Literal["Ignore", "RerunAll"] = "Ignore"
    sheet_template: SheetTemplate = SheetTemplate()
    active_deadline_seconds: Annotated[int, Field(ge=1)] | None = None
    ttl_seconds_after_finished: Annotated[int, Field(ge=0)] | None = None
    pod_retention: Literal["All", "Failed", "None"] = "All"
    node_lost_policy: Literal["Wait", "Replace"] = "Wait"
