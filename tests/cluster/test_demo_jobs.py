"""`make demo` as a newcomer runs it, on real Pods: both jobs complete, and what it prints is true."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.demo.jobs import NAMESPACE
from tests.cluster.lane import Lane

TREE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(kubeconfig: Path) -> subprocess.CompletedProcess[str]:
    """Without a terminal, as in a pipe."""
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "dev.demo"]
    return subprocess.run(
        command, cwd=TREE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def there(demo: subprocess.CompletedProcess[str], kubectl_binary: Path, kubeconfig: Path) -> Iterator[Lane]:
    """The demo's namespace, after it; removed in the end."""
    assert demo.returncode == 0, demo.stdout + demo.stderr
    lane = Lane(kubectl_binary, kubeconfig, NAMESPACE)
    yield lane
    lane.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def sheets(lane: Lane, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lane.status(job)["sheets"]
    return found


def test_both_jobs_complete(there: Lane) -> None:
    assert {job: there.status(job)["phase"] for job in ("hello", "review")} == dict.fromkeys(
        ("hello", "review"), "Completed"
    )
    assert [sheet["state"] for sheet in sheets(there, "review")] == ["completed"] * 8


def test_the_sheet_that_fails_a_check_at_first_is_tried_again(there: Lane) -> None:
    assert [sheet["attempt"] for sheet in sheets(there, "hello")] == [1, 1, 2, 1, 1]
    assert [sheet["attempt"] for sheet in sheets(there, "review")] == [1, 1, 1, 1, 1, 2, 1, 1]
    assert there.status("hello")["totalRetries"] == 1


def test_three_voices_are_started_at_once(there: Lane) -> None:
    """Before any of them had ended."""
    voices = [there.get("pod", sheet["podName"]) for sheet in sheets(there, "review") if sheet["num"] in (2, 3, 4)]
    ends = [pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] for pod in voices]
    assert max(pod["metadata"]["creationTimestamp"] for pod in voices) < min(ends)


def test_tokens_are_counted(there: Lane) -> None:
    status = there.status("review")
    assert (status["totalInputTokens"] > 1000, status["totalOutputTokens"] > 100) == (True, True)
    assert "totalInputTokens" not in there.status("hello")


def test_what_it_prints(demo: subprocess.CompletedProcess[str], there: Lane) -> None:
    for told in (
        "marianne run examples/review.yaml --watch --timeout 5m -n marianne-demo",
        "mariannejob.marianne.dev/hello created",
        "hello: Completed 5/5",
        "middle: c d e f g",
        "# Review: retry failed card payments up to three times",
        "What to try next:",
    ):
        assert told in demo.stdout
    assert demo.stderr == ""


def test_no_reader_is_left(there: Lane) -> None:
    assert there.kubectl("get", "pods", "--selector=marianne.dev/reader-of", "-o", "name") == ""


def test_the_namespace_enforces_restricted(there: Lane) -> None:
    found = json.loads(there.kubectl("get", "namespace", NAMESPACE, "-o", "json"))
    assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_plain_run_says_nothing_but_its_retries(there: Lane) -> None:
    uids = {there.get("mariannejob", job)["metadata"]["uid"] for job in ("hello", "review")}
    events = [event for job in ("hello", "review") for event in there.events(job)]
    told = [event["reason"] for event in events if event["involvedObject"]["uid"] in uids]
    assert told == ["SheetRetry"] * 2


def test_sheets_logs_are_there_to_be_read(there: Lane) -> None:
    log = there.kubectl("logs", "--selector=marianne.dev/job=hello,marianne.dev/sheet=5")
    assert "# The concert" in log
