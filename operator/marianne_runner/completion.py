"""The prompt of a completion: what is there already, what is missing, and what the sheet was about (semantics §2.6)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from marianne_runner.checks import label
from marianne_runner.contract import Check
from marianne_runner.marks import VERDICT, AttemptFolder
from marianne_runner.seal import Seal, UnreadableMarkError

TASK_CHARACTERS: Final = 3000
"""Of the sheet's own text: enough to know what it is about, too little to begin anew."""
SHOWN: Final = 20
REASON_CHARACTERS: Final = 300
MOST_HINTS: Final = 3
HINTS: Final = {
    "missing": "What is missing may stand under another name or in another folder: look before you make it again.",
    "malformed": "What is there is not of the form that is asked for: mend it where it stands.",
    "incomplete": "What is there lacks something: add it, and keep the rest.",
    "stale": "A file from before this sheet does not count: write it again, even where its content is right.",
    "error": "Run the command that fails yourself, and read what it says.",
}
"""By a failed check's category."""


def last_checks(sheet: Path, attempt: int, run: int, seal: Seal | None = None) -> list[Check]:
    """Of the latest attempt of this run before `attempt` whose work was looked at. `sheet`: its folder in the ledger.

    An attempt that was ended from outside has none; then the one before it tells what is missing.
    """
    for number in range(attempt - 1, 0, -1):
        try:
            verdict = AttemptFolder(sheet / f"a{number}", seal).read(VERDICT)
        except (OSError, UnreadableMarkError):
            continue
        if verdict is not None and verdict.get("run") == run and verdict.get("checks"):
            return list(verdict["checks"])
    return []


def completion(which: int, most: int, checks: Sequence[Check], failed: Sequence[str], task: str) -> str:
    """`failed`: labels, for where the ledger no longer has the checks. `task`: the sheet's text, rendered."""
    good = [label(check) for check in checks if check["passed"]]
    bad = [_told(check) for check in checks if not check["passed"]] or list(failed)
    parts = [
        f"Most of this sheet is done: this is completion {which} of {most}. Finish what is missing, and nothing else.",
        _listed("These requirements are met; leave what meets them as it is:", good),
        _listed("These are not met:", bad),
        _listed("Hints:", list(_hints(checks))),
        f"What the sheet was asked for, so that you know what it is about:\n\n{_cut(task)}",
    ]
    return "\n\n".join(part for part in parts if part)


def _listed(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"- {line}" for line in lines[:SHOWN])]) if lines else ""


def _told(check: Check) -> str:
    category, why = check.get("failure_category"), check.get("error_message", "")
    kind = f" ({category})" if category else ""
    wanted = f"; expected {check['expected_value']}" if check.get("expected_value") else ""
    return f"{label(check)}{kind}: {why}{wanted}"[:REASON_CHARACTERS] if why else f"{label(check)}{kind}"


def _hints(checks: Sequence[Check]) -> Iterator[str]:
    categories = dict.fromkeys(check.get("failure_category", "") for check in checks if not check["passed"])
    yield from [HINTS[each] for each in categories if each in HINTS][:MOST_HINTS]


def _cut(text: str) -> str:
    return text if len(text) <= TASK_CHARACTERS else f"{text[:TASK_CHARACTERS]}\n… (cut)"
