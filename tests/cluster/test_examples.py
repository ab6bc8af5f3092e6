"""The examples that the demo does not play, applied as their comments say, side by side in one namespace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.lane import Lane

EXAMPLES = Path(__file__).parents[2] / "examples"
SHEETS = {"quickstart": 2, "existing-claim": 3, "haiku": 4}


@pytest.fixture(scope="module")
def there(module_lane: Lane) -> Iterator[Lane]:
    module_lane.kubectl("apply", "-f", str(EXAMPLES / "quickstart-inline.yaml"))
    module_lane.kubectl("apply", "-f", str(EXAMPLES / "existing-claim.yaml"))
    module_lane.kubectl("apply", "-k", str(EXAMPLES / "score-from-configmap"))
    yield module_lane


@pytest.mark.parametrize("job", SHEETS)
def test_it_completes(job: str, there: Lane) -> None:
    status = there.await_phase(job, "Completed", "Failed", "Refused")
    assert (status["phase"], status["progress"]) == ("Completed", f"{SHEETS[job]}/{SHEETS[job]}")


def test_only_pods_that_failed_are_kept_where_the_job_says_so(there: Lane) -> None:
    there.await_phase("existing-claim", "Completed")
    selector = "--selector=marianne.dev/job=existing-claim"
    there.await_status("existing-claim", lambda _: not there.kubectl("get", "pods", selector, "-o", "name"))


def test_a_score_from_a_config_map_says_which_version_it_plays(there: Lane) -> None:
    source = there.await_phase("haiku", "Completed")["score"]["source"]
    version = there.get("configmap", "haiku-score")["metadata"]["resourceVersion"]
    assert source == f"configmap/haiku-score/score.yaml@{version}"
