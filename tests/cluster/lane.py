"""A namespace of the real cluster as a test sees it: apply, wait, look."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEADLINE_SECONDS = 120.0


@dataclass(frozen=True)
class Lane:
    """kubectl as the administrator, in one namespace."""

    kubectl_binary: Path
    kubeconfig: Path
    namespace: str

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        """What it prints; fails the test with what it complains about."""
        command = [self.kubectl_binary, f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
        assert not check or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def apply(self, *bodies: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(bodies))

    def job(self, name: str, score: dict[str, Any], **spec: Any) -> None:
        """A MarianneJob with this score as text."""
        spec = {"scoreText": yaml.safe_dump(score), **spec}
        self.apply(
            {"apiVersion": "marianne.dev/v1alpha1", "kind": "MarianneJob", "metadata": {"name": name}, "spec": spec}
        )

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """The object, or {} where there is none."""
        found = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(found) if found else {}

    def status(self, job: str) -> dict[str, Any]:
        return self.get("mariannejob", job).get("status", {})

    def sheet(self, job: str, number: int = 1) -> dict[str, Any]:
        sheets = self.status(job).get("sheets", [])
        return sheets[number - 1] if len(sheets) >= number else {}

    def await_phase(self, job: str, *phases: str, deadline: float = DEADLINE_SECONDS) -> dict[str, Any]:
        """The status, once its phase is one of these."""
        return self.await_status(job, lambda status: status.get("phase") in phases, deadline)

    def await_status(
        self, job: str, holds: Callable[[dict[str, Any]], bool], deadline: float = DEADLINE_SECONDS
    ) -> dict[str, Any]:
        return wait_for(lambda: self.status(job), holds, deadline)

    def await_pod(self, name: str, phase: str, deadline: float = DEADLINE_SECONDS) -> dict[str, Any]:
        def is_in(pod: dict[str, Any]) -> bool:
            return pod.get("status", {}).get("phase") == phase

        return wait_for(lambda: self.get("pod", name), is_in, deadline)

    def condition(self, job: str, kind: str) -> dict[str, Any]:
        return next((each for each in self.status(job).get("conditions", ()) if each["type"] == kind), {})

    def events(self, job: str) -> list[dict[str, Any]]:
        """Of the job, not of its Pods."""
        selector = f"involvedObject.kind=MarianneJob,involvedObject.name={job}"
        return json.loads(self.kubectl("get", "events", f"--field-selector={selector}", "-o", "json"))["items"]

    def warnings_of_a_dry_run(self, body: dict[str, Any]) -> str:
        """What the API server would warn of if this were created."""
        command = ["create", "-f", "-", "--dry-run=server", "-o", "name"]
        base = [self.kubectl_binary, f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}"]
        done = subprocess.run(
            [*base, *command], input=json.dumps(body), capture_output=True, text=True, check=True, timeout=60
        )
        return done.stderr

    def lines(self, claim: str, file: str) -> list[str]:
        """A workspace file's lines, read where the node keeps the volume."""
        volume = self.get("pvc", claim)["spec"]["volumeName"]
        spec = json.loads(self.kubectl("get", "pv", volume, "-o", "json"))["spec"]
        folder = Path((spec.get("hostPath") or spec["local"])["path"])
        path = folder / "workspace" / file
        return path.read_text().splitlines() if path.exists() else []


def wait_for(look: Callable[[], Any], holds: Callable[[Any], bool], deadline: float = DEADLINE_SECONDS) -> Any:
    """What `look` sees, once it holds; fails the test with the last thing seen."""
    until = time.monotonic() + deadline
    while not holds(seen := look()):
        assert time.monotonic() < until, f"not within {deadline:.0f} s; last seen: {json.dumps(seen, indent=1)[:4000]}"
        time.sleep(0.2)
    return seen


def bash_score(*commands: str, rules: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """One sheet for each command, one after the other."""
    cases = dict(enumerate(commands, 1))
    return {
        "name": "lane",
        "instrument": "cli",
        "sheet": {"size": 1, "total_items": len(commands)},
        "prompt": {"variables": {"commands": cases}, "template": "{{ commands[sheet_num] }}"},
        "retry": {"max_retries": 1, "base_delay_seconds": 0.2},
        "validations": rules or [],
        **more,
    }
