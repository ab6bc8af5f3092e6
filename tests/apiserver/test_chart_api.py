"""What the chart makes of `api.*`, rendered by helm and judged by the API server."""

import json
import time
from typing import Any

import pytest

from dev.cluster.control_plane import ControlPlane
from marianne_api.settings import ApiSettings, Limits, ServerSettings, read_settings
from tests.apiserver.conftest import Kubectl
from tests.apiserver.install import SYSTEM_NAMESPACE, Installation, render_chart
from tests.apiserver.test_chart import RESTRICTED, Objects, of_kind

NAME = "marianne-marianne-operator-api"
SECURE = ("--set=api.enabled=true,api.tls.secretName=certificate",)
PLAIN = ("--set=api.enabled=true,api.insecure=true",)
EVERYTHING = (
    *SECURE,
    "--set=api.replicas=2,api.networkPolicy.enabled=true,api.service.type=LoadBalancer,api.service.annotations.a=b",
    "--set=api.networkPolicy.from[0].namespaceSelector.matchLabels.a=b",
    "--set=api.allowedHosts={[2001:db8::1],marianne.example.com},api.corsOrigins={https://a.example,https://b.example:8443}",
    "--set=api.namespaces={default,music},api.nodeSelector.a=b,api.tolerations[0].key=c",
    "--set=api.podLabels.team=x,api.podAnnotations.note=y",
)
PULLED = "--set=imagePullSecrets[0].name=pull"


def objects_of_the_api(*options: str) -> Objects:
    """What the chart has more with these options; the conductor itself is the same with and without it."""
    without = render_chart(*options, "--set=api.enabled=false")
    every = render_chart(*options)
    assert [each for each in every if each["metadata"]["name"] != NAME] == without
    return [each for each in every if each["metadata"]["name"] == NAME]


def pod_of_the_api(*options: str) -> dict[str, Any]:
    (deployment,) = of_kind(objects_of_the_api(*options), "Deployment")
    template: dict[str, Any] = deployment["spec"]["template"]
    return template


def container_of_the_api(*options: str) -> dict[str, Any]:
    container: dict[str, Any]
    (container,) = pod_of_the_api(*options)["spec"]["containers"]
    return container


def environment(*options: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container_of_the_api(*options)["env"]}


def test_it_is_off_unless_asked_for() -> None:
    assert objects_of_the_api("--set=api.replicas=2,api.networkPolicy.enabled=true") == []


@pytest.mark.parametrize("options", [SECURE, PLAIN, (*EVERYTHING, PULLED)], ids=["secure", "plain", "everything"])
def test_every_object_is_accepted(control_plane: ControlPlane, options: tuple[str, ...]) -> None:
    objects = [each for each in render_chart(*options, "--set=crds.enabled=false") if each["metadata"]["name"] == NAME]
    for each in objects:
        each["metadata"]["namespace"] = "default"
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    done = control_plane.kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", text=text
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("options", [SECURE, PLAIN], ids=["secure", "plain"])
def test_its_pod_is_restricted(
    control_plane: ControlPlane, namespace: str, kubectl: Kubectl, options: tuple[str, ...]
) -> None:
    assert control_plane.kubectl("label", "namespace", namespace, RESTRICTED).returncode == 0
    template = pod_of_the_api(*options)
    template["spec"]["serviceAccountName"] = "default"
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"]["name"] = "api"
    done = kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", text=json.dumps(pod))
    assert (done.returncode, done.stderr) == (0, "")


def test_it_has_no_credential_and_no_rule() -> None:
    objects = objects_of_the_api(*EVERYTHING)
    assert sorted(each["kind"] for each in objects) == [
        *("Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"),
    ]
    (account,) = of_kind(objects, "ServiceAccount")
    spec = pod_of_the_api(*EVERYTHING)["spec"]
    assert (account["automountServiceAccountToken"], spec["automountServiceAccountToken"]) == (False, False)
    assert spec["serviceAccountName"] == NAME
    bound = [
        subject["name"]
        for each in render_chart(*EVERYTHING)
        if each["kind"] in ("RoleBinding", "ClusterRoleBinding")
        for subject in each["subjects"]
    ]
    assert NAME not in bound and bound
    container = container_of_the_api(*EVERYTHING)
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert set(container["resources"]["limits"]) == {"memory", "ephemeral-storage"}
    sources = [source for each in spec["volumes"] for source in each.get("projected", {}).get("sources", ())]
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    assert sources == [{"configMap": authority}], "a token would be projected"


def test_the_api_reads_its_settings() -> None:
    server = ServerSettings.of(environment(*SECURE))
    assert (server.port, server.log_level, server.log_style) == (8443, "info", "json")
    mounts = {each["name"]: each["mountPath"] for each in container_of_the_api(*SECURE)["volumeMounts"]}
    assert (str(server.certificate), str(server.key)) == (f"{mounts['tls']}/tls.crt", f"{mounts['tls']}/tls.key")
    assert environment(*SECURE)["MARIANNE_API_KUBERNETES_CA"] == f"{mounts['kubernetes']}/ca.crt"
    service = (NAME, f"{NAME}.{SYSTEM_NAMESPACE}", f"{NAME}.{SYSTEM_NAMESPACE}.svc")
    assert read_settings(environment(*SECURE)) == ApiSettings(
        allowed_hosts=(*service, "localhost", "127.0.0.1"), lease_namespace=SYSTEM_NAMESPACE
    )


def test_the_api_reads_other_settings() -> None:
    other = "--set=api.limits.readsPerSecond=2,api.limits.writesPerSecond=1,log.level=debug,log.format=console"
    read = read_settings(environment(*EVERYTHING, other))
    assert read.allowed_hosts[-1] == "marianne.example.com"
    assert read.cors_origins == ("https://a.example", "https://b.example:8443")
    assert read.namespaces == ("default", "music")
    assert read.limits == Limits(reads_per_second=2, reads_at_once=6, writes_per_second=1, writes_at_once=2)
    server = ServerSettings.of(environment(*PLAIN, other))
    assert (server.certificate, server.log_level, server.log_style) == (None, "debug", "console")


def test_tokens_need_tls() -> None:
    for options, said in (
        (("--set=api.enabled=true",), "tokens need TLS"),
        ((*SECURE, "--set=api.insecure=true"), "exclude each other"),
    ):
        with pytest.raises(RuntimeError, match=said):
            render_chart(*options)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("api.corsOrigins={*}", "corsOrigins"),
        ("api.allowedHosts={*}", "allowedHosts"),
        ("api.namespaces={a.b}", "namespaces"),
        ("api.replicas=0", "replicas"),
        ("api.tls.secret=x", "additional properties 'secret' not allowed"),
    ],
)
def test_wrong_values_are_refused(option: str, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        render_chart(f"--set={option}")


def test_selectors_find_the_api_and_not_the_conductor() -> None:
    objects = objects_of_the_api(*EVERYTHING)
    labels = pod_of_the_api(*EVERYTHING)["metadata"]["labels"]
    conductor = next(each for each in render_chart() if each["kind"] == "Deployment")["spec"]["template"]["metadata"]
    for kind in ("Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget"):
        (found,) = of_kind(objects, kind)
        selector = found["spec"].get("selector") or found["spec"]["podSelector"]
        wanted = selector.get("matchLabels", selector)
        assert wanted.items() <= labels.items() and not wanted.items() <= conductor["labels"].items(), kind


def test_a_disruption_budget_only_for_several() -> None:
    assert of_kind(objects_of_the_api(*SECURE), "PodDisruptionBudget") == []


@pytest.mark.parametrize(("options", "scheme", "port"), [(SECURE, "HTTPS", 443), (PLAIN, "HTTP", 80)])
def test_probes_and_service_speak_as_it_does(options: tuple[str, ...], scheme: str, port: int) -> None:
    container = container_of_the_api(*options)
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert [each["path"] for each in probes] == ["/health", "/health", "/readyz"]
    assert {each["scheme"] for each in probes} == {scheme}
    allowed = environment(*options)["MARIANNE_API_ALLOWED_HOSTS"].split(",")
    assert {header["value"] for each in probes for header in each["httpHeaders"]} <= set(allowed)
    (service,) = of_kind(objects_of_the_api(*options), "Service")
    assert [(each["port"], each["appProtocol"]) for each in service["spec"]["ports"]] == [(port, scheme.lower())]


def test_everybody_known_reads_that_lease_and_no_other(
    control_plane: ControlPlane, installation: Installation, namespace: str
) -> None:
    where = f"--namespace={installation.user.split(':')[2]}"
    allowed = ("auth", "can-i", "--as=somebody", "--as-group=system:authenticated")

    def can(verb: str, name: str, where: str = where) -> str:
        return control_plane.kubectl(*allowed, verb, f"leases.coordination.k8s.io/{name}", where).stdout.strip()

    until = time.monotonic() + 10
    while can("get", "marianne-operator") != "yes":
        assert time.monotonic() < until, "the role does not hold"
    assert [can("get", "other"), can("update", "marianne-operator"), can("watch", "marianne-operator")] == ["no"] * 3
    assert can("get", "marianne-operator", f"--namespace={namespace}") == "no"


def test_the_lease_can_be_closed() -> None:
    named = "marianne-marianne-operator-conductor-status"
    assert [each["kind"] for each in render_chart() if each["metadata"]["name"] == named] == ["Role", "RoleBinding"]
    closed = render_chart("--set=rbac.conductorStatus=false")
    assert [each for each in closed if each["metadata"]["name"] == named] == []
