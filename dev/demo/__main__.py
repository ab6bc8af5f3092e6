"""`python -m dev.demo`: bring up a cluster, install the operator, play two jobs with `kubectl marianne`.

Exit code 0 only if both ended completed. A second call plays them anew on what is there.
"""

import sys
import time
from typing import Final

from dev.cluster.progress import SetupError, say, step
from dev.demo.access import Access, reach
from dev.demo.installation import NAMESPACE as OPERATOR_NAMESPACE
from dev.demo.installation import install
from dev.demo.jobs import HELLO, JOBS, REVIEW, make_room
from dev.demo.tool import type_and_run, what_next

LIMIT: Final = ("--timeout", "5m")


def main() -> int:
    """0 when both jobs completed; 1 with what went wrong and where to look."""
    begun = time.monotonic()
    try:
        with step("cluster and images"):
            access = reach()
        install(access)
        with step("a namespace for the demo"):
            make_room(access)
        _play(access)
    except SetupError as error:
        say(f"✗ {error}")
        return 1
    for line in what_next(access):
        say(line)
    say(f"✓ the demo took {time.monotonic() - begun:.1f} s")
    return 0


def _play(access: Access) -> None:
    """Both at once; the longer one is watched."""
    try:
        type_and_run(access, "run", HELLO.file)
        type_and_run(access, "run", REVIEW.file, "--watch", *LIMIT)
        type_and_run(access, "wait", HELLO.name, *LIMIT)
    except SetupError as error:
        raise SetupError(f"{error}\n{_log(access)}") from error
    type_and_run(access, "status", HELLO.name)
    for job in JOBS:
        type_and_run(access, "files", job.name, "cat", job.result)


def _log(access: Access) -> str:
    where = (f"--namespace={OPERATOR_NAMESPACE}", "--selector=app.kubernetes.io/name=marianne-operator")
    return "the end of the operator's log:\n" + access.kubectl("logs", *where, "--tail=20", check=False)


if __name__ == "__main__":
    sys.exit(main())
