"""What the demo types and suggests are commands of the tool, and the file it shows is one that the score checks."""

import shlex
from pathlib import Path

import pytest
import yaml

from dev.demo.access import Access
from dev.demo.jobs import JOBS, TREE
from dev.demo.tool import what_next
from kubectl_marianne.application import VERBS

ACCESS = Access(Path("/bin/kubectl"), Path("/bin/helm"), Path("/tmp/kubeconfig"))


@pytest.mark.parametrize("plugin", [True, False])
def test_every_suggestion_is_a_command_of_the_tool(plugin: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: "/bin/kubectl" if plugin else None)
    program = "kubectl marianne " if plugin else "kubectl-marianne "
    lines = [line.strip() for line in what_next(ACCESS) if program in line]
    verbs = [shlex.split(line.removeprefix(program), comments=True)[0] for line in lines]
    assert set(verbs) <= set(VERBS)
    assert {"status", "logs", "pause", "resume", "cancel"} <= set(verbs)
    assert all("-n marianne-demo" in line for line in lines)


def test_the_cluster_is_named_where_it_is_not_the_users_own() -> None:
    assert "  export KUBECONFIG=/tmp/kubeconfig" in what_next(ACCESS)
    own = Access(ACCESS.kubectl_binary, ACCESS.helm_binary, None)
    assert not any("KUBECONFIG" in line for line in what_next(own))


def test_the_file_to_be_shown_is_one_that_the_score_checks() -> None:
    for job in JOBS:
        body = yaml.safe_load((TREE / job.file).read_text())
        assert body["metadata"]["name"] == job.name
        rules = yaml.safe_load(body["spec"]["scoreText"])["validations"]
        assert any(job.result in str(rule) for rule in rules)
