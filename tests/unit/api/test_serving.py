"""A renewed certificate is served without a restart; one that is of no use is not."""

import asyncio
import contextlib
import shutil
import ssl
from pathlib import Path

import pytest

from dev.cluster.certificates import Authority
from marianne_api.serving import KeyPair, renew
from tests.apiserver.waiting import wait_for


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


async def _served(authority: Authority, port: int) -> str:
    """The common name that is shown to a new client."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    shown = writer.get_extra_info("peercert")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return dict(part[0] for part in shown["subject"])["commonName"]


async def test_renewal(authority, tmp_path, caplog):
    pair = KeyPair(tmp_path / "tls.crt", tmp_path / "tls.key")
    issued = {name: authority.issue(name, name, (), ("127.0.0.1",)) for name in ("old", "new")}

    def put(certificate: str, key: str) -> None:
        shutil.copy(issued[key][1], pair.key)
        shutil.copy(issued[certificate][0], pair.certificate)

    put("old", "old")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    renewing = asyncio.create_task(renew(context, pair, 0.01))
    assert await _served(authority, port) == "old"
    put("new", "old")

    async def told() -> bool:
        return "of no use" in caplog.text

    await wait_for("the pair that does not fit to be looked at", told)
    assert await _served(authority, port) == "old"
    put("new", "new")

    async def renewed() -> bool:
        return await _served(authority, port) == "new"

    await wait_for("the new certificate", renewed)
    renewing.cancel()
    server.close()
