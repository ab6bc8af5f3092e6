"""Names of the objects that the operator makes.

All are pure functions of the job's name and UID, so that a create can be repeated after any crash: the second one
answers 409. The UID's hash keeps a job apart from an earlier one of the same name. Attempt numbers never reset, so
neither generation nor run belongs in a Pod's name. The longest is 40 + 1 + 8 + 14 = 63 characters: a valid label.
"""

import hashlib
from typing import Final

COMPILED_FORMAT: Final = 4
"""Grows when the compiled score changes shape, so that a newer operator does not read an older one's ConfigMap."""


def pod_name(job: str, uid: str, sheet: int, attempt: int) -> str:
    """`<job>-<hash>-s<sheet>-a<attempt>`."""
    return f"{_stem(job, uid)}-s{sheet}-a{attempt}"


def errand_name(job: str, uid: str, kind: str, number: int) -> str:
    """`<job>-<hash>-<kind><number>`: a Pod beside the sheets. Numbers only grow, over all runs."""
    return f"{_stem(job, uid)}-{kind}{number}"


def child_name(job: str, uid: str, number: int) -> str:
    """`<job>-<hash>-n<number>`: the next job of a chain."""
    return f"{_stem(job, uid)}-n{number}"


def score_config_map_name(job: str, uid: str, digest: str) -> str:
    """`<job>-<hash>-score-<digest10>-f<format>`."""
    return f"{_stem(job, uid)}-score-{digest[:10]}-f{COMPILED_FORMAT}"


def claim_name(job: str) -> str:
    """The claim made from a template; without the UID, because results outlive the job that made them."""
    return f"{job}-workspace"


def event_name(job: str, uid: str, reason: str, message: str) -> str:
    """One object per (job, reason, message): saying it twice answers 409, and nothing is repeated."""
    told = hashlib.sha256(f"{uid}\0{reason}\0{message}".encode()).hexdigest()
    return f"{_cut(job)}.{told[:16]}"


def instrument_object_name(name: str) -> str:
    """The object that a score's instrument name means: `claude_cli` is `claude-cli`."""
    return name.lower().replace("_", "-")


def _stem(job: str, uid: str) -> str:
    return f"{_cut(job)}-{hashlib.sha256(uid.encode()).hexdigest()[:8]}"


def _cut(job: str) -> str:
    return job[:40].rstrip("-.")
