"""The operator's process: take the Lease, watch, conduct; end when any of these ends."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubernetes.aio.client.configuration import Configuration

from marianne_operator import __version__, logs
from marianne_operator.control.api_cluster import ApiCluster
from marianne_operator.control.conductor import Conductor, Times, build
from marianne_operator.control.connection import CONNECTIONS, Connection, load_configuration
from marianne_operator.control.health import HealthServer, facts_of
from marianne_operator.control.lease import Lease, LeaseLostError, Place
from marianne_operator.control.metrics import Metrics
from marianne_operator.control.resync import StoreRestoredError
from marianne_operator.score.sandbox import Sandbox
from marianne_operator.settings import ProcessSettings, SettingsFile, read_settings
from marianne_operator.watch import watch

log = logging.getLogger("marianne_operator")
Work = Callable[[Callable[[], None]], Awaitable[None]]
"""Told how to listen for signals again, because Kopf puts handlers of its own in place."""


def main() -> int:
    """The exit code: 0 after a signal, 1 when the process has to start anew."""
    process = ProcessSettings.of(os.environ)
    settings = read_settings(process.settings_file)
    logs.configure(settings.log.level, settings.log.format)
    return asyncio.run(_run(process, settings))


async def _run(process: ProcessSettings, settings: SettingsFile) -> int:
    configuration = await load_configuration()
    metrics = Metrics(__version__)
    async with contextlib.AsyncExitStack() as stack:
        cluster = ApiCluster(_connect(stack, configuration, metrics, CONNECTIONS))
        # A renewal must not queue behind the work that it allows.
        for_lease = ApiCluster(_connect(stack, configuration, metrics, 1))
        sandbox = await stack.enter_async_context(Sandbox())
        times = Times(asyncio.get_running_loop(), time.monotonic, time.time)
        conductor = build(cluster, sandbox.compile, settings.for_plan(), times, metrics, settings.watch_namespaces)
        place = Place(process.namespace, process.lease_name, process.holder)
        lease = Lease(for_lease, place, _describe(conductor), time.monotonic)
        metrics.observe("marianne_lease_held", "1 while this process may act", lambda: lease.held)
        health = HealthServer(lambda: facts_of(conductor, lease.held), metrics.text, process.port)
        await health.start()
        stack.push_async_callback(health.stop)
        gc.collect()
        gc.freeze()  # what is here now stays: collections then cost, and find, only what came after
        log.info("waiting for the Lease", extra={"version": __version__, "holder": process.holder, "port": health.port})

        async def work(listen: Callable[[], None]) -> None:
            await cluster.require_kinds()
            await conductor.resync.everything()  # the first look at a job sees all of its Pods
            await _conduct(conductor, configuration, settings, listen)

        return await _until_stopped(lease, work)


def _connect(
    stack: contextlib.AsyncExitStack, configuration: Configuration, metrics: Metrics, limit: int
) -> Connection:
    connection = Connection(configuration, metrics.count_request, limit)
    stack.push_async_callback(connection.close)
    return connection


async def _until_stopped(lease: Lease, work: Work) -> int:
    """Hold the Lease and work; SIGTERM and SIGINT end it in order: the work first, then the Lease."""
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, holding.cancel)

    holding = asyncio.ensure_future(lease.hold(lambda: work(listen)))
    listen()
    try:
        await holding
    except asyncio.CancelledError:
        log.info("stopped by a signal")
        return 0
    except (LeaseLostError, StoreRestoredError) as error:
        log.error("starting anew", extra={"why": type(error).__name__, "error": str(error)})
    except Exception:  # the process's edge: whatever ended the work ends the process, and must be read in its log
        log.exception("the work ended")
    return 1


async def _conduct(
    conductor: Conductor, configuration: Configuration, settings: SettingsFile, listen: Callable[[], None]
) -> None:
    """Four things that never end; when one does, all do."""
    log.info("conducting", extra={"namespaces": settings.watch_namespaces or "all"})
    parts: list[Coroutine[Any, Any, None]] = [
        conductor.reconciler.work(),
        conductor.resync.run(),
        conductor.announcer.run(),
        watch(conductor, configuration, settings.watch_namespaces, listen),
    ]
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _describe(conductor: Conductor) -> Callable[[], Mapping[str, str]]:
    """The conductor's status, as annotations of the Lease that is written anyway."""
    started = datetime.now(UTC).isoformat(timespec="seconds")

    def describe() -> Mapping[str, str]:
        counts = conductor.counts()
        return {
            "marianne.dev/version": __version__,
            "marianne.dev/started": started,
            "marianne.dev/pid": str(os.getpid()),
            "marianne.dev/rss-bytes": str(_resident_bytes()),
            "marianne.dev/running-jobs": str(counts["running"]),
            "marianne.dev/active-jobs": str(counts["active"]),
        }

    return describe


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    sys.exit(main())
