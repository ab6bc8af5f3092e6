"""What people have decided of sheets that wait for them: `spec.approve`, and the annotation `marianne.dev/verb`.

Either answer counts once. The annotation is an edge, `<decision>/<sheet>/<token>`: it is remembered in the status,
because GitOps takes it away again. An entry of `spec.approve` may stand there before it is needed; the same answer is
given again with another token.
"""

from dataclasses import dataclass
from typing import Final, cast, get_args

from marianne_operator.model.job import VERB_ANNOTATION, VERB_CHARACTERS
from marianne_operator.model.spec import Decision
from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.draft import Draft

DECISIONS: Final = get_args(Decision)


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
            return Answer(each.decision, _by("spec.approve", draft.seen.job.approve_by), key)
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
        return int(number), Answer(cast(Decision, decision), _by("annotation", draft.seen.job.verb_by))
    ignored(draft, f"{said[:60]!r} is none of {'|'.join(DECISIONS)}/<sheet>/<token>, of {VERB_CHARACTERS} characters")
    return None


def ignored(draft: Draft, why: str) -> None:
    """The annotation has no effect."""
    draft.warn("VerbIgnored", f"annotation {VERB_ANNOTATION}: {why}")


def _by(field: str, client: str) -> str:
    return f"{field} ({client})" if client else field
