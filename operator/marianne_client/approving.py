"""A person's decision about a sheet that waits for one, as the annotation that the operator hears."""

from collections.abc import Mapping
from typing import Any, Final

from marianne_client.verbs import Refusal, Wish

Job = Mapping[str, Any]
VERB: Final = "marianne.dev/verb"
CHARACTERS: Final = 128
"""That the status remembers of it."""
EARLY: Final = "accept"
"""Of a sheet that was not tried there is nothing to accept."""


def decide(job: Job, number: int, decision: str, token: str) -> Wish | Refusal:
    """`token` is new for each call. Other annotations stay: the write is for this version of the job alone."""
    sheets = (job.get("status") or {}).get("sheets") or []
    sheet = next((each for each in sheets if each["num"] == number), None)
    if sheet is None:
        return Refusal(f"it has no sheet {number}" if sheets else "it has not begun")
    if sheet["state"] != "fermata":
        return Refusal(f"sheet {number} does not wait for a decision (state: {sheet['state']})")
    if decision == EARLY and sheet.get("checkpoints"):
        return Refusal(f"sheet {number} waits before it starts: approve, reject or skip it")
    meta = job["metadata"]
    held = meta.get("annotations") or {}
    if (other := _unheard(job, held.get(VERB, ""))) not in (None, str(number)):
        return Refusal(f"the decision about sheet {other} was not heard yet, and this one would replace it: try again")
    annotations = {**held, VERB: f"{decision}/{number}/{token}"}
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": meta["uid"]},
        {"op": "test", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]},
        {"op": "add", "path": "/metadata/annotations", "value": annotations},
    ]
    return Wish(operations, f"sheet {number}: {decision}")


def _unheard(job: Job, said: str) -> str | None:
    """Of which sheet a decision stands there that the operator has not taken in: the annotation holds only one."""
    if said[:CHARACTERS] == (job.get("status") or {}).get("verb"):
        return None
    parts = said.split("/", 2)
    return parts[1] if len(parts) == 3 else None
