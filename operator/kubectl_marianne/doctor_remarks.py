"""What doctor says of what it saw. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from kubectl_marianne.lines import Line, Span, grid
from kubectl_marianne.palette import Signs
from marianne_client.conductor import ConductorStatus
from marianne_operator.model.instrument import InstrumentSpec

Level = Literal["ok", "warning", "missing"]
STYLES: Final[dict[Level, str]] = {"ok": "green", "warning": "yellow", "missing": "red"}
MARKS: Final[dict[Level, str]] = {"ok": "✓ ", "warning": "⚠ ", "missing": "✗ "}
KINDS: Final = ("mariannejobs", "instruments", "clusterinstruments")
DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, slots=True)
class Remark:
    """One line: what was looked at, and what of it."""

    level: Level
    about: str
    told: str


@dataclass(frozen=True, slots=True)
class Right:
    """Something that a verb of this program does with the caller's rights. `namespace` None: of the cluster."""

    verb: str
    group: str
    resource: str
    needed_by: str
    namespace: str | None
    name: str | None = None
    vital: bool = True

    @property
    def attributes(self) -> dict[str, str]:
        """As a SelfSubjectAccessReview has them."""
        resource, _, part = self.resource.partition("/")
        told = {"verb": self.verb, "group": self.group, "resource": resource, "subresource": part}
        told |= {"namespace": self.namespace or "", "name": self.name or ""}
        return {key: value for key, value in told.items() if value}

    def __str__(self) -> str:
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        one = f" {self.name}" if self.name else ""
        return f"{self.verb} {full}{one}" + (f" in namespace {self.namespace}" if self.namespace else "")


def rights(namespace: str, operator_namespace: str, lease: str) -> list[Right]:
    """All that the verbs do, the most needed first."""
    jobs = [
        ("get", "status, wait"),
        ("list", "status"),
        ("watch", "status -w, wait, logs -f"),
        ("create", "run"),
        ("patch", "pause, resume, restart, cancel, approve"),
        ("delete", "kubectl delete, and the API"),
    ]
    core = [
        ("get", "pods/log", "logs", True),
        ("list", "pods", "tree, top, files, diagnose", True),
        ("get", "configmaps", "names of movements", False),
        ("list", "events", "diagnose", False),
        ("get", "persistentvolumeclaims", "files", False),
        ("create", "pods", "files", False),
        ("delete", "pods", "files", False),
        ("watch", "pods", "files", False),
    ]
    return [
        *(Right(each, "marianne.dev", "mariannejobs", by, namespace) for each, by in jobs),
        *(Right(each, "", resource, by, namespace, vital=vital) for each, resource, by, vital in core),
        Right("get", "coordination.k8s.io", "leases", "the conductor's status", operator_namespace, lease, vital=False),
    ]


def on_rights(answers: Sequence[tuple[Right, bool]]) -> list[Remark]:
    """Each missing one by its name; the others counted."""
    lacking: list[Remark] = [
        Remark("missing" if right.vital else "warning", "right", f"no right to {right}: {right.needed_by}")
        for right, allowed in answers
        if not allowed
    ]
    count = len(answers) - len(lacking)
    return [*([Remark("ok", "rights", f"{count} of {len(answers)}")] if count else []), *lacking]


def on_kinds(served: Sequence[str] | None) -> Remark:
    """None: the API group is unknown there."""
    absent = [kind for kind in KINDS if kind not in (served or ())]
    if not absent:
        return Remark("ok", "CRDs", ", ".join(KINDS))
    return Remark("missing", "CRDs", f"{', '.join(absent)}: install the chart, or apply crds/")


def on_conductor(found: ConductorStatus | str, own_version: str) -> Remark:
    """What its Lease tells; a string says why it tells nothing."""
    if isinstance(found, str):
        return Remark("warning" if found.startswith("unknown") else "missing", "operator", found)
    told = f"v{found.version or '?'}, {found.running_jobs} running, {found.total_jobs_active} active"
    if found.version is not None and found.version != own_version:
        return Remark("warning", "operator", f"{told}; this program is v{own_version}")
    return Remark("ok", "operator", told)


def on_storage(classes: Sequence[Mapping[str, Any]] | None) -> Remark:
    """None: they may not be listed."""
    if classes is None:
        return Remark("warning", "storage", "unknown: no right to list storageclasses")
    default = [
        each["metadata"]["name"]
        for each in classes
        if (each["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    ]
    if default:
        return Remark("ok", "storage", f"default StorageClass {', '.join(default)}")
    return Remark("warning", "storage", "no default StorageClass: name a claim with --workspace, or a class in the job")


def on_instruments(instruments: Sequence[Mapping[str, Any]] | None) -> list[Remark]:
    """Which can be played, and which lack their image."""
    if instruments is None:
        return [Remark("warning", "instruments", "unknown: no right to list them")]
    ready = sorted(each["metadata"]["name"] for each in instruments if _has_image(each["spec"]))
    bare = sorted(each["metadata"]["name"] for each in instruments if not _has_image(each["spec"]))
    told: list[Remark] = [
        Remark("ok", "instruments", ", ".join(ready))
        if ready
        else Remark("missing", "instruments", "none has an image: see docs/instruments.md")
    ]
    return told + ([Remark("warning", "instruments", f"without an image: {', '.join(bare)}")] if bare else [])


def _has_image(spec: Mapping[str, Any]) -> bool:
    """Its own, or the runner's, by the operator's own rule."""
    return bool(spec.get("image")) or InstrumentSpec.model_validate(spec).needs_no_image


def as_lines(remarks: Sequence[Remark], signs: Signs) -> list[Line]:
    """The level is always a word."""
    marks = MARKS if signs.states else dict.fromkeys(MARKS, "")
    rows = [(Span(marks[each.level] + each.level, STYLES[each.level]), each.about, each.told) for each in remarks]
    return grid(rows, None, signs.more, ())
