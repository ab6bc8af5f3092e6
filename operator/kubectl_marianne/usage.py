"""What jobs use: their Pods' CPU and memory as metrics.k8s.io tells them, tokens and cost as the status does. Pure."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubectl_marianne.reading import RUNNING, Body, phase, sheets, status
from marianne_operator.model.money import MICRO
from marianne_operator.model.pod import PodView

QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)([a-zA-Z]*)")
SCALE: Final = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12} | {
    f"{letter}i": 1024.0**power for power, letter in enumerate("KMGT", 1)
}


@dataclass(frozen=True, slots=True)
class Used:
    """Cores and bytes; None where nobody measures, or has not yet."""

    cpu: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A job, or one sheet of it. `of`: `3/12`, or the sheet's state. Cost in dollars; `sure`: nothing was estimated."""

    namespace: str
    name: str
    of: str
    pods: int
    used: Used
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    sure: bool
    pod: str | None = None
    started: str | None = None

    @property
    def told(self) -> dict[str, Any]:
        """For programs."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "state": self.of,
            "pods": self.pods,
            "pod_name": self.pod,
            "started_at": self.started,
            "cpu_cores": self.used.cpu,
            "memory_bytes": self.used.memory,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": self.cost,
            "cost_is_exact": self.sure,
        }


def quantity(text: object) -> float | None:
    """Kubernetes' way to write a number; None for what is none."""
    found = QUANTITY.fullmatch(str(text))
    if found is None or found[2] not in SCALE:
        return None
    value = float(found[1]) * SCALE[found[2]]
    return value if math.isfinite(value) else None


def measured(items: Iterable[Body]) -> dict[tuple[str, str], Used]:
    """By namespace and name of the Pod, all its containers together."""
    found = {}
    for item in items:
        meta, usages = item.get("metadata") or {}, [each.get("usage") or {} for each in item.get("containers") or ()]
        cpu = [quantity(each.get("cpu")) for each in usages]
        memory = [quantity(each.get("memory")) for each in usages]
        found[meta.get("namespace", ""), meta.get("name", "")] = Used(_sum(cpu), _sum(memory))
    return found


def rows_of_jobs(jobs: Sequence[Body], pods: Sequence[Body], metrics: Mapping[tuple[str, str], Used]) -> list[Row]:
    """Those that have Pods at work, or are not over; the busiest first."""
    live: dict[str, list[PodView]] = {}
    for pod in map(PodView.of, pods):
        if not pod.terminal:
            live.setdefault(pod.job_uid, []).append(pod)
    rows = []
    for job in jobs:
        own = live.get(job["metadata"]["uid"], [])
        if own or phase(job) in ("Running", "Waiting", "Pending"):
            rows.append(_of_job(job, own, metrics))
    return sorted(rows, key=lambda row: (-row.pods, row.namespace, row.name))


def rows_of_sheets(job: Body, pods: Sequence[Body], metrics: Mapping[tuple[str, str], Used]) -> list[Row]:
    """The job itself, then its sheets that work, or have used something."""
    uid, meta = job["metadata"]["uid"], job["metadata"]
    live = [pod for pod in map(PodView.of, pods) if pod.job_uid == uid and not pod.terminal]
    by_name = {pod.name: pod for pod in live}
    rows = [_of_job(job, live, metrics)]
    for sheet in sheets(job):
        pod = by_name.get(sheet.get("podName") or "") if sheet["state"] in RUNNING else None
        used = metrics.get((meta["namespace"], pod.name), Used()) if pod is not None else Used()
        cost = sheet.get("estimatedCostMicroUsd") or None  # a shell has used nothing
        row = Row(
            namespace=meta["namespace"],
            name=f"sheet {sheet['num']}",
            of=sheet["state"],
            pods=int(pod is not None),
            used=used,
            input_tokens=sheet.get("inputTokens"),
            output_tokens=sheet.get("outputTokens"),
            cost=None if cost is None else cost / MICRO,
            sure=_sure(sheet),
            pod=pod.name if pod is not None else None,
            started=sheet.get("startedAt") if pod is not None else None,
        )
        if pod is not None or (row.input_tokens, row.output_tokens, row.cost) != (None, None, None):
            rows.append(row)
    return rows


def _of_job(job: Body, live: Sequence[PodView], metrics: Mapping[tuple[str, str], Used]) -> Row:
    found, meta = status(job), job["metadata"]
    used = [metrics.get((pod.namespace, pod.name), Used()) for pod in live]
    cost = found.get("totalCostMicroUsd")
    return Row(
        namespace=meta["namespace"],
        name=meta["name"],
        of=f"{phase(job)} {found.get('progress', '')}".rstrip(),
        pods=len(live),
        used=Used(_sum([each.cpu for each in used]), _sum([each.memory for each in used])),
        input_tokens=found.get("totalInputTokens"),
        output_tokens=found.get("totalOutputTokens"),
        cost=None if cost is None else cost / MICRO,
        sure=all(map(_sure, sheets(job))),
    )


def _sure(sheet: Body) -> bool:
    """Over all its attempts; its confidence is of the latest alone."""
    return sheet.get("costSource") not in ("estimated", "unknown")


def _sum(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return sum(known) if known else None
