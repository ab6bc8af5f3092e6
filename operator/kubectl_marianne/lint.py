"""`kubectl marianne lint FILE`: check a score without a cluster."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import SCORE, Options, verb

if TYPE_CHECKING:
    from kubectl_marianne.score_file import ScoreFile
    from marianne_operator.score.lint.findings import Finding


class Format(StrEnum):
    """How findings are told."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


@verb(("no_color",))
async def command(
    options: Options,
    score: SCORE,
    output: Annotated[Format, typer.Option("--output", "-o", help="sarif is for code scanners.")] = Format.TEXT,
) -> int:
    """Exit code 0: it can be run; 1: it would be refused; 2: it cannot be read."""
    from kubectl_marianne.output import complain  # noqa: PLC0415  (pydantic and yaml: not for --help)
    from kubectl_marianne.score_file import ScoreFileError, read  # noqa: PLC0415
    from marianne_operator.score.sandbox import Sandbox  # noqa: PLC0415

    try:
        file = read(score)
    except ScoreFileError as error:
        complain(f"error: {error}")
        return exits.USAGE
    if file.text is None:
        complain(f"error: {file.label}: the score is in a ConfigMap; give lint that text")
        return exits.USAGE
    async with Sandbox() as sandbox:
        findings = await sandbox.lint(file.text)
    return _told(file, findings, output, options)


def _told(file: "ScoreFile", findings: "list[Finding]", output: Format, options: Options) -> int:
    from kubectl_marianne.findings import as_json, as_lines, as_sarif, summary, unread, worst_is_error  # noqa: PLC0415
    from kubectl_marianne.lines import line  # noqa: PLC0415
    from kubectl_marianne.output import show, show_json, standard_screen  # noqa: PLC0415
    from marianne_operator import __version__  # noqa: PLC0415

    if output is Format.TEXT:
        summed = line(f"{file.label}: {summary(findings)}")
        show([*as_lines(file, findings), summed], standard_screen(no_color=options.no_color))
    else:
        show_json(as_json(file, findings) if output is Format.JSON else as_sarif(file, findings, __version__))
    if unread(findings):
        return exits.USAGE
    return exits.ERROR if worst_is_error(findings) else exits.OK
