"""From a file to the MarianneJob that is to be made: read, checked in a limited child, named; and as YAML for Git."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from kubectl_marianne.findings import as_lines, worst_is_error
from kubectl_marianne.lines import plain
from kubectl_marianne.output import complain
from kubectl_marianne.score_file import ScoreFile, Wanted, job_of
from marianne_operator.score.lint.findings import Finding
from marianne_operator.score.refused import ScoreRefusedError
from marianne_operator.score.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Checked:
    """`name` is the score's; None where the score is not in the file, or would be refused."""

    findings: list[Finding]
    name: str | None
    refused: bool


async def check(file: ScoreFile) -> Checked:
    """A score that only a ConfigMap holds is judged by the operator alone."""
    if file.text is None:
        return Checked([], None, refused=False)
    async with Sandbox() as sandbox:
        findings = await sandbox.lint(file.text)
        if worst_is_error(findings):
            return Checked(findings, None, refused=True)
        try:
            return Checked(findings, (await sandbox.compile(file.text))["name"], refused=False)
        except ScoreRefusedError as error:
            complain(f"{file.label}: error: {error.message}")
            return Checked(findings, None, refused=True)


def tell(file: ScoreFile, checked: Checked) -> None:
    """What was found, on stderr: stdout is for what was asked for."""
    for each in as_lines(file, [found for found in checked.findings if found.severity != "info"]):
        complain(plain(each))


async def prepare(file: ScoreFile, wanted: Wanted) -> dict[str, Any] | None:
    """The job to be made; None for a score that would be refused, and why was told.

    Raises `ScoreFileError` and `WorkspaceError`.
    """
    checked = await check(file)
    tell(file, checked)
    return None if checked.refused else job_of(file, wanted, checked.name)


def named(job: Mapping[str, Any]) -> dict[str, Any]:
    """With a name in the place of `generateName`, of which `kubectl apply` knows nothing."""
    metadata = dict(job["metadata"])
    prefix = metadata.pop("generateName", None)
    return {**job, "metadata": metadata if prefix is None else {"name": str(prefix).rstrip("-"), **metadata}}


def manifest(job: Mapping[str, Any], *, keep_namespace: bool) -> str:
    """For Git and for `kubectl apply`."""
    body = named(job)
    if not keep_namespace:
        body["metadata"] = {key: value for key, value in body["metadata"].items() if key != "namespace"}
    return yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as literal blocks, where YAML can say them so."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
