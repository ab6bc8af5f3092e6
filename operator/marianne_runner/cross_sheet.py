"""What earlier sheets hand to this one (semantics §5.5): output from the ledger, files from the workspace."""

import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from marianne_runner.contract import Brief, CrossSheet
from marianne_runner.marks import VERDICT, AttemptFolder
from marianne_runner.redact import redact
from marianne_runner.seal import Seal, UnreadableMarkError, read_regular

SKIPPED: Final = "[SKIPPED]"
STDOUT: Final = "stdout"
STDERR: Final = "stderr"
_LONGEST_CHARACTER: Final = 4
_DIGEST_CHARACTERS: Final = 16
_AGAIN: Final = "restart with scope FromSheet from sheet"


class OutputMissingError(Exception):
    """A sheet is finished, but the ledger does not hold what it said: the volume is older than the job."""


class OutputChangedError(Exception):
    """What a finished sheet said is not what the ledger holds of it now."""


def output_digest(said: bytes) -> str:
    """Told in the verdict, kept in the status, and told to every sheet that is handed the output."""
    return sha256(said).hexdigest()[:_DIGEST_CHARACTERS]


def previous_outputs(cross: CrossSheet, brief: Brief, ledger: Path, seal: Seal | None = None) -> dict[int, str]:
    """Standard output of the sheets in the window, by number.

    Raises `OutputMissingError`, `OutputChangedError`.
    """
    if not cross["auto_capture_stdout"]:
        return {}
    outputs = dict.fromkeys(brief["skipped"], SKIPPED)
    digests = brief.get("output_digests", {})
    for number, attempt in brief["outputs"].items():
        folder = AttemptFolder(ledger / brief["job_uid"] / f"s{number}" / f"a{attempt}", seal)
        if text := _said(folder, number, digests.get(number)):
            outputs[int(number)] = cut(text, cross["max_output_chars"])
    return dict(sorted(outputs.items()))


def _said(folder: AttemptFolder, number: str, digest: str | None) -> str:
    verdict = folder.read(VERDICT)
    if verdict is None and not folder.forged:
        raise OutputMissingError(
            f"sheet {number} is finished, but the claim holds no attempt {folder.number} of it: the volume is older "
            f"than the job; {_AGAIN} {number}"
        )
    if verdict is None:
        raise _changed(folder)
    said = outputs_of(folder, digest).get(STDOUT)
    if said is None:  # the disk was too full for it
        return str(verdict.get("stdout_tail", ""))
    return said.decode("utf-8", errors="replace")


def outputs_of(folder: AttemptFolder, digest: str | None) -> dict[str, bytes]:
    """What is kept of an attempt's outputs; raises `OutputChangedError` where standard output is not what it was."""
    try:
        found = {name: read_regular(folder.path / name) for name in (STDOUT, STDERR)}
    except UnreadableMarkError as error:
        raise _changed(folder) from error
    outputs = {name: said for name, said in found.items() if said is not None}
    if digest is not None and (STDOUT not in outputs or output_digest(outputs[STDOUT]) != digest):
        raise _changed(folder)
    return outputs


def _changed(folder: AttemptFolder) -> OutputChangedError:
    sheet = folder.path.parent.name[1:]
    return OutputChangedError(
        f"the output of sheet {sheet} (attempt {folder.number}) in the ledger is not what that sheet said: somebody "
        f"changed it; {_AGAIN} {sheet}"
    )


def previous_files(cross: CrossSheet, sheet: int, workspace: Path, job_file: Path) -> dict[str, str]:
    """Text files by absolute path, for every pattern.

    What is no UTF-8 text is left out, and so is what was there before the job: older than `job_file`, by the clock of
    the same disk.
    """
    files: dict[str, str] = {}
    since = job_file.stat().st_mtime_ns if job_file.exists() else 0
    for pattern in cross["capture_files"]:
        for path in _matches(_expanded(pattern, sheet, workspace), workspace):
            text = _text(path, since, cross["max_output_chars"])
            if text is not None:
                files[str(path)] = cut(text, cross["max_output_chars"])
    return files


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, and a word about what is gone."""
    return text if len(text) <= limit else text[:limit] + "\n... [truncated]"


def _expanded(pattern: str, sheet: int, workspace: Path) -> str:
    """Two names, literally: a pattern is no template."""
    for name, value in (("workspace", str(workspace)), ("sheet_num", str(sheet))):
        pattern = pattern.replace("{{ " + name + " }}", value).replace("{{" + name + "}}", value)
    return pattern


def _matches(pattern: str, workspace: Path) -> Iterator[Path]:
    absolute = Path(pattern).is_absolute()
    root, relative = (Path("/"), pattern.lstrip("/")) if absolute else (workspace, pattern)
    try:
        yield from sorted(root.glob(relative)) if relative else ()
    except (ValueError, NotImplementedError, OSError):  # a pattern that is none, a folder that cannot be read
        return


def _text(path: Path, since: int, limit: int) -> str | None:
    """Enough of it for `limit` characters: a template gets no more, however large the file."""
    wanted = _LONGEST_CHARACTER * (limit + 1)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_mtime_ns < since:
            return None
        with path.open("rb") as file:
            content = file.read(wanted)
        if len(content) == wanted:  # the last character may be cut
            content = content[: len(content) - _cut_bytes(content)]
        return redact(content).decode()
    except (OSError, UnicodeDecodeError):
        return None


def _cut_bytes(content: bytes) -> int:
    """How many bytes at the end begin a character that is not whole."""
    for back in range(1, _LONGEST_CHARACTER):
        if content[-back] & 0xC0 == 0xC0:
            return back
        if content[-back] & 0x80 == 0:
            return 0
    return 0
