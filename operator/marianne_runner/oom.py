"""Whether the kernel killed something of ours for want of memory.

On cgroup v1 the kernel may kill a child and leave PID 1 alive, so nobody else would tell.
"""

import re
from pathlib import Path
from typing import Final

_COUNTERS: Final = ("sys/fs/cgroup/memory.events", "sys/fs/cgroup/memory/memory.oom_control")
"""Version 2, version 1: as a container sees its own group."""


def oom_kills(root: Path) -> int:
    """How often so far; 0 where it is not told."""
    for counter in _COUNTERS:
        try:
            found = re.search(r"^oom_kill (\d+)$", (root / counter).read_text(), re.MULTILINE)
        except OSError:
            continue
        return int(found[1]) if found else 0
    return 0
