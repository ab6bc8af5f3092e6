"""The chart, rendered by helm and judged by the API server."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster import binaries
from dev.cluster.control_plane import ControlPlane
from marianne_operator.crd.definitions import definitions
from marianne_operator.plan.observation import Settings
from marianne_operator.settings import SettingsFile
from tests.apiserver.conftest import Kubectl
from tests.apiserver.install import CHART, SYSTEM_NAMESPACE, render_chart

Objects = list[dict[str, Any]]
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
EVERYTHING = (
    "--set=watchNamespaces={default},metrics.service.enabled=true,networkPolicy.enabled=true",
    "--set=networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.a=b",
    "--set=instruments.scripted-agent.image=localhost/agent:1,imagePullSecrets[0].name=pull",
    "--set=nodeSelector.a=b,tolerations[0].key=c,priorityClassName=system-cluster-critical",
    "--set=podLabels.team=x,podAnnotations.note=y,serviceAccount.annotations.role=z",
)


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(binaries.binary("helm")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def of_kind(objects: Objects, kind: str) -> Objects:
    return [each for each in objects if each["kind"] == kind]


def settings_of(*options: str) -> SettingsFile:
    (found,) = of_kind(render_chart(*options), "ConfigMap")
    return SettingsFile.model_validate(yaml.safe_load(found["data"]["settings.yaml"]))


def pod_of(*options: str) -> dict[str, Any]:
    (deployment,) = of_kind(render_chart(*options), "Deployment")
    template: dict[str, Any] = deployment["spec"]["template"]
    return template


def test_lint() -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), EVERYTHING], ids=["defaults", "everything"])
def test_every_object_is_accepted(control_plane: ControlPlane, options: tuple[str, ...]) -> None:
    objects = render_chart(*options, "--set=crds.enabled=false")
    for each in objects:
        if "namespace" in each["metadata"]:
            each["metadata"]["namespace"] = "default"
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    done = control_plane.kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", text=text
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a warning"


@pytest.mark.parametrize("options", [(), EVERYTHING[:2]], ids=["defaults", "everything"])
def test_its_pod_is_restricted(
    control_plane: ControlPlane, namespace: str, kubectl: Kubectl, options: tuple[str, ...]
) -> None:
    assert control_plane.kubectl("label", "namespace", namespace, RESTRICTED).returncode == 0
    template = pod_of(*options)
    template["spec"]["serviceAccountName"] = "default"
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"]["name"] = "conductor"
    done = kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", text=json.dumps(pod))
    assert (done.returncode, done.stderr) == (0, "")
    del pod["spec"]["containers"][0]["securityContext"]["capabilities"]
    assert "violates PodSecurity" in kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(pod)).stderr


def test_its_pod_goes_beyond_restricted() -> None:
    spec = pod_of()["spec"]
    (container,) = spec["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert set(container["resources"]["limits"]) == {"memory", "ephemeral-storage"}
    assert {each["name"] for each in container["env"]} == {
        *("MARIANNE_SETTINGS", "MARIANNE_PORT", "MARIANNE_NAMESPACE", "POD_UID"),
    }
    probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
    assert probes == ["/healthz", "/healthz", "/readyz"]


def test_one_conductor_at_a_time() -> None:
    (deployment,) = of_kind(render_chart(), "Deployment")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize("kind", ["Deployment", "Service", "NetworkPolicy"])
def test_selectors_find_the_pod(kind: str) -> None:
    labels = pod_of(*EVERYTHING)["metadata"]["labels"]
    (found,) = of_kind(render_chart(*EVERYTHING), kind)
    selector = found["spec"].get("selector") or found["spec"]["podSelector"]
    wanted = selector.get("matchLabels", selector)
    assert wanted and wanted.items() <= labels.items()


def test_the_operator_reads_its_settings() -> None:
    settings = settings_of().for_plan()
    assert settings.runner_image == "localhost/marianne/runner:dev"
    assert settings.workspace.storage == "1Gi" and settings.workspace.storage_class_name is None
    assert set(settings.resources) == {"requests", "limits"}
    assert settings.allowed_service_accounts is None
    unset = Settings(runner_image="x")
    assert settings.start_deadline_seconds == unset.start_deadline_seconds
    assert settings.termination_grace_seconds == unset.termination_grace_seconds


def test_the_operator_reads_other_settings(tmp_path: Path) -> None:
    values = {
        "runner": {"image": "registry/runner:1", "pullPolicy": "Always", "inject": True},
        "workspace": {"storage": "20Gi", "storageClassName": "fast", "accessModes": ["ReadWriteMany"]},
        "sheets": {"startDeadlineSeconds": 1200000, "resources": {"requests": {"cpu": "1"}, "limits": None}},
        "ceilings": {"serviceAccountNames": ["builder"], "priorityClassNames": []},
        "log": {"level": "debug", "format": "console"},
        "watchNamespaces": ["a", "b"],
    }
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    read = settings_of(f"--values={tmp_path / 'values.yaml'}")
    settings = read.for_plan()
    assert (settings.runner_image, settings.image_pull_policy) == ("registry/runner:1", "Always")
    assert settings.inject_runner
    assert (settings.workspace.storage_class_name, settings.workspace.access_modes) == ("fast", ["ReadWriteMany"])
    assert settings.start_deadline_seconds == 1200000
    assert settings.resources["requests"]["cpu"] == "1" and "limits" not in settings.resources
    assert settings.allowed_service_accounts == ("builder",) and settings.allowed_priority_classes == ()
    assert (read.watch_namespaces, read.log.level, read.log.format) == (["a", "b"], "debug", "console")


def test_new_settings_make_a_new_pod() -> None:
    before, after = pod_of(), pod_of("--set=log.level=debug")
    assert before["metadata"]["annotations"] != after["metadata"]["annotations"]
    assert before == pod_of()


def test_a_digest_wins_over_the_tag() -> None:
    image = f"--set=image.repository=a/b,image.tag=v1,image.digest=sha256:{'0' * 64}"
    assert pod_of(image)["spec"]["containers"][0]["image"] == f"a/b@sha256:{'0' * 64}"
    assert pod_of("--set=image.repository=a/b,image.tag=")["spec"]["containers"][0]["image"] == "a/b:0.1.0"


@pytest.mark.parametrize("keep", [True, False])
def test_the_crds_are_the_generated_ones(keep: bool) -> None:
    found = of_kind(render_chart(f"--set=crds.keep={str(keep).lower()}"), "CustomResourceDefinition")
    assert [each["spec"] for each in sorted(found, key=str)] == [
        each["spec"] for each in sorted(definitions(), key=str)
    ]
    policy = {"annotations": {"helm.sh/resource-policy": "keep"}} if keep else {}
    for each in found:
        assert {key: each["metadata"][key] for key in each["metadata"].keys() & {"annotations"}} == policy


def test_crds_by_other_means() -> None:
    assert of_kind(render_chart("--set=crds.enabled=false"), "CustomResourceDefinition") == []


def test_an_instrument_gets_its_image() -> None:
    found = of_kind(render_chart("--set=instruments.scripted-agent.image=a:b"), "ClusterInstrument")
    images = {each["metadata"]["name"]: each["spec"]["image"] for each in found if each["spec"].get("image")}
    assert images == {"scripted-agent": "a:b"}
    assert of_kind(render_chart("--set=catalogue.enabled=false"), "ClusterInstrument") == []


def test_an_instrument_gets_its_server_credentials_and_timeout() -> None:
    given: dict[str, Any] = {"baseUrl": "http://models:1", "timeoutSeconds": 7}
    given["credentials"] = [{"name": "KEY", "secretKeyRef": {"name": "s", "key": "k"}}]
    found = of_kind(render_chart(f"--set-json=instruments.ollama={json.dumps(given)}"), "ClusterInstrument")
    (spec,) = (each["spec"] for each in found if each["metadata"]["name"] == "ollama")
    assert spec["profile"]["http"]["base_url"] == "http://models:1" and "baseUrl" not in spec
    assert (spec["timeoutSeconds"], spec["credentials"]) == (7, given["credentials"])


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("instruments.scripted_agent.image=a:b", "the catalogue has aider, anthropic-api"),
        ("instruments.aider.baseUrl=http://a", "instruments.aider.baseUrl: it has no server"),
        ("instruments.ollama.baseUrl=file:///a", "baseUrl"),
        ("imagee.tag=1", "additional properties 'imagee' not allowed"),
        ("sheets.startDeadline=1", "additional properties 'startDeadline' not allowed"),
        ("runner.pullPolicy=Sometimes", "pullPolicy"),
        ("serviceAccount.create=false", "serviceAccount.name is needed"),
    ],
)
def test_wrong_values_are_refused(option: str, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        render_chart(f"--set={option}")


def test_a_pod_monitor_only_where_it_is_served() -> None:
    wanted = "--set=metrics.podMonitor.enabled=true"
    assert of_kind(render_chart(wanted), "PodMonitor") == []
    assert len(of_kind(render_chart(wanted, "--api-versions=monitoring.coreos.com/v1/PodMonitor"), "PodMonitor")) == 1


def test_no_wildcard_and_no_secret_in_any_role() -> None:
    roles = [each for each in render_chart(*EVERYTHING) if each["kind"] in ("Role", "ClusterRole")]
    assert len(roles) == 6
    for role in roles:
        for rule in role["rules"]:
            named = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
            assert not named & {"*", "secrets", "escalate", "bind", "impersonate", "mariannejobs/finalizers"}


class TestLife:
    """On an API server that has nothing of ours yet: what helm itself does with the chart."""

    @pytest.fixture(scope="class")
    def bare(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
        with ControlPlane(tmp_path_factory.mktemp("bare")) as plane:
            yield plane

    def run(self, plane: ControlPlane, verb: str, *arguments: str) -> str:
        where = (f"--kubeconfig={plane.kubeconfig}", f"--namespace={SYSTEM_NAMESPACE}")
        done = helm(verb, "marianne", *arguments, *where)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def images(self, plane: ControlPlane) -> dict[str, str]:
        found = json.loads(plane.kubectl("get", "clusterinstruments", "-o", "json").stdout)["items"]
        return {each["metadata"]["name"]: each["spec"]["image"] for each in found if each["spec"].get("image")}

    def test_install_upgrade_uninstall_and_again(self, bare: ControlPlane) -> None:
        told = self.run(bare, "install", str(CHART), "--create-namespace")
        assert "opencode, scripted-agent." in told and "ollama" not in told and "{{ sheet_num }}" in told
        assert self.images(bare) == {}

        self.run(bare, "upgrade", str(CHART), "--set=instruments.scripted-agent.image=a:b")
        assert self.images(bare) == {"scripted-agent": "a:b"}

        job = {"apiVersion": "marianne.dev/v1alpha1", "kind": "MarianneJob", "spec": {"scoreText": "name: kept"}}
        job["metadata"] = {"name": "kept", "namespace": "default"}
        assert bare.kubectl("create", "-f", "-", text=json.dumps(job)).returncode == 0
        self.run(bare, "uninstall")
        assert bare.kubectl("get", "mariannejob", "kept", "--namespace=default").returncode == 0
        left = bare.kubectl("get", "deploy,role,rolebinding,sa", f"--namespace={SYSTEM_NAMESPACE}", "-o", "name").stdout
        assert left.split() == ["serviceaccount/default"]

        self.run(bare, "install", str(CHART))
        assert self.images(bare) == {}
