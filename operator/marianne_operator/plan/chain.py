"""The next job of a chain: where its score is, where it works, and what it inherits (decision 026).

It is a job like any other, made with its parent's template, so the same ceilings hold for it; the parent is not its
owner. What it is called is known before it is made, so that it is made once.
"""

from collections.abc import Mapping
from typing import Any, Final

from marianne_operator.model.chain import Chain
from marianne_operator.model.job import JobView
from marianne_operator.model.spec import JobSpec, KeyRef
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.observation import ScoreRefusal
from marianne_operator.plan.volumes import claim_of
from marianne_runner.contract import ChainedJob, CompiledScore, Concert

WORKSPACE_OF_OURS: Final = "workspace"
"""The folder of a claim made from a template that its job works in."""
CHILD: Final = "job/"
"""Before the name under which the API server's refusal of a child is kept: apart from the Pods'."""
INHERITED: Final = frozenset(
    {"files", "sheet_template", "pod_retention", "ttl_seconds_after_finished", "node_lost_policy"}
)
NO_CONCERT: Final = Concert(max_chain_depth=0, cooldown_seconds=0.0, inherit_workspace=True)


def bounds(score: CompiledScore) -> Concert:
    """Of the chain that this score's hooks make."""
    return score.get("concert", NO_CONCERT)


def depth(job: JobView) -> int:
    """How many jobs of its chain came before it."""
    return job.chain.depth if job.chain is not None else 0


def nowhere(spec: JobSpec, score: CompiledScore) -> ScoreRefusal | None:
    """A hook names a score that this job has not; said before anything runs."""
    for index, hook in enumerate(score.get("hooks", ())):
        if "job" in hook and not _somewhere(spec, hook["job"]):
            path = hook["job"]["path"]
            fix = (
                f"list {path!r} in spec.files with a configMapKeyRef, write configmap/<name>/<key>, or set "
                "spec.hookServiceAccountName for a file of the workspace"
            )
            why = f"on_success.{index}.job_path: {path!r} is no file of this job that a ConfigMap holds"
            return ScoreRefusal("ScoreInvalid", f"{why}: {fix}", stalled=True)
    return None


def source_of(spec: JobSpec, chained: ChainedJob) -> KeyRef | None:
    """The ConfigMap's key that holds the score; None where it is in none."""
    if "file" in chained:
        return None
    if "config_map" in chained and "key" in chained:
        return KeyRef(name=chained["config_map"], key=chained["key"])
    return next((each.config_map_key_ref for each in spec.files if each.path == chained["path"]), None)


def file_of(spec: JobSpec, chained: ChainedJob) -> str | None:
    """The file of the workspace that is the score, where the job may start one."""
    listed = "config_map" in chained or any(each.path == chained["path"] for each in spec.files)
    if spec.hook_service_account_name is None or ("file" not in chained and listed):
        return None
    return chained.get("file", chained["path"])


def _somewhere(spec: JobSpec, chained: ChainedJob) -> bool:
    return source_of(spec, chained) is not None or file_of(spec, chained) is not None


def child(draft: Draft, chained: ChainedJob, name: str, source: KeyRef | None) -> dict[str, Any]:
    """The whole object; without a source all but the score, which an agent wrote: it may start none of that kind."""
    job = draft.seen.job
    root = job.chain.root if job.chain is not None else job.uid
    chain = Chain(root, job.name, job.uid, depth(job) + 1)
    include = set(INHERITED) if source is None else {*INHERITED, "hook_service_account_name"}
    inherited = job.spec.model_dump(by_alias=True, exclude_defaults=True, mode="json", include=include)
    if source is not None:
        inherited["scoreFrom"] = {"configMapKeyRef": {"name": source.name, "key": source.key}}
    return {
        "apiVersion": "marianne.dev/v1alpha1",
        "kind": "MarianneJob",
        "metadata": {
            "name": name,
            "namespace": job.namespace,
            "labels": chain.labels(),
            "annotations": chain.annotations(),
        },
        "spec": {**inherited, "workspace": _workspace(draft, chained)},
    }


def _workspace(draft: Draft, chained: ChainedJob) -> Mapping[str, Any]:
    """The parent's, or a folder of it; else one of the child's own, made as the parent's was."""
    spec, folder = draft.seen.job.spec, chained.get("workspace")
    given = spec.workspace.persistent_volume_claim
    if folder is None and not bounds(draft.score)["inherit_workspace"]:
        return spec.workspace.model_dump(
            by_alias=True, exclude_defaults=True, mode="json", exclude={"persistent_volume_claim"}
        )
    base = WORKSPACE_OF_OURS if given is None else given.sub_path
    path = "/".join(each for each in (base, folder) if each)
    claim = {"claimName": claim_of(draft.seen.job.name, spec)}
    return {"persistentVolumeClaim": claim | ({"subPath": path} if path else {})}
