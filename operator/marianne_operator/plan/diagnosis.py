"""What most likely has to be done about a sheet that has failed: by its error code, and by what its rules missed.

Advice, not knowledge: it names the field or the object to look at, and says nothing where nothing better is known than
the error message itself.
"""

from collections.abc import Mapping
from typing import Final

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.draft import Draft

CHARACTERS: Final = 300
SHOWN: Final = 3
NOT_FOUND, NOT_EXECUTABLE = 127, 126
HEALINGS: Final = 2
"""Remedies for one sheet and run: what they do not mend in two goes, they do not mend."""
BY_CODE: Final[Mapping[str, str]] = {
    "E001": "give it more time (instrument_config.timeout_seconds), or less to do",
    "E005": "give it more memory: spec.sheetTemplate.resources.limits.memory",
    "E006": "it fell silent: have it print while it works, or raise stale_detection.idle_timeout_seconds",
    "E101": "its provider limits requests: run fewer sheets at once, or name another instrument to fall back on",
    "E102": "its provider limits use: wait, or name another instrument to fall back on",
    "E103": "its provider has no room: try later, or name another instrument to fall back on",
    "E104": "its quota is used up: raise it at the provider, or name another instrument to fall back on",
    "E301": "build the instrument's image anew, from the runner image of this operator",
    "E303": "a path that it was given does not exist: look at the files of the workspace and at spec.files",
    "E304": "mend the template: the line and the variable are in the message",
    "E401": "the claim is older than the job: was it restored or replaced?",
    "E502": "mend the Secret that the Instrument's credentials name",
    "E505": "use an image that has the CLI: spec.image of the Instrument",
    "E901": "look at the namespace's network policies, and at whether the provider can be reached",
    "E902": "look at the cluster's DNS, and at the name of the provider's host",
    "E903": "look at the certificates that the image trusts",
    "E904": "look at the namespace's network policies, and at whether the provider can be reached",
}
BY_CATEGORY: Final[Mapping[str, str]] = {
    "missing": "it did not make what is looked for",
    "stale": "it did not write anew what had to be new",
    "malformed": "what it wrote has not the form that is asked for",
    "incomplete": "what it wrote lacks something",
    "error": "a command that checks its work fails",
}


def diagnosis(draft: Draft, sheet: SheetStatus) -> str:
    """Empty where there is nothing to advise. `sheet`: with the error that ends it."""
    parts = [_advice(sheet), *([_unhealed(sheet)] if draft.seen.job.spec.self_healing else [])]
    return "; ".join(filter(None, parts))[:CHARACTERS]


def _advice(sheet: SheetStatus) -> str:
    if sheet.error_category == "validation":
        return _of_rules(sheet)
    if sheet.error_category == "transient" and sheet.infrastructure_ends:
        return "the cluster ended it again and again: look at its nodes, and at the events of its Pods"
    if sheet.exit_code == NOT_FOUND:
        return "a command that it calls is not in the image, or not in its PATH"
    if sheet.exit_code == NOT_EXECUTABLE:
        return "a command that it calls may not be executed"
    return BY_CODE.get(sheet.error_code or "", "")


def _of_rules(sheet: SheetStatus) -> str:
    if sheet.grounding_passed is False:
        return f"its rules hold, its facts do not: {sheet.grounding_guidance or 'look at grounding.hooks'}"
    paths = [str(check.get("path", "")) for check in sheet.validation_details]
    if twisted := next((path for path in paths if "\\" in path), None):
        return f"write / in place of \\ in the path {twisted!r} of the validation"
    missed: dict[str, list[str]] = {}
    for check in sheet.validation_details:
        missed.setdefault(str(check.get("failure_category", "")), []).append(_name(check))
    told = [(BY_CATEGORY[kind], names) for kind, names in missed.items() if kind in BY_CATEGORY]
    return "; ".join(f"{why}: {', '.join(names[:SHOWN])}" for why, names in told)


def _name(check: Mapping[str, object]) -> str:
    return str(check.get("path") or check.get("description") or check.get("rule_type"))


def _unhealed(sheet: SheetStatus) -> str:
    if sheet.healing_attempts >= HEALINGS:
        return f"self-healing: mended {sheet.healing_attempts} times, and it did not help"
    again = "nothing more" if sheet.healing_attempts else "nothing"
    return f"self-healing: {again} to mend was found in the workspace"
