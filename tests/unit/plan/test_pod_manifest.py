"""The Pod: "restricted" whatever a template says, an allow-list, and the workspace beside the ledger."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marianne_operator.model.instrument import InstrumentView
from marianne_operator.model.spec import SheetTemplate
from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import ClaimView, Settings
from tests.unit.plan.build import CLAIM, NAME, UID, decided, job, observe, score

CORE = {"apiVersion", "kind", "metadata", "spec"}
ALWAYS = {
    "containers",
    "volumes",
    "restartPolicy",
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "securityContext",
}
FROM_TEMPLATE = {
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "serviceAccountName",
    "imagePullSecrets",
    "runtimeClassName",
}
CONTAINER = {
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "env",
    "volumeMounts",
    "resources",
    "terminationMessagePolicy",
    "securityContext",
}
CONFINED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
SAFE_VOLUMES = {"persistentVolumeClaim", "configMap", "downwardAPI", "emptyDir", "projected"}


def made(claim=CLAIM, chosen=None, instrument=None, **spec):
    tools = [instrument] if instrument else None
    more = {"instruments": tools} if tools else {}
    seen = observe(job(**spec), score(1), claim=claim, **({"settings": chosen} if chosen else {}), **more)
    (body,) = decide(seen).create
    return body


def assert_restricted(body):
    """Pod Security "restricted" (Kubernetes 1.37), the controls that a Linux Pod can break, and no token."""
    spec, meta = body["spec"], body["metadata"]
    assert set(body) == CORE
    assert set(spec) <= ALWAYS | FROM_TEMPLATE
    assert not spec.get("hostNetwork") and not spec.get("hostPID") and not spec.get("hostIPC")
    assert spec["automountServiceAccountToken"] is False
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"] == 65532
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"initContainers", "ephemeralContainers"} & set(spec)
    (container,) = spec["containers"]
    assert set(container) <= CONTAINER | {"envFrom"}
    assert container["securityContext"] == CONFINED
    assert container["command"] == ["/opt/marianne/bin/marianne-runner"]
    for volume in spec["volumes"]:
        assert set(volume) - {"name"} <= SAFE_VOLUMES
    confinement = ("apparmor", "seccomp")
    assert not [key for key in meta["annotations"] if any(word in key for word in confinement)]
    brief = json.loads(meta["annotations"]["marianne.dev/brief"])
    assert (brief["job_uid"], meta["labels"]["marianne.dev/job-uid"]) == (UID, UID)
    ours = {key: value for key, value in meta["labels"].items() if key.startswith("marianne.dev/")}
    assert ours == {
        "marianne.dev/job": NAME,
        "marianne.dev/job-uid": UID,
        "marianne.dev/sheet": "1",
        "marianne.dev/attempt": "1",
        "marianne.dev/claim": "claim-uid",
    }
    assert [owner["uid"] for owner in meta["ownerReferences"]] == [UID]


def test_a_plain_pod():
    body = made()
    assert_restricted(body)
    assert set(body["spec"]) == ALWAYS
    assert body["spec"]["restartPolicy"] == "Never"
    assert set(body["spec"]["containers"][0]) == CONTAINER


KEYS = st.sampled_from(
    [
        "marianne.dev/job-uid",
        "marianne.dev/brief",
        "marianne.dev/anything",
        "container.apparmor.security.beta.kubernetes.io/sheet",
        "container.seccomp.security.alpha.kubernetes.io/sheet",
        "seccomp.security.alpha.kubernetes.io/pod",
        "team",
        "example.com/x",
    ]
)
WORDS = st.sampled_from(
    [
        "hostNetwork",
        "hostPath",
        "privileged",
        "securityContext",
        "volumes",
        "containers",
        "podAffinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "name",
        "value",
        "limits",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "unconfined", "hostPath", "privileged"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
TREES = st.dictionaries(WORDS, JSON, max_size=4)
TEMPLATES = st.fixed_dictionaries(
    {},
    optional={
        "resources": TREES,
        "env": st.lists(TREES, max_size=3),
        "envFrom": st.lists(TREES, max_size=2),
        "nodeSelector": st.dictionaries(KEYS, st.just("x"), max_size=2),
        "tolerations": st.lists(TREES, max_size=2),
        "affinity": TREES,
        "priorityClassName": st.just("high"),
        "serviceAccountName": st.just("robot"),
        "imagePullSecrets": st.lists(st.just({"name": "pull"}), max_size=2),
        "runtimeClassName": st.just("kata"),
        "labels": st.dictionaries(KEYS, st.just("x"), max_size=4),
        "annotations": st.dictionaries(KEYS, st.just("unconfined"), max_size=4),
        # no fields of a template, so that a newer client's, or a hostile one's, must do nothing:
        "securityContext": TREES,
        "volumes": JSON,
        "containers": JSON,
        "hostNetwork": st.booleans(),
    },
)


@settings(max_examples=300, deadline=None)
@given(template=TEMPLATES, mode=st.sampled_from(["ReadWriteOnce", "ReadWriteMany"]))
def test_no_template_weakens_it(template, mode):
    assert_restricted(made(ClaimView("c", "claim-uid", (mode,)), sheetTemplate=template))


def test_every_field_of_the_template_arrives_where_it_belongs():
    template = {
        "resources": {"limits": {"cpu": "1"}},
        "env": [{"name": "A", "value": "1"}],
        "envFrom": [{"secretRef": {"name": "s"}}],
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {"x": 1}},
        "priorityClassName": "high",
        "serviceAccountName": "robot",
        "imagePullSecrets": [{"name": "pull"}],
        "runtimeClassName": "kata",
        "labels": {"team": "a"},
        "annotations": {"note": "b"},
    }
    assert set(template) == {field.alias for field in SheetTemplate.model_fields.values()}
    body = made(sheetTemplate=template)
    container = body["spec"]["containers"][0]
    for field in FROM_TEMPLATE:
        assert body["spec"][field] == template[field]
    assert container["resources"] == template["resources"]
    assert container["env"][0] == {"name": "A", "value": "1"}
    assert container["envFrom"] == template["envFrom"]
    assert body["metadata"]["labels"]["team"] == "a"
    assert body["metadata"]["annotations"]["note"] == "b"


def test_what_the_operator_sets_comes_last_in_the_environment():
    """Where a name stands twice, the last one counts."""
    spec = {
        "profile": {},
        "image": "tool:1",
        "credentials": [{"name": "KEY", "secretKeyRef": {"name": "s", "key": "k"}}],
    }
    tool = InstrumentView.of({"metadata": {"name": "cli"}, "spec": spec})
    body = made(
        instrument=tool, sheetTemplate={"env": [{"name": "HOME", "value": "/x"}, {"name": "KEY", "value": "mine"}]}
    )
    last = {each["name"]: each for each in body["spec"]["containers"][0]["env"]}
    assert last["HOME"]["value"] == "/tmp"
    assert last["KEY"]["valueFrom"] == {"secretKeyRef": {"name": "s", "key": "k"}}
    assert body["spec"]["containers"][0]["image"] == "tool:1"


def test_resources_of_the_chart_unless_the_template_has_some():
    chosen = Settings("runner:1", resources={"requests": {"cpu": "10m"}})
    assert made(chosen=chosen)["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "10m"}}
    assert made(chosen=chosen, sheetTemplate={"resources": {}})["spec"]["containers"][0]["resources"] == {}


def together(uid):
    return {"labelSelector": {"matchLabels": {"marianne.dev/claim": uid}}, "topologyKey": "kubernetes.io/hostname"}


@pytest.mark.parametrize(
    ("mode", "bound"), [("ReadWriteOnce", True), ("ReadWriteMany", False), ("ReadWriteOncePod", False)]
)
def test_pods_of_a_volume_of_one_node_share_the_node(mode, bound):
    body = made(ClaimView("c", "u", (mode,)))
    wanted = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [together("u")]}} if bound else None
    assert body["spec"].get("affinity") == wanted


def test_a_templates_own_affinity_stays_beside_ours():
    own = {"topologyKey": "zone"}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    affinity = {"podAffinity": {required: [own], "other": 1}, "nodeAffinity": {"x": 1}}
    body = made(ClaimView("c", "u", ("ReadWriteOnce",)), sheetTemplate={"affinity": affinity})
    assert body["spec"]["affinity"] == {
        "podAffinity": {required: [own, together("u")], "other": 1},
        "nodeAffinity": {"x": 1},
    }


@pytest.mark.parametrize("shapeless", ["near", 7, [1], {"requiredDuringSchedulingIgnoredDuringExecution": "all"}])
def test_an_affinity_without_a_shape_is_the_api_servers_to_refuse(shapeless):
    body = made(ClaimView("c", "u", ("ReadWriteOnce",)), sheetTemplate={"affinity": {"podAffinity": shapeless}})
    assert body["spec"]["affinity"] == {"podAffinity": shapeless}


def test_a_shell_needs_no_image_of_its_own():
    plan, _ = decided(observe(job(), score(1)))
    assert plan.create[0]["spec"]["containers"][0]["image"] == "runner:1"
