"""What is computed from the kubelet's log, the audit log and `/proc`, and the table that shows it."""

import itertools
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

NOT_COUNTED: Final = frozenset({"watch", "list"})
"""Paid per process, not per Pod."""
READS: Final = "get "


@dataclass(frozen=True, slots=True)
class Figures:
    """One contender in one case. Times in milliseconds, sizes in MB (2**20 bytes)."""

    finished: int
    pods: int
    gap_p50_ms: float
    gap_p99_ms: float
    first_pod_ms: float
    pods_per_second: float
    jobs_per_second: float
    calls_per_pod: float
    writes_per_pod: float
    cpu_ms_per_pod: float
    rss_mb: float
    rss_with_children_mb: float


LABELS: Final = {
    "gap_p50_ms": "pod end → next pod, p50, ms",
    "gap_p99_ms": "pod end → next pod, p99, ms",
    "first_pod_ms": "submitted → first pod, ms",
    "pods_per_second": "Pods/s",
    "jobs_per_second": "jobs/s",
    "calls_per_pod": "API calls per Pod",
    "writes_per_pod": "  of them writes",
    "cpu_ms_per_pod": "CPU per Pod, ms",
    "rss_mb": "RSS after, MB",
    "rss_with_children_mb": "  with children, MB",
}


def gaps(pods: Iterable[Mapping[str, Any]]) -> list[float]:
    """Seconds from each Pod's last status to the next Pod of its chain; `pods` are lines of the kubelet's log."""
    chains: dict[str, list[Mapping[str, Any]]] = {}
    for pod in sorted(pods, key=lambda each: each["seen"]):
        chains.setdefault(pod["chain"], []).append(pod)
    return [
        following["seen"] - pod["done"] for chain in chains.values() for pod, following in itertools.pairwise(chain)
    ]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed; NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def calls(audit: Iterable[str], user: str) -> Counter[str]:
    """Completed calls of this user, by `verb resource/subresource`; without watches, listings and Leases."""
    counted: Counter[str] = Counter()
    for line in audit:
        entry = json.loads(line)
        about = entry.get("objectRef") or {}
        if entry["user"]["username"] != user or entry["verb"] in NOT_COUNTED or about.get("resource") == "leases":
            continue
        if entry["stage"] == "ResponseComplete":
            counted["/".join(filter(None, (f"{entry['verb']} {about.get('resource')}", about.get("subresource"))))] += 1
    return counted


def writes(counted: Mapping[str, int]) -> int:
    """Those that are no reads."""
    return sum(count for what, count in counted.items() if not what.startswith(READS))


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time, with that of children that have ended."""
    ticks = 0
    for pid in pids:
        ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mb(pids: Iterable[int]) -> float:
    """Resident memory, pages that are shared between processes counted in each."""
    found = (re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in pids)
    return sum(int(each[1]) for each in found if each) / 1024


def table(case: str, floor: Figures, operator: Figures) -> str:
    """Both side by side, and what of the floor the operator takes."""
    lines = [f"{case:<30} {'floor':>10} {'operator':>10} {'ratio':>8}"]
    ours, theirs = asdict(operator), asdict(floor)
    for key, label in LABELS.items():
        if not math.isnan(theirs[key]):
            ratio = ours[key] / theirs[key] if theirs[key] else math.nan
            lines.append(f"{label:<30} {theirs[key]:>10.1f} {ours[key]:>10.1f} {ratio:>8.2f}")
    return "\n".join(lines)
