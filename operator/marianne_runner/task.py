"""What an attempt is asked to do: its prompt, its program, its rules. Nothing here is of the ledger."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from marianne_runner import command, cross_sheet, environment, healing, marks, preflight, variables
from marianne_runner.checks import Ground, modified_times, paths_of, run_checks
from marianne_runner.completion import last_checks
from marianne_runner.contract import Brief, Check, CompiledScore, Grounding, Rule, Sheet
from marianne_runner.grounding import Grounded, grounded
from marianne_runner.injections import injected, lenient
from marianne_runner.places import Places
from marianne_runner.processes import Program
from marianne_runner.prompt import assemble, complete, injections_of
from marianne_runner.render import render_prompt, template_text
from marianne_runner.seal import Seal, read_mark
from marianne_runner.skip import reason_to_skip
from marianne_runner.streams import Live
from marianne_runner.timing import Clock
from marianne_runner.verdicts import THRESHOLD_PERCENT


class Task(NamedTuple):
    """The score, the brief, and where everything is."""

    places: Places
    score: CompiledScore
    brief: Brief
    clock: Clock
    seal: Seal | None = None
    """None: a job without a key."""

    @property
    def sheet(self) -> Sheet:
        """Ours."""
        return self.score["sheets"][self.brief["sheet"] - 1]

    @property
    def rules(self) -> list[Rule]:
        """Those that apply to our sheet."""
        return [self.score["rules"][index] for index in self.sheet["rules"]]

    @property
    def job_folder(self) -> Path:
        """Of the ledger."""
        return self.places.ledger / self.brief["job_uid"]

    @property
    def job_file(self) -> Path:
        """Made by the first attempt of the job."""
        return self.job_folder / "job.json"

    @property
    def threshold(self) -> float:
        """Percent of the rules at which they tell more of a failure than the exit code."""
        retry = self.score.get("retry", {})
        return float(retry.get("completion_threshold_percent", THRESHOLD_PERCENT))

    @property
    def hands_on(self) -> bool:
        """Later sheets may read what this one says."""
        return self.score.get("cross_sheet", {}).get("auto_capture_stdout", False)

    def register(self) -> None:
        """Say in the ledger whose folder this is; the first attempt of the job does."""
        if not self.job_file.exists():
            brief = self.brief
            whose = {"namespace": brief["namespace"], "name": brief["job"], "uid": brief["job_uid"]}
            marks.link_once(self.job_file, json.dumps(whose).encode())

    def reason_to_skip(self) -> str | None:
        """What `skip_when_command` says, asked before the first attempt of this run; None: perform the sheet."""
        asked = self.score.get("skip_when_command", {}).get(str(self.brief["sheet"]))
        remembered = self.job_folder / f"s{self.brief['sheet']}" / f"skip-r{self.brief['run']}.json"
        return reason_to_skip(asked, remembered, self.places.workspace, self._environment, self.seal)

    def prompt(self) -> str:
        """As the instrument receives it. Raises `TemplateInvalidError`, `OutputMissingError`, `OutputChangedError`."""
        score, sheet, brief, workspace = self.score, self.sheet, self.brief, str(self.places.workspace)
        heard = self._heard()
        items = injections_of(score, sheet)
        expand = lenient(variables.for_prompt(score, sheet, workspace, heard))
        found = injected(items, self._folders, expand, _warn) if items else heard.injected
        context = variables.for_prompt(score, sheet, workspace, heard._replace(injected=found))
        text = template_text(score, self._folders)
        rendered = render_prompt(score, sheet, context, text)
        if brief["mode"] == "completion":
            checks = last_checks(self.job_folder / f"s{brief['sheet']}", brief["attempt"], brief["run"], self.seal)
            return complete(rendered, score, sheet, brief, context, checks)
        return assemble(rendered, score, sheet, brief, context, found, self._folders)

    def _heard(self) -> variables.Heard:
        cross, brief = self.score.get("cross_sheet"), self.brief
        if cross is None:
            return variables.Heard(skipped=brief["skipped"])
        outputs = cross_sheet.previous_outputs(cross, brief, self.places.ledger, self.seal)
        files = cross_sheet.previous_files(cross, brief["sheet"], self.places.workspace, self.job_file)
        return variables.Heard(outputs, files, brief["skipped"])

    def program(self, prompt: str) -> Program:
        """The instrument. Raises `InstrumentMissingError`."""
        playing = self.brief.get("performer", self.sheet["performer"])
        config = self.score["performers"][playing].get("config", {})
        return command.build(self.brief, prompt, self.places.workspace, environment.of_the_pod(), config)

    def heal(self) -> list[str]:
        """Mend what the rules miss in the workspace, where the brief says so; what was done."""
        return healing.heal(self.rules, self._ground()) if self.brief.get("heal") == "apply" else []

    def mendable(self) -> list[str]:
        """What could be mended before another try."""
        return healing.mendable(self.rules, self._ground())

    def notes_of(self, prompt: str) -> dict[str, Any]:
        """What the verdict tells of the prompt. A raw prompt is a program, which nobody reads."""
        notes: dict[str, Any] = {"prompt_characters": len(prompt)}
        if not self.brief["profile"].get("raw_prompt"):
            folders = (self.places.workspace, self.places.score_files)
            if warned := preflight.warnings(prompt, folders, paths_of(self.rules, self._ground())):
                notes["preflight_warnings"] = warned
        return notes

    def remember_times(self) -> None:
        """What `file_modified` compares with: once for each run and sheet, before its first attempt."""
        rules = self.rules
        watched = any(rule["type"] == "file_modified" for rule in rules)
        if watched and marks.remembered(self._times_file, self.seal) is None:
            marks.remember(self._times_file, modified_times(rules, self._ground()), self.seal)

    def check(self) -> list[Check]:
        """Hold what is in the workspace against the rules. Raises `UnreadableMarkError`."""
        return run_checks(self.rules, self._ground(read_mark(self._times_file, self.seal)))

    def grounded(self, asked: Grounding) -> Grounded:
        """Hold it against the facts."""
        return grounded(asked, self._ground())

    @property
    def _folders(self) -> tuple[Path, Path]:
        """Where a score's files are looked for: beside it, then in the workspace."""
        return self.places.score_files, self.places.workspace

    @property
    def _environment(self) -> dict[str, str]:
        """Of the author's own commands: without the model's credentials."""
        return environment.for_checks(environment.of_the_pod(), self.brief.get("credentials", []))

    @property
    def _times_file(self) -> Path:
        """Of this run; where only the rules are held, of the last run that performed the sheet."""
        folder, run = self.job_folder / f"s{self.brief['sheet']}", self.brief["run"]
        files = [folder / f"modified-r{number}.json" for number in range(run, 0, -1)]
        if self.brief["mode"] == "validate":
            return next(filter(Path.exists, files), files[0])
        return files[0]

    def _ground(self, times: Mapping[str, int] | None = None) -> Ground:
        workspace = self.places.workspace
        return Ground(
            workspace,
            variables.for_rules(self.score, self.sheet, str(workspace), self.brief["instrument"]),
            self._environment,
            times,
            self.clock,
        )


def _warn(what: str) -> None:
    """Into the Pod's log: it fails nothing."""
    Live(2)(f"marianne-runner: {what}\n".encode(errors="replace"))
