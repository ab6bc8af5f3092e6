"""`doctor`, `version` and `api` of the command line, on a real API server with the real operator."""

import contextlib
import json
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from dev.cluster.control_plane import ControlPlane
from marianne_operator import __version__
from tests.apiserver.command_line import CommandLine
from tests.apiserver.conftest import Kubectl
from tests.apiserver.operator_process import OperatorProcess

VIEWER_LACKS = [
    "create mariannejobs.marianne.dev in namespace {}: run",
    "patch mariannejobs.marianne.dev in namespace {}: pause, resume, restart, cancel, approve",
    "delete mariannejobs.marianne.dev in namespace {}: kubectl delete, and the API",
    "create pods in namespace {}: files",
    "delete pods in namespace {}: files",
]


@pytest.fixture
def marianne(control_plane: ControlPlane, namespace: str) -> CommandLine:
    return CommandLine(control_plane.kubeconfig, namespace)


async def test_doctor_finds_nothing_missing_for_an_administrator(
    operator: OperatorProcess, marianne: CommandLine
) -> None:
    told = await marianne("doctor")
    assert told.code == 0, told
    assert f"v{__version__}" in told.out
    assert "missing" not in told.out
    assert "rights" in told.out


async def test_doctor_names_each_missing_right(
    operator: OperatorProcess, marianne: CommandLine, kubectl: Kubectl, namespace: str
) -> None:
    kubectl("create", "rolebinding", "viewer", "--clusterrole=view", "--user=jane")
    jane = await marianne("doctor", "--as=jane", "--as-group=system:authenticated")
    assert jane.code == 1, jane
    lacking = [
        line.split("no right to ")[1] for line in jane.lines if "no right to " in line and " in namespace" in line
    ]
    assert lacking == [each.format(namespace) for each in VIEWER_LACKS]
    assert "jane" in jane.out


async def test_doctor_and_version_miss_an_operator_that_is_not_there(
    installation: object, marianne: CommandLine
) -> None:
    told = await marianne("doctor", "--operator-namespace=default")
    assert told.code == 1
    assert "not running in default" in told.out
    version = await marianne("version", "-o", "json", "--operator-namespace=default")
    assert version.json == {
        "client": __version__,
        "api": "marianne.dev/v1alpha1",
        "operator": "not running in default",
    }


@dataclass(frozen=True, slots=True)
class LocalApi:
    url: str
    token: str
    file: Path
    pid: int


@asynccontextmanager
async def _served(marianne: CommandLine, *flags: str, end: signal.Signals = signal.SIGINT) -> AsyncIterator[LocalApi]:
    async with marianne.running("api", *flags) as process:
        assert process.stdout is not None
        said = [(await process.stdout.readline()).decode().strip() for _ in range(3)]
        url, token, file = said[0], said[1].removeprefix("token: "), said[2].removeprefix("token file: ")
        yield LocalApi(url, token, Path(file), process.pid)
        process.send_signal(end)
        assert await process.wait() == 0


async def test_the_local_api_opens_to_its_own_token_alone(
    operator: OperatorProcess, marianne: CommandLine, namespace: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    async with _served(marianne, f"--token-file={file}") as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert _listening(served.pid) == {"0100007F"}, "loopback alone"
        assert stat.S_IMODE(served.file.stat().st_mode) == 0o600
        assert served.file == file
        assert file.read_text() == served.token + "\n"
        async with httpx.AsyncClient(base_url=served.url, trust_env=False) as client:
            own = {"Authorization": f"Bearer {served.token}"}
            assert (await client.get("/api/jobs/nobody/sheets/1")).status_code == 401
            other = {"Authorization": f"Bearer {served.token[:-1]}x"}
            assert (await client.get("/api/jobs/nobody/sheets/1", headers=other)).status_code == 401
            foreign = own | {"Host": "marianne.example"}
            assert (await client.get("/api/jobs/daemon/status", headers=foreign)).status_code == 421
            status = await client.get("/api/jobs/daemon/status", headers=own)
            assert status.json()["connected"] is True
            unknown = await client.get("/api/jobs/nobody/sheets/1", headers=own)
            assert unknown.status_code == 404
            assert "set-cookie" not in status.headers
        again = await marianne("api", f"--token-file={file}")
        assert again.code == 1
        assert "File exists" in again.err
    assert not file.exists()


async def test_the_local_apis_token_reaches_no_api_server(
    control_plane: ControlPlane, operator: OperatorProcess, marianne: CommandLine, namespace: str
) -> None:
    async with _served(marianne, end=signal.SIGTERM) as served:
        async with httpx.AsyncClient(base_url=served.url, trust_env=False) as client:
            body = {"config_content": "name: x\nsheet: {size: 1, total_items: 1}\nprompt: {template: 'true'}\n"}
            own = {"Authorization": f"Bearer {served.token}"}
            made = await client.post("/api/jobs", headers=own, json=body)
            assert made.status_code == 200, made.text
        entries = [json.loads(line) for line in control_plane.audit_log.read_text().splitlines()]
        created = [
            each["user"].get("username")
            for each in entries
            if each["verb"] == "create" and each["objectRef"].get("namespace") == namespace
            if each["objectRef"]["resource"] == "mariannejobs"
        ]
        assert created == ["admin"]
        assert served.token not in control_plane.audit_log.read_text()
    assert not served.file.exists()


def _listening(pid: int) -> set[str]:
    """Local addresses (hexadecimal) of the sockets on which this process listens."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            inodes.add(link.readlink().name)
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}
