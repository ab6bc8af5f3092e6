"""One line for every table of the conformance data: how many cases ran and passed, and what was refused by name."""

from collections import Counter, defaultdict

import pytest

HERE = "tests/conformance/"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    refused: dict[str, None] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            if not report.nodeid.startswith(HERE) or report.when != "call":
                continue
            file, _, name = report.nodeid.removeprefix(HERE).partition("::")
            outcomes[f"{file}: {name.partition('[')[0].removeprefix('test_').replace('_', ' ')}"][outcome] += 1
            refused |= {text: None for key, text in report.user_properties if key == "refused"}
    if not outcomes:
        return
    terminalreporter.section("conformance")
    for table, counted in sorted(outcomes.items()):
        terminalreporter.line(f"{table}: {counted['passed']} of {counted.total()} cases passed")
    for text in refused:
        terminalreporter.line(f"refused by name, checked without these fields: {text}")
