"""`marianne-runner`: perform one attempt. Exit code 0 for completed or skipped, 143 after SIGTERM, else 1."""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final, cast

from marianne_runner import verdicts
from marianne_runner.attempt import Attempt
from marianne_runner.contract import KEY_VARIABLE, PROTOCOL, SIGNED_PROTOCOL, Brief, CompiledScore, Verdict
from marianne_runner.places import Places
from marianne_runner.processes import harden, kill_everything_else
from marianne_runner.redact import hide
from marianne_runner.seal import Seal, take_key
from marianne_runner.stop import Stop, TerminatedError
from marianne_runner.task import Task
from marianne_runner.timing import Clock, Timing

TERMINATED: Final = 143
ERRAND: Final = "errand"


def main(timing: Timing = Timing(), clock: Clock = Clock()) -> int:  # noqa: B008  (both immutable)
    """Run the attempt that the brief describes, or with the argument `errand` that errand, and say how it ended."""
    stop = Stop()
    os.umask(0o002)
    harden()
    key = take_key()
    places = Places.here()
    if sys.argv[1:] == [ERRAND]:
        from marianne_runner import errand  # noqa: PLC0415  (the import is no part of a sheet's start-up)

        return errand.main(places, clock, stop)
    try:
        stop.listen()
        verdict = _verdict(places, timing, clock, stop, key)
        stop.finish()
    except TerminatedError:
        return TERMINATED
    kill_everything_else()
    verdicts.speak(verdict, places.termination, key)
    if verdict["outcome"] in ("completed", "skipped"):
        return 0
    return TERMINATED if stop.called else 1


def _verdict(places: Places, timing: Timing, clock: Clock, stop: Stop, key: str) -> Verdict:
    brief, pod_uid, attempt = cast(Brief, {}), "", None
    try:
        pod_uid = places.pod_uid.read_text().strip()
        brief, score = cast(Brief, _read(places.brief)), cast(CompiledScore, _read(places.score))
        hide(os.environ.get(name, "") for name in brief.get("credentials", ()))
        if (mismatch := _mismatch(brief, score, key)) is not None:
            return verdicts.plain(brief, pod_uid, "failed", "ProtocolMismatch", mismatch)
        seal = Seal(key, places.ledger / brief["job_uid"]) if brief["protocol"] == SIGNED_PROTOCOL else None
        attempt = Attempt(Task(places, score, brief, clock, seal), pod_uid, timing, stop)
        return attempt.run()
    except Exception as error:
        # The edge of the program: whatever went wrong must reach the user as a verdict, and the log as it was.
        sys.excepthook(type(error), error, error.__traceback__)
        message = f"the runner failed: {type(error).__name__}: {error}"
        verdict = verdicts.plain(brief, pod_uid, "failed", "RunnerFailed", message)
        return verdict if attempt is None else attempt.broken(verdict)


def _mismatch(brief: Brief, score: CompiledScore, key: str) -> str | None:
    """Why we cannot work together with whoever wrote these."""
    for what, protocol, known in (
        ("brief", brief.get("protocol"), (PROTOCOL, SIGNED_PROTOCOL)),
        ("compiled score", score.get("protocol"), (PROTOCOL,)),
    ):
        if protocol not in known:
            spoken = " and ".join(map(str, known))
            return f"the {what} speaks protocol {protocol}, this image's runner {spoken}: build the image anew"
    if brief["protocol"] == SIGNED_PROTOCOL and not key:
        return (
            f"the brief asks for signed marks, but the container has no {KEY_VARIABLE}: set none in sheetTemplate.env"
        )
    return None


def _read(path: Path) -> dict[str, Any]:
    read = json.loads(path.read_bytes())
    if not isinstance(read, dict):
        raise TypeError(f"{path} holds no JSON object")
    return read


if __name__ == "__main__":
    sys.exit(main())
