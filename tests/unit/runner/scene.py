"""A job's claim, and Pods that work on it: each a real runner process with its own brief over the same folders."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marianne_runner.contract import (
    KEY_VARIABLE,
    SIGNED_PROTOCOL,
    CompiledScore,
    Verdict,
    decode_message,
    is_signed_message,
)
from marianne_runner.timing import Timing

REPOSITORY = Path(__file__).parents[3]
QUICK = Timing(beat=0.1, still=1.5, look=0.02, grace=0.5)
USER = 65532
JOB_UID = "7d1c1f6e-job"
BASH = {
    "kind": "cli",
    "raw_prompt": True,
    "cli": {"command": {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False}},
}
DEADLINE = 60.0
MEMORY = Path("/dev/shm")
"""Where a sync costs nothing."""


def rule(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "stage": 1, "retry_count": 0, "retry_delay_ms": 10, **fields}


def compiled(template: str | None = "true", rules: list[dict[str, Any]] | None = None, **fields: Any) -> CompiledScore:
    rules = rules or []
    sheet = {"num": 1, "stage": 1, "instance": 1, "fan_count": 1, "start_item": 1, "end_item": 1, "needs": []}
    prompt = {"variables": {}} if template is None else {"template": template, "variables": {}}
    return {  # type: ignore[return-value,typeddict-item]
        "protocol": 1,
        "name": "scene",
        "digest": "score",
        "total_sheets": 1,
        "total_stages": 1,
        "sheets": [{**sheet, "rules": list(range(len(rules))), "performer": 0}],
        "performers": [{"instrument": "cli"}],
        "rules": rules,
        "prompt": prompt,
        "parallel": {"enabled": False, "max_concurrent": 1, "fail_fast": True, "stagger_delay_ms": 0},
        "max_output_capture_bytes": 51200,
        **fields,
    }


def wait_until(holds: Callable[[], Any], what: str = "") -> Any:
    until = time.monotonic() + DEADLINE
    while not (found := holds()):
        assert time.monotonic() < until, f"not within {DEADLINE} s: {what}"
        time.sleep(0.01)
    return found


class Scene:
    """`tally` is outside the workspace: the instrument writes its attempt there each time it is started."""

    def __init__(self, key: str = "") -> None:
        self.key = key
        """The job's; empty for a job that has none."""
        self.base = Path(tempfile.mkdtemp(prefix="scene-", dir=MEMORY if MEMORY.is_dir() else None))
        self.base.chmod(0o777)
        self.workspace, self.ledger, self.tally = self.base / "workspace", self.base / "ledger", self.base / "tally"
        for folder in (self.workspace, self.ledger):
            folder.mkdir()
            folder.chmod(0o777)
        self.tally.touch()
        self.tally.chmod(0o666)
        self.pods: list[Pod] = []

    def close(self) -> None:
        for pod in self.pods:
            pod.kill()
        shutil.rmtree(self.base, ignore_errors=True)

    @property
    def starts(self) -> list[str]:
        return self.tally.read_text().split()

    def script(self, then: str = "") -> str:
        return f'echo "$ATTEMPT" >> {self.tally}\n{then}'

    def attempt(self, number: int, sheet: int = 1) -> Path:
        return self.ledger / JOB_UID / f"s{sheet}" / f"a{number}"

    def mark(self, number: int, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.attempt(number) / name).read_bytes())
        return found

    def pod(self, uid: str, score: CompiledScore, attempt: int = 1, **brief: Any) -> "Pod":
        pod = Pod(self, uid, score, attempt, brief)
        self.pods.append(pod)
        return pod


class Pod:
    """One container: its mounts are a folder, its claim the scene's."""

    def __init__(self, scene: Scene, uid: str, score: CompiledScore, attempt: int, brief: dict[str, Any]) -> None:
        self.uid, self.number, self.key = uid, attempt, scene.key
        self.root = Path(tempfile.mkdtemp(prefix=f"{uid}-", dir=scene.base))
        for folder in ("marianne/score", "marianne/brief", "dev", "score", "tmp"):
            (self.root / folder).mkdir(parents=True)
        for folder in (self.root, self.root / "dev", self.root / "tmp"):
            folder.chmod(0o777)
        (self.root / "workspace").symlink_to(scene.workspace)
        (self.root / "marianne/ledger").symlink_to(scene.ledger)
        (self.root / "marianne/score/score.json").write_text(json.dumps(score))
        (self.root / "marianne/brief/pod-uid").write_text(uid)
        spoken = {"protocol": SIGNED_PROTOCOL} if scene.key else {}
        (self.root / "marianne/brief/brief.json").write_text(json.dumps(_brief(attempt, spoken | brief)))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, timing: Timing = QUICK, **given: Any) -> "Pod":
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environment |= {
            "MARIANNE_ROOT": str(self.root),
            "PYTHONPATH": f"{REPOSITORY / 'operator'}:{REPOSITORY}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "ATTEMPT": str(self.number),
            "HOME": str(self.root / "tmp"),
            **({KEY_VARIABLE: self.key} if self.key else {}),
            **given.pop("environment", {}),
        }
        under = given.pop("under", ())
        arguments = json.dumps({"timing": timing, "user": USER, **given})
        with (self.root / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*under, sys.executable, "-m", "tests.unit.runner.entry", arguments],
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(DEADLINE)

    def run(self, **given: Any) -> Verdict:
        self.start(**given).wait()
        return self.verdict

    @property
    def verdict(self) -> Verdict:
        path = self.root / "dev/termination-log"
        assert path.exists(), f"no verdict: {self.log}"
        text = path.read_text()
        assert not self.key or is_signed_message(self.key, text), "it is not signed"
        return decode_message(text)

    @property
    def has_verdict(self) -> bool:
        return (self.root / "dev/termination-log").exists()

    @property
    def log(self) -> str:
        return (self.root / "log").read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As the end of a PID namespace: the runner and all that it started, at once."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGSTOP)
        for pid in [*descendants(self.process.pid), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(DEADLINE)


def _brief(attempt: int, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "protocol": 1,
        "job": "scene",
        "job_uid": JOB_UID,
        "namespace": "default",
        "run": 1,
        "sheet": 1,
        "attempt": attempt,
        "digest": "inputs",
        "ran": False,
        "mode": "normal",
        "instrument": "cli",
        "timeout_seconds": 30,
        "profile": BASH,
        "outputs": {},
        "skipped": [],
        **given,
    }


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def descendants(ancestor: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parents[int(entry.name)] = parent_of(int(entry.name))
    found = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return list(found - {ancestor})
