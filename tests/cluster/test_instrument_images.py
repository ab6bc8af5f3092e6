"""Images of instruments: a real agent's, built FROM the runner image, and one that cannot be built again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import buildah, images
from dev.cluster.image_order import digest, full_name
from dev.cluster.local import LocalCluster
from dev.demo.access import reach
from dev.demo.installation import CHART, arguments
from tests.cluster import model_server
from tests.cluster.lane import Lane, bash_score, wait_for
from tests.cluster.served import PORT, serve

HERE = Path(__file__).parent
BARE = "bare-agent"
CONFIGURATION = {
    "provider": {
        "local": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": f"http://model:{PORT}/v1"},
            "models": {"scripted": {}},
        }
    }
}
"""OpenCode's own, as docs/instruments.md has it."""


@pytest.fixture(scope="module")
def built(installed: None) -> None:
    images.load(images.build("opencode"), LocalCluster().loaded_images)


@pytest.fixture(scope="module")
def bare_image(installed: None) -> str:
    """An image FROM scratch with one program in it."""
    source, text = HERE / "bare_agent.c", f"FROM scratch\nCOPY {BARE} /{BARE}\n"
    now = digest([source], text)
    if not buildah.is_built(BARE, now):
        folder = buildah.scratch(BARE)
        buildah.run(["gcc", "-static", "-Os", "-s", "-o", str(folder / BARE), str(source)], BARE)
        (folder / "Dockerfile").write_text(text)
        buildah.build(BARE, full_name(BARE), folder, folder / "Dockerfile", {}, now)
    images.load({BARE: now}, LocalCluster().loaded_images)
    return full_name(BARE)


@pytest.fixture
def injecting(bare_image: str) -> Iterator[None]:
    """The chart brings the runner in; afterwards it does not."""
    access = reach()
    access.helm(*arguments(), "--set=runner.inject=true")
    try:
        yield
    finally:
        access.helm(*arguments())


def instrument(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "marianne.dev/v1alpha1", "kind": "Instrument", "metadata": {"name": name}, "spec": spec}


@pytest.mark.usefixtures("built")
def test_a_real_agent_performs_a_score_with_a_model_of_ones_own(lane: Lane) -> None:
    serve(lane, "model", model_server)
    catalogue = yaml.safe_load((CHART / "files" / "instruments.yaml").read_text())
    lane.apply(instrument("opencode", catalogue["opencode"] | {"image": full_name("opencode"), "credentials": []}))
    score = {
        "name": "real-agent",
        "instrument": "opencode",
        "instrument_config": {"model": "local/scripted", "timeout_seconds": 100},
        "sheet": {"size": 1, "total_items": 1},
        "prompt": {"template": "MODEL: write notes.md A note from an agent"},
        "retry": {"max_retries": 0},
        "validations": [
            {"type": "file_exists", "path": "{workspace}/notes.md"},
            {"type": "content_contains", "path": "{workspace}/notes.md", "pattern": "A note from an agent"},
        ],
    }
    told = {"name": "OPENCODE_CONFIG_CONTENT", "value": json.dumps(CONFIGURATION)}
    lane.job("real", score, sheetTemplate={"env": [told]})
    status = lane.await_phase("real", "Completed", "Failed", "Refused")
    sheet = status["sheets"][0]
    assert (status["phase"], sheet["validationPassed"]) == ("Completed", True), status
    assert lane.lines("real-workspace", "notes.md") == ["A note from an agent"]
    calls = [json.loads(line) for line in lane.kubectl("logs", "model").splitlines() if line.startswith("{")]
    assert {call["path"] for call in calls} == {model_server.PATH}
    tokens = model_server.USAGE
    assert (sheet["inputTokens"], sheet["outputTokens"]) == (
        2 * tokens["prompt_tokens"],
        2 * tokens["completion_tokens"],
    ), "of both steps, as OpenCode told them"


@pytest.mark.usefixtures("injecting")
def test_the_runner_is_brought_into_an_image_that_has_nothing_but_its_program(lane: Lane, bare_image: str) -> None:
    profile = {"kind": "cli", "cli": {"command": {"executable": f"/{BARE}"}, "output": {"format": "text"}}}
    lane.apply(instrument("bare", {"image": bare_image, "profile": profile}))
    rule = {"type": "content_contains", "path": "{workspace}/told.txt", "pattern": "play it softly"}
    score = bash_score("play it softly", "play it softly", rules=[rule], instrument="bare")
    lane.job("brought", score)
    status = lane.await_phase("brought", "Completed", "Failed", "Refused")
    assert status["phase"] == "Completed", status
    pod = lane.get("pod", status["sheets"][1]["podName"])
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["runner"]
    assert "heard" in lane.kubectl("logs", status["sheets"][1]["podName"], "--container=sheet")
    lane.job("plain", bash_score("true"))
    (sheet,) = lane.await_phase("plain", "Completed")["sheets"]
    assert "initContainers" not in lane.get("pod", sheet["podName"])["spec"], "the runner's own image has it"


def test_without_it_such_an_image_is_told_apart_from_one_that_fails(lane: Lane, bare_image: str) -> None:
    profile = {"kind": "cli", "cli": {"command": {"executable": f"/{BARE}"}}}
    lane.apply(instrument("bare", {"image": bare_image, "profile": profile}))
    lane.job("missing", bash_score("play", instrument="bare"))

    def waits(status: dict[str, Any]) -> bool:
        return (status.get("waiting") or {}).get("reason") == "RunnerMissing"

    told = wait_for(lambda: lane.status("missing"), waits)["waiting"]["message"]
    assert "FROM the runner image" in told and "runner.inject" in told
