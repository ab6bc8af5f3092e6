from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from dev.cluster.certificates import Authority, service_account_keys
from dev.cluster.control_plane import ControlPlane
from dev.cluster.kubeconfigs import write_kubeconfig


def _names(certificate: Path) -> tuple[str, set[str]]:
    subject = x509.load_pem_x509_certificate(certificate.read_bytes()).subject
    groups = {str(each.value) for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value), groups


def test_a_certificate_names_user_and_groups_and_is_signed_by_the_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("jane", "jane", ("singers", "readers"))
    assert _names(certificate) == ("jane", {"singers", "readers"})
    signer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    x509.load_pem_x509_certificate(certificate.read_bytes()).verify_directly_issued_by(signer)
    assert key.stat().st_mode & 0o077 == 0
    assert authority.key.stat().st_mode & 0o077 == 0


def test_a_server_is_known_by_addresses_and_names(tmp_path: Path) -> None:
    certificate, _ = Authority(tmp_path).issue("server", "server", (), ("10.234.0.1", "kubernetes.default"))
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(each) for each in names.value.get_values_for_type(x509.IPAddress)] == ["10.234.0.1"]
    assert names.value.get_values_for_type(x509.DNSName) == ["kubernetes.default"]


def test_what_was_made_is_kept_by_a_later_process(tmp_path: Path) -> None:
    first = Authority(tmp_path).issue("jane", "jane")[0].read_bytes()
    signing = service_account_keys(tmp_path)[0].read_bytes()
    authority = Authority(tmp_path).certificate.read_bytes()
    assert Authority(tmp_path).issue("jane", "jane")[0].read_bytes() == first
    assert Authority(tmp_path).certificate.read_bytes() == authority
    assert service_account_keys(tmp_path)[0].read_bytes() == signing


def test_a_kubeconfig_speaks_to_one_server_as_one_user(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    known_by = authority.issue("jane", "jane")
    file = write_kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:1", authority, known_by)
    config = yaml.safe_load(file.read_text())
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    assert config["users"][0]["user"]["client-certificate"] == str(known_by[0])
    assert config["contexts"][0]["name"] == config["current-context"]
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("user", "groups"), [("jane", ("b",)), ("joe", ("a",)), ("jane", ())])
def test_a_user_with_other_groups_is_another_user(tmp_path: Path, user: str, groups: tuple[str, ...]) -> None:
    plane = ControlPlane(tmp_path)
    first, second = plane.kubeconfig_for("jane", ("a",)), plane.kubeconfig_for(user, groups)
    assert first != second
    known_by = Path(yaml.safe_load(second.read_text())["users"][0]["user"]["client-certificate"])
    assert _names(known_by) == (user, set(groups))
