"""The Pod of one sheet attempt (design §6) or errand, built from an allow-list and always "restricted".

What a user may add comes first and what the operator sets comes last, so nothing merged can weaken it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from marianne_operator.model.confinement import CLAIM_LABEL, CONTAINER_SECURITY, POD_SECURITY
from marianne_operator.model.instrument import InstrumentSpec
from marianne_operator.model.job import JobView
from marianne_operator.model.pod import MAIN_CONTAINER
from marianne_operator.plan import injection
from marianne_operator.plan.observation import ClaimView, Settings
from marianne_operator.plan.volumes import mounts, volumes
from marianne_runner.contract import (
    ATTEMPT_LABEL,
    BRIEF_ANNOTATION,
    JOB_LABEL,
    JOB_UID_LABEL,
    KEY_VARIABLE,
    SHEET_LABEL,
    Brief,
)

RUNNER: Final = "/opt/marianne/bin/marianne-runner"
REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
RESERVED: Final = (
    "marianne.dev/",
    "container.apparmor.security.beta.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
    "seccomp.security.alpha.kubernetes.io/",
)
"""Keys that a template may not set: ours, and the annotations that would undo the container's confinement."""
ENVIRONMENT: Final = (
    {"name": "HOME", "value": "/tmp"},  # noqa: S108  (a path in the Pod)
    {"name": "GIT_CONFIG_COUNT", "value": "1"},
    {"name": "GIT_CONFIG_KEY_0", "value": "safe.directory"},
    {"name": "GIT_CONFIG_VALUE_0", "value": "*"},
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What differs from one attempt to the next."""

    name: str
    brief: Brief
    instrument: InstrumentSpec
    image: str
    deadline_seconds: int
    score_config_map: str
    key: str | None = None
    """The job's, for its runner alone."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What differs from one kind of Pod to the other; all else is the tenant's template and the confinement."""

    name: str
    labels: Mapping[str, str]
    brief: Mapping[str, Any]
    image: str
    command: list[str]
    env: list[Mapping[str, Any]]
    """Beside the template's."""
    mounts: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    deadline_seconds: int
    claim: ClaimView | None
    """The one that it works on."""
    key: str | None = None
    """The job's, where the Pod signs with it."""
    resources: Mapping[str, Any] | None = None
    """In place of the template's."""
    account: str | None = None
    """The service account whose token it mounts: then nothing of the template's environment may steer its program."""


def pod_manifest(job: JobView, attempt: Attempt, claim: ClaimView, settings: Settings) -> Mapping[str, Any]:
    """The whole Pod."""
    parts = Parts(
        name=attempt.name,
        labels={SHEET_LABEL: str(attempt.brief["sheet"]), ATTEMPT_LABEL: str(attempt.brief["attempt"])},
        brief=attempt.brief,
        image=attempt.image,
        command=[RUNNER],
        env=[
            {"name": each.name, "valueFrom": {"secretKeyRef": each.secret_key_ref.model_dump(include={"name", "key"})}}
            for each in attempt.instrument.credentials
        ],
        mounts=mounts(job.spec),
        volumes=volumes(job.name, job.spec, attempt.score_config_map),
        deadline_seconds=attempt.deadline_seconds,
        claim=claim,
        key=attempt.key,
    )
    return confined(job, parts, settings)


def confined(job: JobView, parts: Parts, settings: Settings) -> Mapping[str, Any]:
    """A Pod of the tenant, with all that a user may add to it, and "restricted"."""
    template = job.spec.sheet_template
    container, mounted, brought = _container(job, parts, settings), list(parts.volumes), None
    if injection.applies(parts.image, settings):
        brought = [injection.init_container(settings, CONTAINER_SECURITY, container["resources"])]
        container["volumeMounts"].append(injection.mount())
        mounted.append(injection.volume())
    spec: dict[str, Any] = {
        "nodeSelector": template.node_selector or None,
        "tolerations": template.tolerations or None,
        "affinity": _affinity(template.affinity, parts.claim),
        "priorityClassName": template.priority_class_name,
        "serviceAccountName": parts.account or template.service_account_name,
        "imagePullSecrets": template.image_pull_secrets or None,
        "runtimeClassName": template.runtime_class_name,
        "initContainers": brought,
        "containers": [container],
        "volumes": mounted,
        "restartPolicy": "Never",
        "activeDeadlineSeconds": parts.deadline_seconds,
        "terminationGracePeriodSeconds": settings.termination_grace_seconds,
        "automountServiceAccountToken": parts.account is not None,
        "enableServiceLinks": False,
        "securityContext": POD_SECURITY,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(job, parts),
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def owner_reference(job: JobView) -> dict[str, Any]:
    """Deleting the job deletes what it owns; nothing blocks on it."""
    return {
        "apiVersion": "marianne.dev/v1alpha1",
        "kind": "MarianneJob",
        "name": job.name,
        "uid": job.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def _metadata(job: JobView, parts: Parts) -> dict[str, Any]:
    template = job.spec.sheet_template
    labels = {JOB_LABEL: job.name, JOB_UID_LABEL: job.uid, **parts.labels}
    if parts.claim is not None:
        labels[CLAIM_LABEL] = parts.claim.uid
    return {
        "name": parts.name,
        "namespace": job.namespace,
        "labels": _foreign(template.labels) | labels,
        "annotations": _foreign(template.annotations)
        | {BRIEF_ANNOTATION: json.dumps(parts.brief, ensure_ascii=False, separators=(",", ":"))},
        "ownerReferences": [owner_reference(job)],
    }


def _container(job: JobView, parts: Parts, settings: Settings) -> dict[str, Any]:
    template = job.spec.sheet_template
    given = [] if parts.account is not None else template.env
    container: dict[str, Any] = {
        "name": MAIN_CONTAINER,
        "image": parts.image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": parts.command,
        "env": [*given, *parts.env, *ENVIRONMENT, *_key(parts)],
        "volumeMounts": list(parts.mounts),
        "resources": _resources(template.resources, parts, settings),
        "terminationMessagePolicy": "File",
        "securityContext": CONTAINER_SECURITY,
    }
    if template.env_from and parts.account is None:
        container["envFrom"] = template.env_from
    return container


def _key(parts: Parts) -> list[dict[str, str]]:
    """Last: `$(...)` in a variable's value sees only those before it, so none of the user's can repeat it."""
    return [] if parts.key is None else [{"name": KEY_VARIABLE, "value": parts.key}]


def _resources(given: Mapping[str, Any] | None, parts: Parts, settings: Settings) -> Mapping[str, Any]:
    if parts.resources is not None:
        return parts.resources
    return given if given is not None else dict(settings.resources)


def _affinity(given: Mapping[str, Any] | None, claim: ClaimView | None) -> dict[str, Any] | None:
    """A ReadWriteOnce volume lives on one node, so its Pods do; the first one may go anywhere.

    What has no shape to be added to goes as it is to the API server, which names the field.
    """
    affinity = dict(given or {})
    theirs = affinity.get("podAffinity") or {}
    terms = (theirs.get(REQUIRED) or []) if isinstance(theirs, Mapping) else None
    if claim is not None and "ReadWriteOnce" in claim.access_modes and isinstance(terms, list):
        together = {
            "labelSelector": {"matchLabels": {CLAIM_LABEL: claim.uid}},
            "topologyKey": "kubernetes.io/hostname",
        }
        affinity["podAffinity"] = {**theirs, REQUIRED: [*terms, together]}
    return affinity or None


def _foreign(entries: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in entries.items() if not key.startswith(RESERVED)}
