"""Where the results are, what they look like, and what to try next."""

from collections.abc import Sequence
from typing import Any, Final

import yaml

from dev.cluster.image_order import full_name
from dev.cluster.progress import say
from dev.demo.access import Access
from dev.demo.jobs import HERE, NAMESPACE, Job
from marianne_operator.plan.pod_manifest import CONTAINER_SECURITY, POD_SECURITY

READER: Final = "reader"
SHOWN_LINES: Final = 30


def show_results(access: Access, jobs: Sequence[Job]) -> None:
    """The files of each claim and the head of its result, read by a restricted Pod that mounts the claims."""
    access.kubectl("delete", "pod", READER, "--ignore-not-found", "--wait", HERE)
    access.kubectl("apply", HERE, "-f", "-", text=yaml.safe_dump(reader(jobs)))
    try:
        access.kubectl("wait", f"pod/{READER}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s", HERE)
        say(access.kubectl("logs", READER, HERE).rstrip())
    finally:
        access.kubectl("delete", "pod", READER, "--ignore-not-found", "--wait=false", HERE)


def reader(jobs: Sequence[Job]) -> dict[str, Any]:
    """A Pod that prints them and ends, as restricted as a sheet's."""
    container = {
        "name": "reader",
        "image": full_name("runner"),
        "command": ["bash", "-c", "; ".join(_script(job) for job in jobs)],
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": job.name, "mountPath": f"/{job.name}", "subPath": "workspace", "readOnly": True} for job in jobs
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": READER},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": POD_SECURITY,
            "containers": [container],
            "volumes": [{"name": job.name, "persistentVolumeClaim": {"claimName": job.claim}} for job in jobs],
        },
    }


def _script(job: Job) -> str:
    files = r"find . -type f ! -path './.*' -printf '%P ' | sed 's/ $//'"
    told = f"Results of {job.name}: claim {job.claim} in namespace {NAMESPACE}, folder workspace"
    return (
        f"cd /{job.name}; echo; echo '{told}'; echo \"  $({files})\"; echo '  {job.result}:';"
        f" head -n {SHOWN_LINES} {job.result} | sed 's/^/    /'"
    )


def what_next(access: Access, jobs: Sequence[Job]) -> list[str]:
    """Commands to be pasted, in an order that makes sense."""
    last = jobs[-1]
    patch = f"patch mariannejob {last.name} --type=merge -p"
    commands = [
        ("every sheet, and why", ["describe", "mariannejob", last.name]),
        ("a sheet's log", ["logs", f"--selector=marianne.dev/job={last.name},marianne.dev/sheet=1"]),
        ("play it again", ["replace", "--force", "-f", f"examples/{last.file.name}"]),
        ("pause it", [patch, '\'{"spec":{"paused":true}}\'']),
        ("go on", [patch, '\'{"spec":{"paused":false}}\'']),
        ("cancel it", [patch, '\'{"spec":{"cancel":true}}\'']),
        (
            "do again what was cancelled",
            [patch, '\'{"spec":{"cancel":false,"restart":{"token":"again"}}}\''],
        ),
    ]
    lines = [f"  {access.shown(HERE, *words)}   # {what}" for what, words in commands]
    where = [f"  export KUBECONFIG={access.kubeconfig}"] if access.kubeconfig else []
    return ["", "What to try next:", *where, *lines, "  make cluster-down   # remove the local cluster"]
