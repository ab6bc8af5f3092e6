"""`instruments` of the command line, on a real API server: what each lacks, with the rights of whoever asks."""

import pytest
import yaml

from dev.cluster.control_plane import ControlPlane
from tests.apiserver.command_line import CommandLine
from tests.apiserver.conftest import Kubectl

AGENT = {
    "apiVersion": "marianne.dev/v1alpha1",
    "kind": "Instrument",
    "metadata": {"name": "agent"},
    "spec": {
        "image": "agent:1",
        "profile": {"kind": "cli", "default_model": "small", "cli": {"command": {"executable": "agent"}}},
        "credentials": [{"name": "KEY", "secretKeyRef": {"name": "vault", "key": "key"}}],
    },
}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "vault"}, "stringData": {"key": "sesame"}}
pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def marianne(control_plane: ControlPlane, namespace: str) -> CommandLine:
    return CommandLine(control_plane.kubeconfig, namespace)


async def test_a_secret_is_missing_until_it_is_there(marianne: CommandLine, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", text=yaml.safe_dump(AGENT))
    assert (await marianne("instruments", "agent")).lines == [
        "NAME   KIND  STATUS          MODEL  IMAGE",
        "agent  cli   secret missing  small  agent:1",
    ]
    kubectl("apply", "-f", "-", text=yaml.safe_dump(SECRET))
    told = await marianne("instruments", "agent", "--verbose")
    assert "ready" in told.lines[1]
    assert "sesame" not in told.out + told.err


async def test_who_may_not_look_at_secrets_or_at_the_cluster_is_told_so(
    marianne: CommandLine, kubectl: Kubectl
) -> None:
    kubectl("apply", "-f", "-", text=yaml.safe_dump(AGENT))
    nobody = await marianne("instruments", "--as=jane", "--as-group=system:authenticated")
    assert nobody.code == 1 and "jane" in nobody.err
    kubectl("create", "rolebinding", "viewer", "--clusterrole=view", "--user=jane")
    jane = await marianne("instruments", "--as=jane", "--as-group=system:authenticated")
    assert (jane.code, jane.lines[1:]) == (0, ["agent  cli   secret unknown  small  agent:1"]), jane
    assert "clusterinstruments" in jane.err


async def test_objects_for_programs(marianne: CommandLine, kubectl: Kubectl, namespace: str) -> None:
    kubectl("apply", "-f", "-", text=yaml.safe_dump(AGENT))
    told = (await marianne("instruments", "agent", "-o", "json")).json
    assert (told["kind"], told["metadata"]["namespace"], told["spec"]["image"]) == ("Instrument", namespace, "agent:1")
    (reference,) = [each for each in (await marianne("instruments", "-o", "name")).lines if each.startswith("instr")]
    assert kubectl("get", reference, "-o", "name").stdout.strip() == reference
    missing = await marianne("instruments", "theremin")
    assert (missing.code, missing.out, missing.err) == (1, "", "Instrument 'theremin' not found\n")
