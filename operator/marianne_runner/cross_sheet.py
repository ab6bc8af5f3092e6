"""What earlier sheets hand to this one (semantics §5.5): output from the ledger, files from the workspace."""

from pathlib import Path
from typing import Final

from marianne_runner.contract import Brief, CrossSheet
from marianne_runner.marks import VERDICT
from marianne_runner.redact import redact

SKIPPED: Final = "[SKIPPED]"
STDOUT: Final = "stdout.tail"


class OutputMissingError(LookupError):
    """A sheet is finished, but the ledger does not hold what it said: the volume is older than the job."""


def previous_outputs(cross: CrossSheet, brief: Brief, ledger: Path) -> dict[int, str]:
    """Standard output of the sheets in the window, by number; raises `OutputMissingError`."""
    outputs = dict.fromkeys(brief["skipped"], SKIPPED) if cross["auto_capture_stdout"] else {}
    for number, attempt in brief["outputs"].items():
        folder = ledger / brief["job_uid"] / f"s{number}" / f"a{attempt}"
        if not (folder / VERDICT).exists():
            raise OutputMissingError(f"sheet {number} attempt {attempt} is finished, but {folder} does not hold it")
        if cross["auto_capture_stdout"] and (text := _read(folder / STDOUT)):
            outputs[int(number)] = _cut(text, cross["max_output_chars"])
    return dict(sorted(outputs.items()))


def previous_files(cross: CrossSheet, sheet: int, workspace: Path) -> dict[str, str]:
    """Files by absolute path, for every pattern; what is no UTF-8 text is left out."""
    files = {}
    for pattern in cross["capture_files"]:
        for placeholder in ("{{ workspace }}", "{{workspace}}"):
            pattern = pattern.replace(placeholder, str(workspace))  # noqa: PLW2901
        pattern = pattern.replace("{{ sheet_num }}", str(sheet)).replace("{{sheet_num}}", str(sheet))  # noqa: PLW2901
        for path in _matches(pattern, workspace):
            if path.is_file() and (text := _read(path)) is not None:
                files[str(path)] = _cut(text, cross["max_output_chars"])
    return files


def _matches(pattern: str, workspace: Path) -> list[Path]:
    absolute = Path(pattern)
    root, relative = (Path("/"), pattern.lstrip("/")) if absolute.is_absolute() else (workspace, pattern)
    return sorted(root.glob(relative)) if relative else []


def _read(path: Path) -> str | None:
    try:
        return redact(path.read_bytes()).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + "\n... [truncated]"
