"""The runner for images that lack it: only where the chart says so, and as confined as the sheet itself."""

import pytest

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.plan.observation import Settings
from tests.unit.plan.test_pod_manifest import ALWAYS, CONFINED, assert_restricted, made

INJECTING = Settings("runner:1", "Always", inject_runner=True, resources={"limits": {"memory": "1Gi"}})


def tool(image):
    spec = {"profile": {"cli": {"command": {"executable": "bash"}}}, "image": image}
    return InstrumentView.of({"metadata": {"name": "cli"}, "spec": spec})


@pytest.mark.parametrize("image", ["", "runner:1"])
def test_the_runners_own_image_needs_no_runner_brought(image):
    body = made(chosen=INJECTING, instrument=tool(image))
    assert_restricted(body)
    assert set(body["spec"]) == ALWAYS


def test_a_runner_is_brought_into_any_other_image():
    template = {"env": [{"name": "TOKEN", "value": "x"}], "resources": {"limits": {"memory": "2Gi"}}}
    body = made(chosen=INJECTING, instrument=tool("tool:1"), sheetTemplate=template)
    (init,) = body["spec"].pop("initContainers")
    assert init == {
        "name": "runner",
        "image": "runner:1",
        "imagePullPolicy": "Always",
        "command": ["cp", "-r", "/opt/marianne/.", "/runner"],
        "volumeMounts": [{"name": "runner", "mountPath": "/runner"}],
        "resources": template["resources"],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": CONFINED,
    }, "neither workspace nor credentials"
    assert_restricted(body)
    (container,) = body["spec"]["containers"]
    assert container["image"] == "tool:1"
    assert {"name": "runner", "mountPath": "/opt/marianne", "readOnly": True} in container["volumeMounts"]
    assert {"name": "runner", "emptyDir": {"sizeLimit": "256Mi"}} in body["spec"]["volumes"]


def test_nothing_is_brought_unless_the_chart_says_so():
    body = made(chosen=Settings("runner:1"), instrument=tool("tool:1"))
    assert_restricted(body)
