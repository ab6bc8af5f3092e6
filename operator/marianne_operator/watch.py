"""Kopf, and all of Kopf: it watches, reconnects and lists, and knows nothing of scores.

Only `on.event` is used: what a watch tells goes into the cache and wakes the job. A listing of our own fills the cache
before, so the first look at a job sees all of its Pods: with `index`, Kopf would handle each event twice, and each
object of its first listing would wake all the others. No create/update/field handlers, daemons or timers: they write
annotations and finalizers, and see edges only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

import kopf
from kubernetes.aio.client.configuration import Configuration

from marianne_operator.control.cluster import Body
from marianne_operator.control.conductor import Conductor
from marianne_runner.contract import JOB_LABEL

GROUP: Final = "marianne.dev"
VERSION: Final = "v1alpha1"
IDENTITY: Final = "marianne-operator"
"""For Kopf's peering, which is off; else Kopf asks for the name of our user, and a container's has none."""
Handler = Callable[..., Awaitable[None]]


async def watch(
    conductor: Conductor,
    configuration: Configuration,
    namespaces: Sequence[str],
    started: Callable[[], None],
) -> None:
    """Until cancelled, or until a watch fails for good: then it raises, and the process must end.

    `started` is called once Kopf has put its own signal handlers in place.
    """
    registry = kopf.OperatorRegistry()
    _jobs(registry, conductor)
    _pods(registry, conductor)
    _instruments(registry, conductor)

    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.ConnectionInfo:
        return await _credentials(configuration)

    scope: dict[str, Any] = {"namespaces": namespaces} if namespaces else {"clusterwide": True}
    scope["identity"] = IDENTITY
    others = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(registry=registry, settings=_settings(), standalone=True, **scope)
    started()
    await kopf.run_tasks(tasks, ignored=others)
    raise RuntimeError("the watches ended")


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.watching.label_selectors["v1/pods"] = JOB_LABEL
    settings.watching.server_timeout = 300
    settings.watching.connect_timeout = 5
    settings.watching.chunk_size = 500
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.execution.default_backoff = 5
    settings.persistence.diffbase_storage = NoDifferences()
    settings.persistence.progress_storage = NoProgress()
    return settings


class NoDifferences(kopf.DiffBaseStorage):
    """Kopf copies every object deeply, to find what changed, even where nobody asks: a third of the process's CPU."""

    def build(self, **_: object) -> kopf.BodyEssence:
        """Nothing of the object is essential to Kopf."""
        return cast(kopf.BodyEssence, {})

    def fetch(self, **_: object) -> None:
        """No earlier state is remembered."""

    def store(self, **_: object) -> None:
        """None is kept."""


class NoProgress(kopf.ProgressStorage):
    """Handlers of events have none, but Kopf copies objects to clear it away."""

    def fetch(self, **_: object) -> None:
        """None is remembered."""

    def store(self, **_: object) -> None:
        """None is kept."""

    def purge(self, **_: object) -> None:
        """None is there."""

    def touch(self, **_: object) -> None:
        """Nothing is written."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Nothing has to go."""
        return essence


def _jobs(registry: kopf.OperatorRegistry, conductor: Conductor) -> None:
    async def job_changed(event: kopf.RawEvent, **_: object) -> None:
        conductor.job_told(cast(Body, event["object"]), gone=event["type"] == "DELETED")

    _register(registry, (GROUP, VERSION, "mariannejobs"), job_changed)


def _pods(registry: kopf.OperatorRegistry, conductor: Conductor) -> None:
    async def pod_changed(event: kopf.RawEvent, **_: object) -> None:
        conductor.pod_told(cast(Body, event["object"]), gone=event["type"] == "DELETED")

    _register(registry, ("v1", "pods"), pod_changed)


def _instruments(registry: kopf.OperatorRegistry, conductor: Conductor) -> None:
    instruments = conductor.cache.instruments

    async def instrument_changed(event: kopf.RawEvent, **_: object) -> None:
        if event["type"] == "DELETED":
            instruments.lost(event["object"])
            news = True
        else:
            news = instruments.saw(event["object"])
        if news and event["type"] is not None:
            conductor.wake_unfinished(event["object"]["metadata"].get("namespace"))

    for plural in ("instruments", "clusterinstruments"):
        _register(registry, (GROUP, VERSION, plural), instrument_changed)


def _register(registry: kopf.OperatorRegistry, resource: tuple[str, ...], changed: Handler) -> None:
    kopf.on.event(*resource, id=f"changed-{resource[-1]}", registry=registry)(changed)


async def _credentials(configuration: Configuration) -> kopf.ConnectionInfo:
    """The same as our own client's; asked again after a 401, when the token file has a new one."""
    bearer = (await configuration.auth_settings()).get("BearerToken", {}).get("value") or ""
    scheme, _, token = bearer.partition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme=scheme.capitalize() or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        proxy_url=configuration.proxy,
    )
