"""`marianne-runner`: perform one attempt. Exit code 0 for completed or skipped, 143 after SIGTERM, else 1."""

import contextlib
import json
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, cast

from marianne_runner import verdicts
from marianne_runner.attempt import Attempt, LostRaceError, TerminatedError
from marianne_runner.contract import PROTOCOL, Brief, CompiledScore, Verdict
from marianne_runner.ledger import Timing
from marianne_runner.places import Places
from marianne_runner.processes import harden, kill_everything_else

TERMINATED = 143


def main(timing: Timing | None = None) -> int:
    """Run the attempt that the brief describes, and say how it ended."""
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop)
    harden()
    places = Places.here()
    brief = cast(Brief, _read(places.brief))
    pod_uid = places.pod_uid.read_text().strip()
    try:
        verdict = _verdict(places, brief, pod_uid, timing or Timing(), stop)
    except TerminatedError:
        return TERMINATED
    except Exception as error:
        # The edge of the program: whatever went wrong here must reach the user as a verdict, and the log as it was.
        traceback.print_exc()
        reason = f"the runner failed: {type(error).__name__}: {error}"
        verdict = verdicts.plain(brief, pod_uid, "failed", "RunnerFailed", reason)
    kill_everything_else()
    verdicts.speak(verdict, places.termination)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    return _exit_code(verdict, terminated=stop.called)


class _Stop:
    """Remembers SIGTERM."""

    def __init__(self) -> None:
        self.called = False

    def __call__(self, number: int = 0, frame: object = None) -> None:
        self.called = True


def _verdict(places: Places, brief: Brief, pod_uid: str, timing: Timing, stop: _Stop) -> Verdict:
    score = cast(CompiledScore, _read(places.score))
    for what, protocol in (("brief", brief.get("protocol")), ("compiled score", score.get("protocol"))):
        if protocol != PROTOCOL:
            message = f"the {what} speaks protocol {protocol}, this image's runner {PROTOCOL}: build the image anew"
            return verdicts.plain(brief, pod_uid, "failed", "ProtocolMismatch", message)
    attempt = Attempt(places, score, brief, pod_uid, timing, lambda: stop.called)
    while True:
        try:
            return attempt.run()
        except LostRaceError:
            continue  # look again: the other Pod's marks say what follows


def _exit_code(verdict: Verdict, *, terminated: bool) -> int:
    if verdict["outcome"] in ("completed", "skipped"):
        return 0
    return TERMINATED if terminated else 1


def _read(path: Path) -> Any:  # noqa: ANN401  (any JSON)
    return json.loads(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
