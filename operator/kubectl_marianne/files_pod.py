"""The reader Pod's life: made, waited for, read, and taken away whatever happens."""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Mapping
from typing import IO, Any, Final

from marianne_client import paths
from marianne_client.connection import Connection
from marianne_client.errors import ApiError, UnreachableError

Pod = Mapping[str, Any]
STARTED: Final = ("Running", "Succeeded", "Failed")
HOPELESS: Final = ("ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError")
"""Nothing but another Pod mends these."""


class ReaderError(Exception):
    """The reader Pod says why it cannot answer, or its answer did not come whole."""


async def ask_pod(connection: Connection, manifest: Pod, into: IO[bytes], timeout_seconds: float | None) -> None:
    """What it answers; raises `ReaderError`, `ApiError`, `UnreachableError`, and `TimeoutError` that says why."""
    namespace = manifest["metadata"]["namespace"]
    seen: list[Pod] = []
    async with _pod(connection, namespace, manifest) as pod:
        try:
            async with asyncio.timeout(timeout_seconds):
                await _until_started(connection, pod, seen)
                log = paths.pod_log(namespace, pod["metadata"]["name"])
                async with connection.lines(log, follow=True) as lines:
                    await receive(lines, into)
        except TimeoutError as error:
            raise TimeoutError(why_pending(seen[-1]) if seen else "") from error


@contextlib.asynccontextmanager
async def _pod(connection: Connection, namespace: str, manifest: Pod) -> AsyncIterator[Pod]:
    making = asyncio.ensure_future(connection.create(paths.pods(namespace), manifest))
    try:
        yield await asyncio.shield(making)
    finally:
        await asyncio.shield(_remove(connection, making))


async def _remove(connection: Connection, making: Awaitable[Pod]) -> None:
    """Also one that was still being made. Where that fails, its deadline ends it and its job takes it along."""
    with contextlib.suppress(ApiError, UnreachableError):
        meta = (await making)["metadata"]
        await connection.delete(paths.pods(meta["namespace"], meta["name"]), uid=meta["uid"], grace_seconds=0)


async def _until_started(connection: Connection, pod: Pod, seen: list[Pod]) -> None:
    meta = pod["metadata"]
    query = {"fieldSelector": f"metadata.name={meta['name']}", "resourceVersion": meta["resourceVersion"]}
    async with connection.lines(paths.pods(meta["namespace"]), watch=True, **query) as lines:
        async for line in lines:
            event = json.loads(line)
            if event["type"] in ("DELETED", "ERROR"):
                break
            seen[:] = [event["object"]]
            if started(event["object"]):
                return
    raise ReaderError("the reader Pod went away before it started")


def started(pod: Pod) -> bool:
    """It has a log; raises `ReaderError` where it never will."""
    status = pod.get("status") or {}
    if status.get("phase") in STARTED:
        return True
    for each in status.get("containerStatuses") or ():
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in HOPELESS:
            raise ReaderError(f"the reader Pod cannot start: {waiting['reason']}: {waiting.get('message', '')}")
    return False


def why_pending(pod: Pod) -> str:
    """What it waits for, as far as its status says."""
    status = pod.get("status") or {}
    for each in status.get("containerStatuses") or ():
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting:
            return f"{waiting.get('reason', '')}: {waiting.get('message', '')}".rstrip(": ")
    told = (each.get("message") for each in status.get("conditions") or () if each["type"] == "PodScheduled")
    return str(next(told, None) or "")


async def receive(lines: AsyncIterable[str], into: IO[bytes]) -> None:
    """The other end of `files_program`: back to bytes. Raises `ReaderError`; then `into` holds nothing to rely on."""
    digest = hashlib.sha256()
    async for line in lines:
        if line.startswith("! "):
            raise ReaderError(line[2:])
        if line.startswith("= "):
            if line[2:].strip() != digest.hexdigest():
                raise ReaderError(
                    "what came differs from what was sent: the node's log has lost a part of it; try again"
                )
            return
        try:
            data = base64.b64decode(line, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ReaderError(f"the reader Pod says: {line[:200]}") from error
        digest.update(data)
        into.write(data)
    raise ReaderError("the reader Pod's log ended before its answer did; try again")
