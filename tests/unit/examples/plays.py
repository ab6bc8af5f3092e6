"""A score played by the real runner over a folder, one attempt after another: no cluster, no operator."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from marianne_operator.score.compile import compile_source
from marianne_runner.contract import (
    BRIEF_FILE,
    LEDGER_FOLDER,
    POD_UID_FILE,
    PROTOCOL,
    SCORE_FILE,
    SCORE_FILES_FOLDER,
    TERMINATION_FILE,
    WORKSPACE_FOLDER,
    decode_message,
)

AGENT = Path(__file__).parents[3] / "images" / "agent" / "scripted_agent.py"
PROFILES = {
    "cli": {
        "raw_prompt": True,
        "cli": {"command": {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False}},
    },
    "scripted-agent": {
        "cli": {
            "command": {
                "executable": str(AGENT),
                "output_format_flag": "--output-format",
                "output_format_value": "json",
            },
            "output": {
                "format": "json",
                "result_path": "result",
                "error_path": "error.message",
                "input_tokens_path": "usage.input_tokens",
                "output_tokens_path": "usage.output_tokens",
            },
        }
    },
}


@dataclass(slots=True)
class Play:
    """`tries[n]` are the verdicts of sheet n, in order."""

    root: Path
    source: str
    tries: dict[int, list[dict]] = field(default_factory=dict)
    score: dict = field(init=False)

    def __post_init__(self):
        self.score = compile_source(self.source)
        for folder in (WORKSPACE_FOLDER, LEDGER_FOLDER, SCORE_FILES_FOLDER):
            (self.root / folder).mkdir(parents=True)
        (self.root / TERMINATION_FILE).parent.mkdir()
        _write(self.root / SCORE_FILE, self.score)

    @property
    def workspace(self) -> Path:
        return self.root / WORKSPACE_FOLDER

    def perform(self) -> dict[int, list[str]]:
        """Sheets in number order, which is an order that dependencies allow; outcomes by sheet."""
        for sheet in self.score["sheets"]:
            self._perform(sheet)
        return {number: [verdict["outcome"] for verdict in verdicts] for number, verdicts in self.tries.items()}

    def _perform(self, sheet):
        verdicts = self.tries.setdefault(sheet["num"], [])
        for attempt in range(1, self.score["retry"]["max_retries"] + 1):
            verdicts.append(self._attempt(sheet, attempt))
            if verdicts[-1]["outcome"] == "completed":
                return

    def _attempt(self, sheet, attempt):
        uid = f"pod-{sheet['num']}-{attempt}"
        _write(self.root / BRIEF_FILE, self._brief(sheet, attempt))
        (self.root / POD_UID_FILE).write_text(uid)
        environment = {**os.environ, "MARIANNE_ROOT": str(self.root)}
        command = [sys.executable, "-m", "marianne_runner"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode in (0, 1), done.stderr
        return decode_message((self.root / TERMINATION_FILE).read_text())

    def _brief(self, sheet, attempt):
        chain = [sheet["performer"], *sheet.get("fallbacks", ())]
        named = [(each, self.score["performers"][each]["instrument"]) for each in chain]
        performer, instrument = next(each for each in named if each[1] in PROFILES)
        brief = {
            "performer": performer,
            "protocol": PROTOCOL,
            "job": "example",
            "job_uid": "job-uid",
            "namespace": "default",
            "run": 1,
            "sheet": sheet["num"],
            "attempt": attempt,
            "digest": f"digest-{sheet['num']}",
            "ran": False,
            "mode": "retry" if attempt > 1 else "normal",
            "instrument": instrument,
            "timeout_seconds": 30.0,
            "profile": PROFILES[instrument],
            "outputs": {str(n): len(v) for n, v in self.tries.items() if n < sheet["num"]},
            "skipped": [],
        }
        if attempt > 1:
            before = self.tries[sheet["num"]][-1]
            brief["failed_rules"] = before["failed_rules"]
            brief["predecessor"] = {"attempt": attempt - 1, "ran": True, "ended": before["pod_uid"]}
        return brief


def _write(path: Path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
