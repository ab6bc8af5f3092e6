"""The Pod that shows the results is as restricted as a sheet's, and what is suggested can be pasted."""

import shlex
from pathlib import Path

from dev.demo.access import Access
from dev.demo.jobs import demo_jobs
from dev.demo.results import reader, what_next


def test_the_reader_is_restricted_and_cannot_write():
    spec = reader(demo_jobs())["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert all(mount["readOnly"] for mount in container["volumeMounts"])
    claims = [volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"]]
    assert claims == ["hello-workspace", "review-workspace"]


def test_the_file_to_be_shown_is_one_that_the_score_checks():
    for job in demo_jobs():
        assert any(job.result in str(rule) for rule in job.score["rules"])


def test_every_suggestion_is_a_command_of_a_shell():
    access = Access(Path("/bin/kubectl"), Path("/bin/helm"), Path("/tmp/kubeconfig"))
    lines = [line for line in what_next(access, demo_jobs()) if "kubectl" in line]
    verbs = {next(word for word in shlex.split(line, comments=True)[1:] if not word.startswith("-")) for line in lines}
    assert {"describe", "logs", "replace", "patch"} <= verbs
    assert all("--namespace=marianne-demo" in line for line in lines)
