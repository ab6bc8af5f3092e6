"""What the last lanes need, made while the first ones run: programs built from source, and images.

`python -m dev.lanes.preparation` makes it; `Preparation` runs that beside, with a log of its own, at a lower priority.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.cluster import binaries, images, packages
from dev.cluster.image_order import ON_REQUEST
from dev.cluster.progress import SetupError, say, tail

SAY_EVERY_SECONDS: Final = 60.0


def main() -> int:
    """Everything that a local cluster is started from, and the shells that the command line is tried in."""
    try:
        binaries.ensure()
        packages.ensure(packages.SHELLS)
        if "--images" in sys.argv[1:]:
            images.build(*ON_REQUEST)
    except SetupError as error:
        say(f"✗ {error}")
        return 1
    return 0


@dataclass(frozen=True, slots=True)
class Preparation:
    """One that is under way."""

    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, log: Path, *, with_images: bool) -> "Preparation":
        """Beside what the caller does."""
        log.parent.mkdir(parents=True, exist_ok=True)
        wanted = ["--images"] if with_images else []
        # Tests with deadlines run beside it, hence `nice`; compilers are its children, hence the session of its own.
        command = ["nice", sys.executable, "-m", "dev.lanes.preparation", *wanted]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        return cls(process, log)

    def wait(self) -> None:
        """Until it is over; raises `SetupError` with the end of its log."""
        if self.process.poll() is None:
            say(f"… waiting for the cluster's programs and images (log: {self.log})")
        begun = time.monotonic()
        while True:
            try:
                code = self.process.wait(timeout=SAY_EVERY_SECONDS)
                break
            except subprocess.TimeoutExpired:
                say(f"  {time.monotonic() - begun:.0f} s so far; {tail(self.log, 1).strip()}")
        if code:
            raise SetupError(f"the cluster's programs could not be made; the end of {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """End it, if nobody waits for it any more."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()


if __name__ == "__main__":
    sys.exit(main())
