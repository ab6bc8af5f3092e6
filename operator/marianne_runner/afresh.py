"""A run that begins afresh in a workspace that is not empty: archive it, exactly once, before any instrument starts.

The first attempts of a run may be several Pods at once. One of them does it, by marks in the ledger as an attempt's
are; the others wait for it. What it leaves half done, because it was killed, is finished by another.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, cast

from marianne_runner import archive
from marianne_runner.contract import Archive
from marianne_runner.heart import Heart
from marianne_runner.ledger import Watch
from marianne_runner.marks import STARTED, VERDICT, AttemptFolder
from marianne_runner.rows import Step, next_step
from marianne_runner.stop import Stop
from marianne_runner.streams import Live
from marianne_runner.task import Task
from marianne_runner.timing import Timing

PLANNED: Final = "planned"
"""What is to be moved; kept, so that whoever goes on with it moves nothing that came later."""


def begin_afresh(task: Task, pod_uid: str, timing: Timing, stop: Stop, fenced: Callable[[], None]) -> None:
    """Returns when there is nothing to archive, or no more. Raises `OSError`, `TerminatedError`."""
    asked = task.score.get("archive")
    if asked is None or not task.brief.get("fresh"):
        return
    folder = AttemptFolder(task.job_folder / "afresh" / f"r{task.brief['run']}", task.seal)
    if folder.read(VERDICT) is None:
        folder.prepare()
        if _is_ours(task, folder, pod_uid, timing):
            stop.hold()
            with Heart(folder, pod_uid, timing.beat, fenced):
                _archive(task, folder, asked)
            stop.release()


def _is_ours(task: Task, folder: AttemptFolder, pod_uid: str, timing: Timing) -> bool:
    """To be done by us; False once it was done. Waits for whoever is at it."""
    watch = Watch(folder, pod_uid, timing, task.clock)
    ended = _ended(task)
    while True:
        match next_step(watch.see(), ran=False, ended=ended):
            case Step.END:
                return False
            case Step.PERFORM:
                if folder.link(STARTED, {"pod_uid": pod_uid}):
                    return True
            case Step.CONCLUDE_LOST | Step.CONCLUDE_FORGED:
                watch.fence()
                return True
            case Step.FENCE:
                watch.fence()
            case _:
                task.clock.sleep(timing.look)


def _ended(task: Task) -> frozenset[str]:
    """Pods of our sheet that are known to be gone."""
    before: Mapping[str, Any] = task.brief.get("predecessor", {})
    return frozenset([*task.brief.get("ended", ()), *([before["ended"]] if "ended" in before else [])])


def _archive(task: Task, folder: AttemptFolder, asked: Archive) -> None:
    workspace = task.places.workspace
    planned = folder.read(PLANNED)
    if planned is None:
        folder.link(PLANNED, archive.removal(workspace, asked, task.clock.wall()))
        planned = folder.read(PLANNED)
    what = cast(archive.Removal, planned)
    archive.remove(workspace, what)
    with suppress(OSError):  # an archive too many fails nothing
        archive.thin_out(workspace, asked)
    folder.link(VERDICT, {"entries": len(what["entries"])})
    if what["entries"]:
        _tell(f"a fresh run: {len(what['entries'])} entries of the workspace are now in {what['into']}")


def _tell(what: str) -> None:
    Live(2)(f"marianne-runner: {what}\n".encode(errors="replace"))
