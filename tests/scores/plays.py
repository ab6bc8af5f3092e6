"""The shared scores as jobs that the scripted agent plays: instruments, specs, and how each of them has to end.

Beside this file lies a folder of answers for each score, named like the score's file: `sheet-N` is what the agent
does in sheet N. The scores are those of the conformance folder, unchanged but for fields that are refused by name.
"""

from pathlib import Path
from typing import Any

import yaml

from marianne_operator.score.load import tree_of
from tests.conformance.data import FOLDER, compiled, refusal, scores, without_refused_fields
from tests.scores.agent import instrument

ANSWERS = Path(__file__).parent
PATH = ".bin:/opt/marianne/bin:/usr/local/bin:/usr/bin:/bin"
"""With what the answers bring into the workspace: the lanes' images have no npm, which one score's checks ask for."""

BROKEN = {
    "echelon-repair": (1, "Inventory is structured YAML with files and summary", "unexpected indent"),
    "instrument-showcase": (2, "Classification manifest has valid structure and echelon labels", "unexpected indent"),
}
"""Scores with a check that cannot pass as its author wrote it: the sheet, the check, and what is said of it."""

SKIPPED = {"codebase-rewrite": {6, 7, 8}}
"""Sheets that skip themselves: our answers leave that score nothing to rewrite."""

PLAYED = [Path(truth["file"]).stem for truth in scores() if (ANSWERS / Path(truth["file"]).stem).is_dir()]
"""Those of the folder that there are answers for."""


def truth_of(name: str) -> dict[str, Any]:
    """What Marianne makes of it."""
    return next(truth for truth in scores() if Path(truth["file"]).stem == name)


def text_of(name: str) -> str:
    """The score; where fields of it are refused by name, the same without these."""
    truth = truth_of(name)
    text = (FOLDER / truth["file"]).read_text()
    return text if refusal(truth) is None else yaml.safe_dump(without_refused_fields(tree_of(text)), sort_keys=False)


def spec_of(name: str) -> dict[str, Any]:
    """Of a MarianneJob, without its workspace."""
    return {"scoreText": text_of(name), "sheetTemplate": {"env": [{"name": "PATH", "value": PATH}]}}


def instruments(executable: str, answers: str, image: str) -> list[dict[str, Any]]:
    """Every instrument of the scores, played by the scripted agent; a namespace's own come before the cluster's."""
    played = {performer["instrument"] for name in PLAYED for performer in compiled(truth_of(name))["performers"]}
    return [instrument(each, executable, answers, image) for each in sorted(played)]


def check_end(name: str, status: dict[str, Any]) -> None:
    """It ended as it has to: completed, or failed at exactly the check that is broken, with its text."""
    if name not in BROKEN:
        assert status["phase"] == "Completed", (name, status)
        skipped = {sheet["num"] for sheet in status["sheets"] if sheet["state"] == "skipped"}
        assert skipped == SKIPPED.get(name, set())
        assert len(status["sheets"]) == truth_of(name)["total_sheets"]
        return
    number, check, told = BROKEN[name]
    assert status["phase"] == "Failed", (name, status)
    bad = [sheet for sheet in status["sheets"] if sheet["state"] == "failed"]
    assert [sheet["num"] for sheet in bad] == [number]
    assert [each["description"] for each in bad[0]["validationDetails"]] == [check]
    assert bad[0]["errorCode"] == "E209"
    assert told in bad[0]["errorMessage"]
    assert {sheet["state"] for sheet in status["sheets"][: number - 1]} <= {"completed"}
    assert {sheet["state"] for sheet in status["sheets"][number:]} == {"skipped"}
