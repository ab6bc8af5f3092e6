"""What people have decided of sheets that wait for them: `spec.approve`, and the annotation `marianne.dev/verb`.

Either answer counts once. The annotation is an edge, `<decision>/<sheet>/<token>`: it is remembered in the status,
because GitOps takes it away again. An entry of `spec.approve` may stand there before it is needed; the same answer is
given again with another token.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from marianne_operator.model.job import VERB_ANNOTATION, JobView
from marianne_operator.model.spec import Decision
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.draft import Draft

DECISIONS: Final = get_args(Decision)
VERB_CHARACTERS: Final = 128


@dataclass(frozen=True, slots=True)
class Answer:
    """`by`: the field, and who wrote it as far as the API server knows."""

    decision: Decision
    by: str
    key: str = ""
    """Of an entry in the spec: what tells it from another answer."""


def of_spec(draft: Draft, sheet: SheetStatus) -> Answer | None:
    """The spec's answer about this sheet, if it was not given before."""
    for each in draft.seen.job.spec.approve:
        key = f"{each.decision}/{each.token or ''}"
        if each.sheet == sheet.num and key != sheet.answer:
            return Answer(each.decision, _by(draft.seen.job, "spec.approve", "f:spec", "f:approve"), key)
    return None


def of_annotation(draft: Draft) -> tuple[int, Answer] | None:
    """The sheet and its answer, where the annotation is new; what cannot be read is told and not looked at again."""
    said = draft.seen.job.verb
    if not said or said[:VERB_CHARACTERS] == draft.status.verb:
        return None
    draft.set(verb=said[:VERB_CHARACTERS])
    decision, _, rest = said.partition("/")
    number, _, token = rest.partition("/")
    if decision in DECISIONS and token and number.isascii() and number.isdigit() and len(said) <= VERB_CHARACTERS:
        by = _by(draft.seen.job, "annotation", "f:metadata", "f:annotations", f"f:{VERB_ANNOTATION}")
        return int(number), Answer(cast(Decision, decision), by)
    ignored(draft, f"{said[:60]!r} is none of {'|'.join(DECISIONS)}/<sheet>/<token>, of {VERB_CHARACTERS} characters")
    return None


def ignored(draft: Draft, why: str) -> None:
    """The annotation has no effect."""
    draft.warn("VerbIgnored", f"annotation {VERB_ANNOTATION}: {why}")


def _by(job: JobView, field: str, *path: str) -> str:
    """With the name of the client that the API server has seen write it."""
    managers = [name for name, fields in _managed(job.body) if _holds(fields, path)]
    return f"{field} ({managers[-1]})" if managers else field


def _managed(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(manager, fields), the latest last."""
    entries = body["metadata"].get("managedFields") or []
    for each in sorted(entries, key=lambda entry: str(entry.get("time", ""))):
        yield str(each.get("manager", "?"))[:40], each.get("fieldsV1")


def _holds(fields: Any, path: tuple[str, ...]) -> bool:  # noqa: ANN401  (JSON)
    for name in path:
        if not isinstance(fields, dict) or name not in fields:
            return False
        fields = fields[name]
    return True
