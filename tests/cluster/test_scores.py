"""Real scores on real Pods: each played to its end by the scripted agent, which does what our answers say."""

from typing import Any

import pytest

from dev.cluster.image_order import full_name
from tests.cluster.lane import Lane
from tests.scores import plays

pytestmark = [pytest.mark.usefixtures("installed"), pytest.mark.timeout(1200)]
AGENT = "/usr/local/bin/scripted-agent"
FOLDER = "answers"
DEADLINE_SECONDS = 900.0


def test_real_scores_run_to_their_ends(lane: Lane) -> None:
    lane.apply(*plays.instruments(AGENT, f"/score/{FOLDER}", full_name("agent")))
    for name in plays.PLAYED:
        sheets = {each.name: each.read_text() for each in (plays.ANSWERS / name).iterdir()}
        lane.apply(config_map(name, sheets))
        lane.apply(job(name, files=[file(name, each) for each in sheets], **plays.spec_of(name)))
    for name in plays.PLAYED:
        plays.check_end(name, lane.await_phase(name, "Completed", "Failed", "Refused", deadline=DEADLINE_SECONDS))


def config_map(name: str, data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def file(name: str, key: str) -> dict[str, Any]:
    return {"path": f"{FOLDER}/{key}", "configMapKeyRef": {"name": name, "key": key}}


def job(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "marianne.dev/v1alpha1", "kind": "MarianneJob", "metadata": {"name": name}, "spec": spec}
