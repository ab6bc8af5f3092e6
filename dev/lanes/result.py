"""What came of a lane, read from what its programs left behind. Pure but for reading files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Counts:
    """Of tests; a check that is no pytest run counts as one."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass(frozen=True, slots=True)
class Result:
    """`problem` says in one line why a lane could not run, or not to its end; `absent`, why there is nothing to run."""

    lane: str
    counts: Counts
    seconds: float
    problem: str = ""
    absent: str = ""

    @property
    def good(self) -> bool:
        """Something ran, all of it, and nothing failed. Skipping is not passing."""
        return not self.problem and self.counts.failed == 0 and self.counts.skipped == 0 and self.counts.passed > 0

    @property
    def mark(self) -> str:
        """What is seen first."""
        return "○" if self.absent else "✓" if self.good else "✗"

    def line(self) -> str:
        """For people, while lanes go by."""
        return f"{self.mark} {self.lane}: {told(self)} ({self.seconds:.1f} s)"


def told(result: Result) -> str:
    """Numbers, and the problem if there is one; or why there is nothing to tell."""
    if result.absent:
        return result.absent
    counts = result.counts
    parts = [f"{counts.passed} passed", f"{counts.failed} failed"]
    parts += [f"{counts.skipped} skipped"] if counts.skipped else []
    return "; ".join([", ".join(parts), *([result.problem] if result.problem else [])])


def counts_of_check(exit_code: int) -> Counts:
    """A program that is right or wrong as a whole."""
    return Counts(passed=1) if exit_code == 0 else Counts(failed=1)


def counts_of_pytest(report: Path, exit_code: int) -> tuple[Counts, str]:
    """(numbers, problem). Where pytest itself went wrong, that counts as a failure: nothing passes silently."""
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314  (pytest wrote it a moment ago)
        counts = sum((_of_suite(suite) for suite in suites), Counts())
    except (FileNotFoundError, ElementTree.ParseError):
        return Counts(failed=1), f"pytest left no report (exit code {exit_code})"
    if exit_code == 0 or (exit_code == 1 and counts.failed):
        return counts, ""
    why = {5: "no tests were found", 2: "interrupted, or tests could not be collected"}
    problem = why.get(exit_code, f"pytest ended with exit code {exit_code}")
    return (counts if counts.failed else counts + Counts(failed=1)), problem


def _of_suite(suite: ElementTree.Element) -> Counts:
    total, failures, errors, skipped = (
        int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
    )
    return Counts(total - failures - errors - skipped, failures + errors, skipped)


def table(results: Sequence[Result], left_out: Sequence[str]) -> list[str]:
    """Which lanes ran, what came of them, how long they took."""
    width = max(len(name) for name in [*(result.lane for result in results), *left_out])
    lines = [f"  {each.mark} {each.lane:<{width}} {each.seconds:7.1f} s  {told(each)}" for each in results]
    return lines + [f"  - {name:<{width}}            not chosen" for name in left_out]


def all_good(results: Sequence[Result]) -> bool:
    """Every lane that could be asked is good, and there was one."""
    asked = [result for result in results if not result.absent]
    return bool(asked) and all(result.good for result in asked)


def closing_line(results: Sequence[Result]) -> str:
    """The last line, alone, for programs that read it."""
    total = sum((result.counts for result in results), Counts())
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    return f"{total.passed} passed, {total.failed} failed{skipped}"
