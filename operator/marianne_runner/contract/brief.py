"""The brief of one attempt: the Pod's annotation, projected to ``/marianne/brief/brief.json``."""

from typing import Any, Literal, NotRequired, TypedDict

Mode = Literal["normal", "retry", "completion", "validate"]
Heal = Literal["look", "apply"]


class Predecessor(TypedDict):
    """What the operator knows of attempt `attempt`, the one before this (table L1, column "seen before A+1")."""

    attempt: int
    ran: bool
    """A container of it was seen running."""
    ended: NotRequired[str]
    """The Pod UID that the kubelet reported terminated."""


class Brief(TypedDict):
    """One attempt's instructions. `profile` is the Instrument's command profile as the cluster holds it."""

    protocol: int
    job: str
    job_uid: str
    namespace: str
    run: int
    sheet: int
    attempt: int
    digest: str
    """The input digest: what this attempt was asked to do. Another digest on disk means `LedgerOther`."""
    ran: bool
    """A container of this very attempt was seen running, in a Pod of the same name that is gone."""
    ended: NotRequired[list[str]]
    """UIDs of Pods of this sheet that the kubelet reported terminated."""
    mode: Mode
    """`retry`: everything again, since the rules did not hold; `completion`: what is missing; `validate`: no
    instrument, only the rules."""
    completion: NotRequired[tuple[int, int]]
    """Which completion this is, and of how many; in a file, a list of two."""
    instrument: str
    model: NotRequired[str]
    performer: NotRequired[int]
    """A fallback: another of the score's performers than the sheet's own."""
    timeout_seconds: float
    profile: dict[str, Any]
    credentials: NotRequired[list[str]]
    """Names of the environment variables that checks must not see."""
    predecessor: NotRequired[Predecessor]
    fresh: NotRequired[bool]
    """The run begins afresh: before its first instrument, the workspace is archived."""
    asks: NotRequired[list[int]]
    """The score's checkpoints at which this attempt stops if its prompt has one of their words."""
    outputs: dict[str, int]
    """Finished sheets whose output this one may need: sheet number to the attempt that completed it."""
    output_digests: NotRequired[dict[str, str]]
    """Of what each of them said, by sheet number, where it is known."""
    skipped: list[int]
    budget_usd: NotRequired[float]
    """What is left of the score's cost limits, where it has any."""
    failed_rules: NotRequired[list[str]]
    """Labels of the rules that the attempt before failed."""
    heal: NotRequired[Heal]
    """The job heals itself: tell what could be mended where the attempt fails; `apply`: mend it first."""
