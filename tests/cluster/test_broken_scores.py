"""Scores that are broken on purpose end with the failure that is theirs, on real Pods too."""

import pytest

from dev.cluster.image_order import full_name
from tests.cluster.lane import Lane
from tests.scores import broken
from tests.scores.agent import instrument

pytestmark = [pytest.mark.usefixtures("installed"), pytest.mark.timeout(900)]
AGENT = "/usr/local/bin/scripted-agent"
DEADLINE_SECONDS = 600.0


def test_broken_scores_end_with_their_failures(lane: Lane) -> None:
    lane.apply(instrument(broken.INSTRUMENT, AGENT, None, full_name("agent")))
    for name, score in broken.SCORES.items():
        lane.job(name, score.score)
    for name in broken.SCORES:
        broken.check_end(name, lane.await_phase(name, "Completed", "Failed", "Refused", deadline=DEADLINE_SECONDS))
