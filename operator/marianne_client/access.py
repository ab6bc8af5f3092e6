"""Where the API server is, how it is trusted, and with what credential it is spoken to."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Headers = Callable[[], Mapping[str, str]]
"""Asked before each request: credentials of short life are renewed there."""


@dataclass(frozen=True, slots=True)
class Access:
    """`headers` carries the credential, if it is no certificate; `namespace` is what is meant where none is named."""

    server: str
    verify: ssl.SSLContext | bool
    headers: Headers
    namespace: str = "default"


def in_cluster(environ: Mapping[str, str]) -> Access:
    """From inside a Pod, without any credential: the callers bring theirs.

    `MARIANNE_API_KUBERNETES_CA` is the file of the cluster's certificate authority; `MARIANNE_API_KUBERNETES_SERVER`
    wins over the Service's address. Raises `KeyError` outside of a cluster.
    """
    server = environ.get("MARIANNE_API_KUBERNETES_SERVER")
    if not server:
        host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT", "443")
        server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    authority = environ.get("MARIANNE_API_KUBERNETES_CA")
    return Access(server, ssl.create_default_context(cafile=authority), dict)
