"""What is done for a sheet whose rules do not hold, on real Pods: what is missing is finished, or mended."""

import pytest

from tests.cluster.lane import Lane, bash_score

pytestmark = pytest.mark.usefixtures("installed")


def test_a_missing_folder_is_made_and_the_sheet_completes(lane: Lane) -> None:
    rules = [{"type": "file_exists", "path": "{workspace}/out/deep/report.md", "retry_count": 0}]
    lane.job("healed", bash_score("echo x >> tries; echo done > out/deep/report.md", rules=rules), selfHealing=True)
    sheet = lane.await_phase("healed", "Completed", "Failed")["sheets"][0]
    assert (sheet["state"], sheet["attempt"], sheet["healingAttempts"]) == ("completed", 2, 1)
    assert sheet["healing"] == ["made folder out/deep"]
    assert lane.lines("healed-workspace", "out/deep/report.md") == ["done"]
    assert lane.lines("healed-workspace", "tries") == ["x", "x"]
    told = {event["reason"]: event["message"] for event in lane.events("healed")}
    assert "folder out/deep is missing" in told["SheetHealing"]


def test_what_is_missing_is_completed(lane: Lane) -> None:
    """The scripted agent reads its prompt: the second one asks for what is missing, and quotes the task."""
    task = "\n".join(
        ("Make a, b and c.", "```script", *(f"@write {name}\nmade\n@end" for name in "ab"), "@from 2 write c", "made",
         "@end", "@say done", "```")
    )  # fmt: skip
    score = bash_score("", retry={"max_retries": 1, "completion_delay_seconds": 0.2})
    score |= {
        "instrument": "scripted-agent",
        "prompt": {"template": task},
        "validations": [{"type": "file_exists", "path": name, "retry_count": 0} for name in "abc"],
    }
    lane.job("finished", score)
    sheet = lane.await_phase("finished", "Completed", "Failed")["sheets"][0]
    assert (sheet["state"], sheet["completionAttempts"], sheet.get("normalAttempts", 0)) == ("completed", 1, 0)
    assert (sheet["outcomeCategory"], sheet["executionMode"]) == ("success_completion", "completion")
    assert lane.lines("finished-workspace", "c") == ["made"]
