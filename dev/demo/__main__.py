"""`python -m dev.demo`: bring up a cluster, install the operator, play two jobs, show what came of them.

Exit code 0 only if both ended completed. A second call plays them anew on what is there.
"""

import sys
import time
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from dev.cluster.progress import SetupError, say, step
from dev.demo import picture
from dev.demo.access import Access, reach
from dev.demo.follow import Clock, Statuses, follow
from dev.demo.installation import NAMESPACE as OPERATOR_NAMESPACE
from dev.demo.installation import install
from dev.demo.jobs import Job, demo_jobs, statuses, submit
from dev.demo.results import show_results, what_next

DEADLINE_SECONDS: Final = 300.0


def main() -> int:
    """0 when both jobs completed; 1 with what went wrong and where to look."""
    begun = time.monotonic()
    try:
        with step("cluster and images"):
            access = reach()
        install(access)
        good = _play(access, demo_jobs())
    except SetupError as error:
        say(f"✗ {error}")
        return 1
    say(f"{'✓' if good else '✗'} the demo took {time.monotonic() - begun:.1f} s")
    return 0 if good else 1


def _play(access: Access, jobs: Sequence[Job]) -> bool:
    """Whether both completed."""
    with step("applying two jobs"):
        submit(access, jobs)
    with step("playing them"):
        try:
            seen = follow(jobs, lambda: statuses(access, jobs), DEADLINE_SECONDS, Console(), Clock())
        except SetupError as error:
            raise SetupError(f"{error}\n{_log(access)}") from error
    _tell(jobs, seen)
    if not all(picture.completed(seen[job.name]) for job in jobs):
        return False
    show_results(access, jobs)
    for line in what_next(access, jobs):
        say(line)
    return True


def _tell(jobs: Sequence[Job], seen: Statuses) -> None:
    for job in jobs:
        status = seen[job.name]
        if picture.completed(status):
            say(f"✓ {job.name}: completed, {picture.totals(status)}")
        else:
            say(f"✗ {job.name}: {picture.summary(status)}")


def _log(access: Access) -> str:
    where = (f"--namespace={OPERATOR_NAMESPACE}", "--selector=app.kubernetes.io/name=marianne-operator")
    return "the end of the operator's log:\n" + access.kubectl("logs", *where, "--tail=20", check=False)


if __name__ == "__main__":
    sys.exit(main())
