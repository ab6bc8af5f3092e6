"""The HTTP API in a Pod of its own, installed and called with the very lines of docs/api.md."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dev.cluster import images
from dev.cluster.control_plane import free_port
from dev.cluster.local import LocalCluster
from dev.demo.access import reach
from dev.demo.installation import NAMESPACE, arguments
from marianne_api.models import SheetDetails
from tests.cluster.conftest import EXISTING
from tests.cluster.lane import Lane

TREE = Path(__file__).parents[2]
PAGE = (TREE / "docs" / "api.md").read_text()
DIVIDER = "=== next block ==="
SCRIPT_SECONDS = 240


def blocks(title: str) -> list[str]:
    """The shell's part of a section."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """Somebody who does what the page says, in a folder of their own."""

    folder: Path
    programs: tuple[Path, Path]
    kubeconfig: Path

    def play(self, *scripts: str) -> list[str]:
        """One shell for all; what each of them printed. Whatever they leave in the background ends with them."""
        told = f"\necho '{DIVIDER}'\n".join(scripts)
        path = ":".join([*(str(each.parent) for each in self.programs), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-euc", f"trap 'jobs -p | xargs --no-run-if-empty kill' EXIT\n{told}"],
            cwd=self.folder,
            env={**os.environ, "PATH": path, "KUBECONFIG": str(self.kubeconfig)},
            capture_output=True,
            text=True,
            check=False,
            timeout=SCRIPT_SECONDS,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout.split(f"{DIVIDER}\n")


@pytest.fixture(scope="module")
def reader(installed: None, module_lane: Lane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The API runs, by the page; afterwards it is off again."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "charts").symlink_to(TREE / "charts")
    if not EXISTING:
        images.load(images.build("api"), LocalCluster().loaded_images)
    access = reach()
    reader = Reader(folder, (access.kubectl_binary, access.helm_binary), module_lane.kubeconfig)
    try:
        (told,) = reader.play(*blocks("Install"))
        assert "port-forward service/marianne-operator-api 8443:443" in told
        yield reader
    finally:
        access.helm(*arguments())
        access.kubectl("delete", "secret", "marianne-api", f"--namespace={NAMESPACE}", "--ignore-not-found")


def objects(text: str) -> list[dict[str, Any]]:
    """Each answer is a line; what a stream sends stands behind `data: `."""
    lines = (line.removeprefix("data: ") for line in text.splitlines())
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_the_whole_life_of_a_job_with_curl(reader: Reader, module_lane: Lane) -> None:
    values, *steps = blocks("Walk-through")
    assert values == "NAMESPACE=music PORT=8443\n"
    ours = f"NAMESPACE={module_lane.namespace} PORT={free_port()}\n"
    _, entry, conductor, start, watch, pause, end = reader.play(ours, *steps)

    assert objects(entry)[-1]["status"] == "healthy"
    (told,) = objects(conductor)
    assert told["connected"] is True and told["memory_usage_mb"] > 1
    (started,) = objects(start)
    assert started["job_id"].startswith(f"{module_lane.namespace}.weekly-review-")
    assert (started["status"], started["total_sheets"], started["via_daemon"]) == ("accepted", 3, True)
    assert [each["status"] for each in objects(watch)] == ["running"]

    asked, paused, sheet = objects(pause)
    assert (asked["success"], paused["status"]) == (True, "paused")
    assert set(sheet) == set(SheetDetails.model_fields) and len(sheet) == 33
    assert (sheet["status"], sheet["exit_code"], sheet["validation_passed"]) == ("completed", 0, True)
    assert pause.rstrip().endswith(" note 1"), "the log"

    resumed, running, cancelled, over, deleted = objects(end)
    assert [each["success"] for each in (resumed, cancelled, deleted)] == [True] * 3
    assert [each["status"] for each in (running, over)] == ["running", "cancelled"]
    name = started["job_id"].partition(".")[2]
    assert module_lane.get("mariannejob", name) == {}
    assert module_lane.get("pvc", f"{name}-workspace"), "results were paid for"


def test_its_pod_has_no_credential(reader: Reader, lane: Lane) -> None:
    selector = "--selector=app.kubernetes.io/component=api"
    (pod,) = json.loads(lane.kubectl("get", "pods", selector, f"--namespace={NAMESPACE}", "-o", "json"))["items"]
    mounts = [mount["mountPath"] for each in pod["spec"]["containers"] for mount in each["volumeMounts"]]
    assert sorted(mounts) == ["/etc/marianne/kubernetes", "/etc/marianne/tls", "/tmp"]
    bound = lane.kubectl("get", "clusterrolebindings,rolebindings", "--all-namespaces", "-o", "json")
    assert pod["spec"]["serviceAccountName"] not in re.findall(r'"name": "([^"]+)"', bound)
