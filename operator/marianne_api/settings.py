"""What the chart, or whoever starts the process, decides."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, get_args

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
PREFIX: Final = "MARIANNE_API_"
TRUE: Final = frozenset({"1", "true", "yes"})
Style = Literal["json", "console"]


class SettingsError(ValueError):
    """The process does not start on half a truth; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Per identity, unless said otherwise."""

    reads_per_second: float = 20.0
    reads_at_once: int = 60
    writes_per_second: float = 5.0
    writes_at_once: int = 10
    streams: int = 8
    streams_in_all: int = 500
    scores_waiting: int = 16
    unknown_tokens_per_second: float = 5.0
    unknown_tokens_at_once: int = 40
    """Per peer: each costs the API server a review."""
    body_bytes: int = 1 << 20
    header_bytes: int = 16 << 10
    body_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`namespaces` are those that are served, empty: all; of one alone, ids of jobs are bare names."""

    allowed_hosts: tuple[str, ...] = LOOPBACK
    cors_origins: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    lease_namespace: str = "marianne-system"
    lease_name: str = "marianne-operator"
    field_manager: str = "marianne-api"
    limits: Limits = Limits()

    @property
    def bound(self) -> str | None:
        """The one namespace, where there is but one."""
        return self.namespaces[0] if len(self.namespaces) == 1 else None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the process listens. Tokens travel over TLS, or somebody said in so many words that they need not."""

    host: str
    port: int
    certificate: Path | None
    key: Path | None
    log_level: str
    log_style: Style

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """`MARIANNE_API_HOST`, `_PORT`, `_TLS_CERT` and `_TLS_KEY` or `_INSECURE=true`, `_LOG_LEVEL`, `_LOG_FORMAT`."""
        certificate, key = _path(environ, "TLS_CERT"), _path(environ, "TLS_KEY")
        if (certificate is None) != (key is None):
            raise SettingsError(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY belong together")
        if certificate is None and _text(environ, "INSECURE").lower() not in TRUE:
            raise SettingsError(f"bearer tokens need TLS: set {PREFIX}TLS_CERT and _TLS_KEY, or {PREFIX}INSECURE=true")
        style = _text(environ, "LOG_FORMAT", "json")
        if style not in get_args(Style):
            raise SettingsError(f"{PREFIX}LOG_FORMAT is json or console")
        return cls(
            host=_text(environ, "HOST", "0.0.0.0"),  # noqa: S104  (a Pod's only door)
            port=int(_number(environ, "PORT", 8443)),
            certificate=certificate,
            key=key,
            log_level=_text(environ, "LOG_LEVEL", "info"),
            log_style="console" if style == "console" else "json",
        )


def read_settings(environ: Mapping[str, str]) -> ApiSettings:
    """`MARIANNE_API_ALLOWED_HOSTS`, `_CORS_ORIGINS` and `_NAMESPACES` (commas), `_LEASE_NAMESPACE`, `_LEASE_NAME`.

    `_READS_PER_SECOND` and `_WRITES_PER_SECOND` are an identity's; it may have three and two seconds' worth at once.
    """
    default = Limits()
    reads = _number(environ, "READS_PER_SECOND", default.reads_per_second)
    writes = _number(environ, "WRITES_PER_SECOND", default.writes_per_second)
    origins = _list(environ, "CORS_ORIGINS")
    if "*" in origins:
        raise SettingsError(f"{PREFIX}CORS_ORIGINS names each origin: * is none")
    return ApiSettings(
        allowed_hosts=tuple(host.lower() for host in _list(environ, "ALLOWED_HOSTS")) or LOOPBACK,
        cors_origins=origins,
        namespaces=_list(environ, "NAMESPACES"),
        lease_namespace=_text(environ, "LEASE_NAMESPACE", "marianne-system"),
        lease_name=_text(environ, "LEASE_NAME", "marianne-operator"),
        limits=Limits(
            reads_per_second=reads,
            reads_at_once=max(1, int(reads * 3)),
            writes_per_second=writes,
            writes_at_once=max(1, int(writes * 2)),
        ),
    )


def _text(environ: Mapping[str, str], name: str, default: str = "") -> str:
    return environ.get(PREFIX + name, "").strip() or default


def _list(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _text(environ, name).split(",") if part.strip())


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    text = _text(environ, name)
    return Path(text) if text else None


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        number = float(_text(environ, name) or default)
    except ValueError:
        raise SettingsError(f"{PREFIX}{name} is a number") from None
    if not 0 < number < math.inf:
        raise SettingsError(f"{PREFIX}{name} is more than 0")
    return number
