"""`python -m dev.lanes`: every lane of tests, with all that it needs, from a bare machine.

`LANES=unit,simulation` chooses; `CLUSTER=existing` with KUBECONFIG plays the cluster lane on a cluster of yours.
The last line is `N passed, N failed`. Logs and reports stay in `.local/lanes`. A cluster that was started is left
running.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from dev.cluster.progress import say
from dev.demo.access import Access, reach
from dev.demo.installation import install
from dev.lanes.catalogue import Lane, UnknownLaneError, chosen, deselected, nothing_to_check
from dev.lanes.preparation import Preparation
from dev.lanes.result import Counts, Result, all_good, closing_line, table
from dev.lanes.run import run_lane

TREE: Final = Path(__file__).parents[2]
FOLDER: Final = TREE / ".local" / "lanes"


def main() -> int:
    """0 when every chosen lane is good; 1 else."""
    try:
        lanes = chosen()
    except UnknownLaneError as error:
        say(str(error))
        return 1
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a shell's background job; tests interrupt programs
        signal.signal(signal.SIGINT, signal.default_int_handler)
    needs = {lane.needs for lane in lanes} - {"nothing"}
    own_cluster = "cluster" in needs and os.environ.get("CLUSTER") != "existing"
    preparation = Preparation.start(FOLDER / "preparation.log", with_images=own_cluster) if needs else None
    try:
        results = _run(lanes, preparation)
    finally:
        if preparation is not None:
            preparation.stop()
    say("")
    for line in table(results, deselected(lanes)):
        say(line)
    say(closing_line(results))
    return 0 if all_good(results) else 1


def _run(lanes: Sequence[Lane], preparation: Preparation | None) -> list[Result]:
    results = []
    for lane in lanes:
        if absent := nothing_to_check(lane, TREE):
            results.append(Result(lane.name, Counts(), 0.0, absent=absent))
        else:
            say(f"… {lane.name} (log: {FOLDER / lane.name}.log)")
            results.append(run_lane(lane, FOLDER, _prepare(lane, preparation)))
        say(results[-1].line())
    return results


def _prepare(lane: Lane, preparation: Preparation | None) -> Callable[[], None]:
    """What is to be done before the lane; raises `SetupError`."""

    def prepare() -> None:
        if preparation is not None and lane.needs != "nothing":
            preparation.wait()
        if lane.needs == "cluster":
            access: Access = reach()
            install(access)

    return prepare


if __name__ == "__main__":
    sys.exit(main())
