"""Kubeconfigs: who speaks to which API server."""

from pathlib import Path

import yaml

from dev.cluster.certificates import Authority


def write_kubeconfig(file: Path, server: str, authority: Authority, user: tuple[Path, Path]) -> Path:
    """A kubeconfig with one cluster and one user, who is known by `user`: (certificate, key)."""
    certificate, key = user
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": "local",
                        "cluster": {"server": server, "certificate-authority": str(authority.certificate.absolute())},
                    }
                ],
                "users": [
                    {
                        "name": "user",
                        "user": {
                            "client-certificate": str(certificate.absolute()),
                            "client-key": str(key.absolute()),
                        },
                    }
                ],
                "contexts": [{"name": "local", "context": {"cluster": "local", "user": "user"}}],
                "current-context": "local",
            },
            sort_keys=False,
        )
    )
    file.chmod(0o600)
    return file
