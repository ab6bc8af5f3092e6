"""The user's own kubeconfig, read by the client library that knows its exec plugins and certificates."""

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import yaml
from kubernetes.client import Configuration
from kubernetes.config import ConfigException, kube_config

from marianne_client.access import Access


class KubeconfigError(Exception):
    """There is none, or it names what is not there."""


def load(
    kubeconfig: Path | None = None, context: str | None = None, user: str | None = None, groups: Sequence[str] = ()
) -> Access:
    """As kubectl: `$KUBECONFIG` or `~/.kube/config`, its current context; `user` and `groups` as `--as`, `--as-group`.

    Raises `KubeconfigError`.
    """
    settings = Configuration()
    place = str(kubeconfig) if kubeconfig else None
    try:
        kube_config.load_kube_config(place, context, client_configuration=settings)
        contexts, current = kube_config.list_kube_config_contexts(place)
        trust = _trust(settings)
    except (ConfigException, OSError, yaml.YAMLError, ValueError, TypeError) as error:  # no YAML, no text, no mapping
        raise KubeconfigError(str(error)) from error
    chosen = next((each for each in contexts if each["name"] == context), current)
    namespace = chosen["context"].get("namespace") or "default"
    impersonated = [("Impersonate-User", user)] if user else []
    impersonated += [("Impersonate-Group", group) for group in groups]

    def headers() -> Mapping[str, str]:
        credential = settings.get_api_key_with_prefix("authorization")
        basic = settings.get_basic_auth_token() if settings.username else None
        told = credential or basic
        return httpx.Headers([*([("Authorization", told)] if told else []), *impersonated])

    return Access(str(settings.host).rstrip("/"), trust, headers, namespace)


def _trust(settings: Configuration) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ssl_ca_cert)
    if not settings.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.cert_file:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context
