"""What the chart's roles allow: each call of the operator, and nothing beside; asked of the API server's authorizer."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.cluster.control_plane import ControlPlane
from marianne_operator.control.cluster import Cluster
from marianne_operator.crd.definitions import GROUP
from tests.apiserver.install import SYSTEM_NAMESPACE, Installation, must, render_chart
from tests.apiserver.jobs import DIAMOND, job, score, submit, until_phase
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, ApiError, Body, jobs_path, pods_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

ELSEWHERE = "default"
"""A namespace that is neither a job's nor the operator's."""
READ_ALL = {"get", "list", "watch"}
VERBS = {*READ_ALL, "create", "update", "patch", "delete", "deletecollection"}

ALLOWED: dict[tuple[str, str], set[str]] = {
    (GROUP, "mariannejobs"): {*READ_ALL, "create", "delete"},
    (GROUP, "mariannejobs/status"): {"update"},
    (GROUP, "mariannejobs/finalizers"): set(),
    (GROUP, "instruments"): {"list", "watch"},
    (GROUP, "instruments/status"): {"patch"},
    (GROUP, "clusterinstruments/status"): {"patch"},
    (GROUP, "clusterinstruments"): {"list", "watch"},
    ("", "pods"): {*READ_ALL, "create", "delete"},
    ("", "pods/status"): set(),
    ("", "pods/log"): set(),
    ("", "pods/exec"): set(),
    ("", "pods/ephemeralcontainers"): set(),
    ("", "pods/eviction"): set(),
    ("", "configmaps"): {"get", "create"},
    ("", "persistentvolumeclaims"): {"get", "create"},
    ("", "events"): {"list", "create"},
    ("events.k8s.io", "events"): set(),
    ("", "secrets"): set(),
    ("", "namespaces"): set(),
    ("", "nodes"): set(),
    ("", "serviceaccounts"): set(),
    ("", "serviceaccounts/token"): set(),
    ("apps", "deployments"): set(),
    ("batch", "jobs"): set(),
    ("coordination.k8s.io", "leases"): set(),
    ("apiextensions.k8s.io", "customresourcedefinitions"): set(),
    ("rbac.authorization.k8s.io", "clusterroles"): set(),
    ("rbac.authorization.k8s.io", "rolebindings"): set(),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): set(),
}


def attributes(group: str, resource: str, verb: str, namespace: str, name: str = "") -> Body:
    kind, _, sub = resource.partition("/")
    asked = {"group": group, "resource": kind, "subresource": sub, "verb": verb, "namespace": namespace, "name": name}
    return {key: value for key, value in asked.items() if value}


async def may(api: Api, user: str, groups: tuple[str, ...], **attributes: Any) -> bool:
    spec = {"user": user, "groups": list(groups), "resourceAttributes": attributes}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    answer = await api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return bool(answer["status"]["allowed"])


async def operator_may(api: Api, installation: Installation, *asked: str) -> bool:
    return await may(api, installation.user, ("system:authenticated",), **attributes(*asked))


@pytest.fixture
async def as_operator(installation: Installation) -> AsyncIterator[Api]:
    async with Api(installation.kubeconfig()) as opened:
        yield opened


@pytest.mark.parametrize(("group", "resource"), ALLOWED, ids=lambda part: part)
async def test_every_verb(api: Api, installation: Installation, group: str, resource: str) -> None:
    where = "" if resource in ("clusterinstruments", "namespaces", "nodes") else ELSEWHERE
    answers = await asyncio.gather(
        *(operator_may(api, installation, group, resource, verb, where) for verb in sorted(VERBS))
    )
    allowed = {verb for verb, answer in zip(sorted(VERBS), answers, strict=True) if answer}
    assert allowed == ALLOWED[group, resource]


@pytest.mark.parametrize(
    ("verb", "namespace", "name", "allowed"),
    [
        ("get", SYSTEM_NAMESPACE, "marianne-operator", True),
        ("update", SYSTEM_NAMESPACE, "marianne-operator", True),
        ("create", SYSTEM_NAMESPACE, "", True),
        ("get", SYSTEM_NAMESPACE, "another", False),
        ("update", SYSTEM_NAMESPACE, "another", False),
        ("delete", SYSTEM_NAMESPACE, "marianne-operator", False),
        ("create", ELSEWHERE, "", False),
        ("update", ELSEWHERE, "marianne-operator", False),
    ],
)
async def test_its_own_lease_alone(
    api: Api, installation: Installation, verb: str, namespace: str, name: str, allowed: bool
) -> None:
    asked = ("coordination.k8s.io", "leases", verb, namespace, name)
    assert await operator_may(api, installation, *asked) is allowed


def test_the_table_is_what_the_operator_calls() -> None:
    """A method of the seam that is new has to find its line here, and one that is gone takes its line along."""
    verbs = {"put": "update", "create": "create", "delete": "delete", "get": "get", "list": "list", "patch": "patch"}
    plurals = {
        **{"job": "mariannejobs", "jobs": "mariannejobs", "status": "mariannejobs/status", "pod": "pods"},
        **{"pods": "pods", "config_map": "configmaps", "claim": "persistentvolumeclaims", "event": "events"},
        **{"events": "events", "instruments": "instruments", "cluster_instruments": "clusterinstruments"},
        **{"instrument_status": "instruments/status", "cluster_instrument_status": "clusterinstruments/status"},
    }
    called: dict[str, set[str]] = {}
    for method in (name for name in vars(Cluster) if not name.startswith("_") and "lease" not in name):
        verb, _, what = method.partition("_")
        called.setdefault(plurals[what], set()).add(verbs[verb])
    for watched in ("mariannejobs", "pods", "instruments", "clusterinstruments"):
        called[watched].add("watch")
    assert called == {resource: verbs for (_, resource), verbs in ALLOWED.items() if verbs}


async def test_real_calls_that_are_refused(as_operator: Api, api: Api, namespace: str) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": "value"}}
    await api.post(f"/api/v1/namespaces/{namespace}/secrets", secret)
    body = await submit(api, namespace, job("song", score()))
    calls: list[tuple[str, str, Body | None]] = [
        ("GET", f"/api/v1/namespaces/{namespace}/secrets/key", None),
        ("GET", f"/api/v1/namespaces/{namespace}/secrets", None),
        ("GET", f"/api/v1/namespaces/{namespace}/configmaps", None),
        ("PATCH", jobs_path(namespace, "song"), {"spec": {"cancel": True}}),
        ("PUT", jobs_path(namespace, "song"), body),
        ("DELETE", jobs_path(namespace), None),
        ("PATCH", f"{jobs_path(namespace, 'song')}/status", {"status": {"run": 1}}),
        ("PATCH", pods_path(namespace, "any"), {"metadata": {"labels": {"a": "b"}}}),
        ("DELETE", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/work", None),
        ("DELETE", pods_path(namespace), None),
    ]
    for verb, path, sent in calls:
        kind = "application/merge-patch+json" if verb == "PATCH" else "application/json"
        with pytest.raises(ApiError) as refused:
            await as_operator.request(verb, path, sent, kind)
        assert refused.value.code == 403, f"{verb} {path}"


def denied(plane: ControlPlane, user: str, namespace: str) -> Iterator[str]:
    """Calls of this user here, or in no namespace, that were forbidden; others' namespaces may be on their way out."""
    for line in plane.audit_log.read_text().splitlines():
        entry = json.loads(line)
        forbidden = entry["user"].get("username") == user and entry.get("responseStatus", {}).get("code") == 403
        if forbidden and entry.get("objectRef", {}).get("namespace", namespace) == namespace:
            yield f"{entry['verb']} {entry['requestURI']}"


async def test_a_job_needs_no_more(
    control_plane: ControlPlane,
    installation: Installation,
    api: Api,
    namespace: str,
    kubelet: SimulatedKubelet,
    operator: OperatorProcess,
) -> None:
    """A claim and a ConfigMap are made, a sheet fails and is tried again, events are told, the job deletes itself."""
    tree = score(
        5, dependencies=DIAMOND, validations=[{"type": "file_exists", "path": "x", "condition": "sheet_num == 5"}]
    )
    body = job(
        "song", tree, ttlSecondsAfterFinished=0, workspace={"volumeClaimTemplate": {"accessModes": ["ReadWriteMany"]}}
    )
    await submit(api, namespace, body)

    async def gone() -> bool:
        try:
            await api.get(jobs_path(namespace, "song"))
        except ApiError as error:
            return error.code == 404
        return False

    await wait_for("the job to delete itself", gone, 60)
    assert operator.running
    assert list(denied(control_plane, installation.user, namespace)) == []
    assert kubelet.failures == []


class TestOneNamespace:
    """`watchNamespaces`: Roles there, and of the whole cluster only the catalogue."""

    user = f"system:serviceaccount:{SYSTEM_NAMESPACE}:narrow"

    @pytest.fixture
    def narrow(self, control_plane: ControlPlane, installation: Installation, namespace: str) -> Installation:
        rendered = render_chart(f"--set=watchNamespaces={{{namespace}}}", "--set=fullnameOverride=narrow")
        roles = [
            each for each in rendered if each["apiVersion"].startswith("rbac.") or each["kind"] == "ServiceAccount"
        ]
        must(control_plane, "apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(roles))
        return Installation(control_plane, self.user, {**installation.settings, "watchNamespaces": [namespace]})

    async def test_nothing_elsewhere(self, narrow: Installation, api: Api, namespace: str) -> None:
        for (group, resource), verbs in ALLOWED.items():
            for verb in sorted(verbs):
                there = await may(api, narrow.user, (), **attributes(group, resource, verb, namespace))
                elsewhere = await may(api, narrow.user, (), **attributes(group, resource, verb, ELSEWHERE))
                assert (there, elsewhere) == (True, resource.startswith("clusterinstruments")), f"{verb} {resource}"

    async def test_a_job_needs_no_more(
        self,
        control_plane: ControlPlane,
        narrow: Installation,
        api: Api,
        namespace: str,
        kubelet: SimulatedKubelet,
        tmp_path: Path,
    ) -> None:
        operator = OperatorProcess(tmp_path, narrow.kubeconfig(), narrow.settings)
        await operator.start()
        try:
            await submit(api, namespace, job("song", score(2)))
            await until_phase(api, namespace, "song", "Completed")
        finally:
            await operator.stop()
        assert list(denied(control_plane, narrow.user, namespace)) == []


class TestUsers:
    """The built-in view and edit gain the project's kinds, once the controller manager has aggregated them."""

    @pytest.mark.parametrize(
        ("role", "resource", "verbs"),
        [
            ("view", "mariannejobs", READ_ALL),
            ("view", "instruments", READ_ALL),
            ("view", "mariannejobs/status", set()),
            ("edit", "mariannejobs", VERBS),
            ("edit", "instruments", VERBS),
            ("edit", "mariannejobs/status", set()),
            ("admin", "mariannejobs", VERBS),
            ("admin", "mariannejobs/status", set()),
        ],
    )
    async def test_may(
        self,
        control_plane: ControlPlane,
        installation: Installation,
        api: Api,
        namespace: str,
        role: str,
        resource: str,
        verbs: set[str],
    ) -> None:
        user = f"{role}-of-{namespace}"
        must(control_plane, "create", "rolebinding", user, f"--clusterrole={role}", f"--user={user}", "-n", namespace)

        async def reads() -> bool:
            return await may(api, user, (), **attributes(GROUP, "mariannejobs", "get", namespace))

        await wait_for("the aggregation", reads)
        wants = {verb for verb in VERBS if await may(api, user, (), **attributes(GROUP, resource, verb, namespace))}
        assert wants == verbs
        assert not await may(api, user, (), **attributes(GROUP, resource, "get", ELSEWHERE))

    async def test_the_catalogue_is_the_administrators_own(self, api: Api, installation: Installation) -> None:
        user = "nobody-in-particular"
        assert not await may(api, user, (), **attributes(GROUP, "clusterinstruments", "update", ""))
