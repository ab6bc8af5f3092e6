"""Long-lived programs without a service manager.

A program is recorded as its PID and the kernel's start time of that PID, so that a PID that was used again is never
taken for it, let alone killed.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.progress import SetupError, tail


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a cluster. Its log lies in `folder`; its record too, unless `records` says where.

    What belongs to the machine and not to a tree is recorded outside the tree, so that it is found again when the
    tree is gone.
    """

    folder: Path
    name: str
    records: Path | None = None

    @property
    def log(self) -> Path:
        """Standard output and error."""
        return self.folder / "log" / f"{self.name}.log"

    @property
    def record(self) -> Path:
        """`{"pid": …, "started": …}`."""
        return (self.records or self.folder / "run") / f"{self.name}.json"

    def pid(self) -> int | None:
        """Its PID, if it lives."""
        try:
            record = json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return None
        started = start_time(record["pid"])
        return record["pid"] if started is not None and started == record["started"] else None

    def start(self, command: Sequence[str | Path], environment: dict[str, str] | None = None) -> None:
        """Start it in a session of its own, unless it lives."""
        if self.pid() is not None:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.record.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**_environment(), **(environment or {})},
            )
        self.record.write_text(json.dumps({"pid": process.pid, "started": start_time(process.pid)}))

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it lives."""
        if (pid := self.pid()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self, grace_seconds: float = 10.0, number: signal.Signals = signal.SIGTERM) -> None:
        """End it: a signal, and SIGKILL when the grace is over."""
        if self.pid() is not None:
            self.send(signal.SIGCONT)
            self.send(number)
            until = time.monotonic() + grace_seconds
            while self._lives() and time.monotonic() < until:
                time.sleep(0.02)
            self.send(signal.SIGKILL)
            while self._lives():
                time.sleep(0.02)
        self.record.unlink(missing_ok=True)

    def must_live(self) -> None:
        """Raises `SetupError` with the log's end if it has died."""
        if self.pid() is None:
            raise SetupError(f"{self.name} has ended; the end of its log:\n{tail(self.log)}")

    def _lives(self) -> bool:
        """Whether it still lives; a child of ours is reaped on the way."""
        pid = self.pid()
        if pid is None:
            return False
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        return self.pid() is not None


def _environment() -> dict[str, str]:
    """Ours without proxies: the parts of a cluster speak to each other, and not by way of one."""
    return {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


def start_time(pid: int) -> int | None:
    """Clock ticks from boot to the start of this PID; None for none, and for a zombie, which runs nothing."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
