"""`marianne-runner errand`: one errand from its brief to its answer. Exit code 0 where it succeeded, 143 after SIGTERM.

Where the ledger is mounted, the errand's mark there keeps it from running twice, whatever became of its first Pod.
"""

import json
import sys
from pathlib import Path
from typing import Final, cast

from marianne_runner import hook_command, hook_job, marks, notice
from marianne_runner.contract import (
    MESSAGE_LIMIT,
    PROTOCOL,
    Errand,
    ErrandResult,
    decode_errand,
    encode_errand,
)
from marianne_runner.places import Places
from marianne_runner.processes import kill_everything_else
from marianne_runner.seal import UnreadableMarkError, read_regular
from marianne_runner.stop import Stop, TerminatedError
from marianne_runner.timing import Clock

TERMINATED: Final = 143
ERRANDS: Final = "errands"
"""In the job's folder of the ledger, a folder for each."""
STARTED: Final = "started"
RESULT: Final = "result"


def main(places: Places, clock: Clock, stop: Stop) -> int:
    """Do it, and say how it ended."""
    try:
        stop.listen()
        result = _result(places, clock, stop)
        stop.finish()
    except TerminatedError:
        return TERMINATED
    kill_everything_else()
    with places.termination.open("wb") as file:
        file.write(encode_errand(result))
    if result["outcome"] == "succeeded":
        return 0
    return TERMINATED if stop.called else 1


def _result(places: Places, clock: Clock, stop: Stop) -> ErrandResult:
    brief, pod_uid = cast(Errand, {}), ""
    try:
        pod_uid = places.pod_uid.read_text().strip()
        brief = cast(Errand, json.loads(places.brief.read_bytes()))
        if brief.get("protocol") != PROTOCOL:
            told = f"the errand speaks protocol {brief.get('protocol')}, this image's runner {PROTOCOL}"
            return _plain(brief, pod_uid, f"{told}: build the image anew")
        return _once(places, brief, pod_uid, clock, stop) if brief["once"] else _do(places, brief, pod_uid, clock, stop)
    except Exception as error:
        # The edge of the program: whatever went wrong must reach the user as an answer, and the log as it was.
        sys.excepthook(type(error), error, error.__traceback__)
        return _plain(brief, pod_uid, f"the runner failed: {type(error).__name__}: {error}")


def _once(places: Places, brief: Errand, pod_uid: str, clock: Clock, stop: Stop) -> ErrandResult:
    """Whoever links the mark does it; who comes later repeats the answer, or says that there is none."""
    folder = places.ledger / brief["job_uid"] / ERRANDS / brief["errand"]
    folder.mkdir(parents=True, exist_ok=True)
    if not marks.link_once(folder / STARTED, json.dumps({"pod_uid": pod_uid}).encode()):
        return _repeated(folder, brief, pod_uid)
    result = _do(places, brief, pod_uid, clock, stop)
    marks.link_once(folder / RESULT, encode_errand(result))
    return result


def _repeated(folder: Path, brief: Errand, pod_uid: str) -> ErrandResult:
    why = "its first Pod was lost while it ran; what it did is not known"
    try:
        if (held := read_regular(folder / RESULT, MESSAGE_LIMIT)) is not None:
            return ErrandResult(**{**decode_errand(held.decode()), "pod_uid": pod_uid})
    except (ValueError, UnreadableMarkError):
        why = "the ledger does not hold what its first Pod answered, but something else"
    result = _plain(brief, pod_uid, why)
    result["outcome"] = "lost"
    return result


def _do(places: Places, brief: Errand, pod_uid: str, clock: Clock, stop: Stop) -> ErrandResult:
    stop.hold()
    result = _plain(brief, pod_uid, "")
    result["started_at"] = clock.wall()
    if (command := brief.get("command")) is not None:
        hook_command.perform(command, brief["timeout_seconds"], places, result, lambda: stop.called)
    elif (asked := brief.get("notice")) is not None:
        notice.perform(asked, result, clock.sleep, lambda: stop.called)
    elif (start := brief.get("start")) is not None:
        hook_job.perform(start, brief["timeout_seconds"], places, result, clock.sleep, lambda: stop.called)
    else:
        result["message"] = "this image's runner does not know what is asked: build the image anew"
    result["ended_at"] = clock.wall()
    return result


def _plain(brief: Errand, pod_uid: str, message: str) -> ErrandResult:
    """Failed, until something says that it is not."""
    return ErrandResult(
        protocol=PROTOCOL,
        pod_uid=pod_uid,
        errand=str(brief.get("errand", "")),
        outcome="failed",
        message=" ".join(message.split()),
    )
