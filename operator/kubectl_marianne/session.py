"""A verb's way to the cluster: the user's kubeconfig, and a connection that writes under one name."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx

from kubectl_marianne.options import Options, refuse
from kubectl_marianne.output import Screen, complain, standard_screen
from kubectl_marianne.times import seconds
from marianne_client import kubeconfig
from marianne_client.access import Access
from marianne_client.connection import ANSWER_SECONDS, Connection, open_client
from marianne_client.identity import NAMESPACE, JobId

FIELD_MANAGER: Final = "marianne-cli"


@dataclass(frozen=True, slots=True)
class Session:
    """What a verb needs of the world. `namespace` is the one that is meant where none is named."""

    connection: Connection
    access: Access
    namespace: str
    screen: Screen
    options: Options

    @property
    def scope(self) -> str | None:
        """The namespace to list; None is all."""
        return None if self.options.all_namespaces else self.namespace

    def job(self, name: str) -> JobId:
        """Raises `UnknownIdError`."""
        return JobId.of(self.namespace, name)

    def now(self) -> datetime:
        """In the zone of whoever looks."""
        return datetime.now().astimezone()


def access(options: Options) -> Access:
    """By the flags and the kubeconfig; raises `KubeconfigError`."""
    place = Path(options.kubeconfig) if options.kubeconfig else None
    return kubeconfig.load(place, options.context, options.as_user, options.as_group)


@contextlib.asynccontextmanager
async def session(options: Options) -> AsyncIterator[Session]:
    """Open for one verb; raises `KubeconfigError`."""
    reached = access(options)
    namespace = options.namespace or reached.namespace
    if NAMESPACE.fullmatch(namespace) is None:  # it becomes a part of paths
        raise refuse(f"{namespace!r} cannot be the name of a namespace")
    async with open_client(reached, timeout=_timeout(options)) as client:
        if options.verbose:
            client.event_hooks["response"].append(_say)
        yield Session(
            connection=Connection(client, reached.headers, FIELD_MANAGER),
            access=reached,
            namespace=namespace,
            screen=standard_screen(no_color=options.no_color),
            options=options,
        )


def _timeout(options: Options) -> float:
    """As kubectl, 0 is no limit; a day is none that anybody meets."""
    try:
        told = seconds(options.request_timeout) if options.request_timeout else ANSWER_SECONDS
    except ValueError as error:
        raise refuse(f"--request-timeout: {error}") from error
    return told or 86400.0


async def _say(answer: httpx.Response) -> None:
    request = answer.request
    complain(f"{request.method} {request.url} {answer.status_code}")
