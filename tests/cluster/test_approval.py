"""The example that asks a person and falls back to another instrument, on real Pods, answered as its comment says."""

from pathlib import Path

import pytest

from tests.cluster.lane import Lane

EXAMPLE = Path(__file__).parents[2] / "examples" / "approval.yaml"
pytestmark = pytest.mark.usefixtures("installed")


def test_asked_and_approved(lane: Lane) -> None:
    lane.kubectl("apply", "-f", str(EXAMPLE))
    status = lane.await_status("approval", lambda seen: (seen.get("waiting") or {}).get("reason") == "Approval")
    assert [sheet["state"] for sheet in status["sheets"]] == ["completed", "fermata"]
    assert "is draft.txt good enough?" in status["waiting"]["message"]
    assert lane.lines("approval-workspace", "published.txt") == []
    lane.kubectl("annotate", "mj", "approval", "--overwrite", "marianne.dev/verb=approve/2/now")
    status = lane.await_phase("approval", "Completed")
    first, second = status["sheets"]
    assert [(each["from"], each["to"]) for each in first["instrumentFallbacks"]] == [("somebody-else", "cli")]
    assert second["approvals"][0]["by"] == "annotation (kubectl-annotate)"
    assert lane.lines("approval-workspace", "published.txt") == ["three chapters, one appendix"]
