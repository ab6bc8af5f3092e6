"""etcd, kube-apiserver and kube-controller-manager on free loopback ports: a real API, without nodes.

Several may run at once. Tests start one in a few seconds and kill, stop or restart its parts.
"""

import errno
import hashlib
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dev.cluster import binaries
from dev.cluster.certificates import Authority, service_account_keys
from dev.cluster.kubeconfigs import write_kubeconfig
from dev.cluster.processes import Program
from dev.cluster.progress import wait_until

SERVICES: Final = "10.96.0.0/24"
AUDIT_POLICY: Final = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""
NAMES: Final = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


class ControlPlane:
    """All state lies in `directory`; `stop` removes it unless `keep`."""

    def __init__(
        self,
        directory: Path,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        records: Path | None = None,
        apiserver_flags: Sequence[str] = (),
        controller_manager_flags: Sequence[str] = (),
    ) -> None:
        self.directory = directory.absolute()
        self.host = host
        self._ports = self._choose_ports(port)
        self.port = self._ports["apiserver"]
        self.url = f"https://{host}:{self.port}"
        self.audit_log = self.directory / "log" / "audit.log"
        self.kubeconfig = self.directory / "kubeconfig"
        self.etcd = Program(self.directory, "etcd", records)
        self.apiserver = Program(self.directory, "kube-apiserver", records)
        self.controller_manager = Program(self.directory, "kube-controller-manager", records)
        self._apiserver_flags = list(apiserver_flags)
        self._controller_manager_flags = list(controller_manager_flags)

    @property
    def authority(self) -> Authority:
        """Who signs for this cluster."""
        return Authority(self.directory / "certificates")

    @property
    def ca_file(self) -> Path:
        """What clients trust."""
        return self.authority.certificate

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Up and answering, RBAC's own roles and the `default` ServiceAccounts included."""
        self.configure()
        self.start_etcd()
        self.start_apiserver()
        self.start_controller_manager()
        self._await("the default ServiceAccount", "get", "serviceaccount", "default", "--namespace=default")

    def stop(self, *, keep: bool = False) -> None:
        """End every part of it."""
        for program in (self.controller_manager, self.apiserver, self.etcd):
            program.stop(number=signal.SIGKILL)
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def start_etcd(self) -> None:
        """A throw-away store: not synced to disk."""
        client, peer = self._ports["etcd"], self._ports["etcd-peer"]
        self.etcd.start(
            [
                binaries.binary("etcd"),
                f"--data-dir={self.directory / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{client}",
                f"--advertise-client-urls=http://127.0.0.1:{client}",
                f"--listen-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-cluster=default=http://127.0.0.1:{peer}",
                "--unsafe-no-fsync",
            ]
        )

    def start_apiserver(self) -> None:
        """Returns when it serves and its bootstrap roles stand: a controller manager before that exits."""
        self.apiserver.start([binaries.binary("kube-apiserver"), *self._flags()])
        role = ("get", "role", "extension-apiserver-authentication-reader", "--namespace=kube-system")
        self._await("the API server", "get", "--raw=/readyz")
        self._await("the API server's bootstrap roles", *role)

    def kill_apiserver(self) -> None:
        """SIGKILL; `start_apiserver` brings it back on the same port."""
        self.apiserver.stop(number=signal.SIGKILL)

    def start_controller_manager(self) -> None:
        """Garbage collection, namespaces, ServiceAccounts, node lifecycle."""
        config = self._client("controller-manager", "system:kube-controller-manager")
        private, _ = service_account_keys(self.authority.folder)
        self.controller_manager.start(
            [
                binaries.binary("kube-controller-manager"),
                f"--kubeconfig={config}",
                f"--authentication-kubeconfig={config}",
                f"--authorization-kubeconfig={config}",
                "--use-service-account-credentials",
                f"--service-account-private-key-file={private}",
                f"--root-ca-file={self.ca_file}",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                f"--secure-port={free_port()}",
                # Its own limit, of 20 calls a second, would be most of the time that a start takes.
                "--kube-api-qps=500",
                "--kube-api-burst=1000",
                "--node-monitor-period=1s",
                "--node-monitor-grace-period=15s",
                *self._controller_manager_flags,
            ]
        )

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig of this user, known by a client certificate; RBAC says what they may."""
        known_as = hashlib.sha256("\n".join((user, *groups)).encode()).hexdigest()[:16]
        return self._client(f"user-{known_as}", user, groups)

    def kubectl(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """As the administrator; the caller looks at the return code."""
        command = [str(binaries.binary("kubectl")), f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)

    def exists(self) -> bool:
        """Whether it was started from this directory before, and not stopped since."""
        return self._ports_file.is_file()

    @property
    def _ports_file(self) -> Path:
        """Kept beside the state, so that a later process speaks to the same programs."""
        return self.directory / "ports.json"

    def _choose_ports(self, port: int | None) -> dict[str, int]:
        if self.exists():
            kept: dict[str, int] = json.loads(self._ports_file.read_text())
            return kept
        wanted = port if port is not None and is_free(self.host, port) else free_port()
        return {"apiserver": wanted, "etcd": free_port(), "etcd-peer": free_port()}

    def configure(self) -> None:
        """Write what the programs read, and keep the ports."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._ports_file.write_text(json.dumps(self._ports))
        (self.directory / "audit.yaml").write_text(AUDIT_POLICY)
        self._client("admin", "admin", ("system:masters",)).replace(self.kubeconfig)

    def _client(self, file: str, user: str, groups: Sequence[str] = ()) -> Path:
        known_by = self.authority.issue(file, user, groups)
        return write_kubeconfig(self.directory / f"{file}.kubeconfig", self.url, self.authority, known_by)

    def _flags(self) -> list[str]:
        authority = self.authority
        addresses = ("127.0.0.1", "10.96.0.1", self.host, *NAMES)
        serving, serving_key = authority.issue("apiserver", "kube-apiserver", (), tuple(dict.fromkeys(addresses)))
        kubelet, kubelet_key = authority.issue("kubelet-client", "kube-apiserver-kubelet-client", ("system:masters",))
        private, public = service_account_keys(authority.folder)
        return [
            f"--etcd-servers=http://127.0.0.1:{self._ports['etcd']}",
            f"--bind-address={self.host}",
            *self._advertised(),
            f"--secure-port={self.port}",
            f"--tls-cert-file={serving}",
            f"--tls-private-key-file={serving_key}",
            f"--client-ca-file={authority.certificate}",
            f"--kubelet-client-certificate={kubelet}",
            f"--kubelet-client-key={kubelet_key}",
            f"--kubelet-certificate-authority={authority.certificate}",
            "--kubelet-preferred-address-types=InternalIP",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--service-cluster-ip-range={SERVICES}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={public}",
            f"--service-account-signing-key-file={private}",
            f"--audit-policy-file={self.directory / 'audit.yaml'}",
            f"--audit-log-path={self.audit_log}",
            "--default-not-ready-toleration-seconds=5",
            "--default-unreachable-toleration-seconds=5",
            "--profiling=false",
            *self._apiserver_flags,
        ]

    def _advertised(self) -> list[str]:
        """Where Pods find it; a loopback address may not be told to them, and nobody needs it there."""
        return ["--endpoint-reconciler-type=none"] if self.host == "127.0.0.1" else [f"--advertise-address={self.host}"]

    def _await(self, what: str, *arguments: str) -> None:
        def answered() -> bool:
            self.etcd.must_live()
            self.apiserver.must_live()
            return self.kubectl(*arguments).returncode == 0

        wait_until(what, answered, 60.0, self.apiserver.log)


def is_free(host: str, port: int) -> bool:
    """Whether this port can be had; an address that this machine does not have yet holds no port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRNOTAVAIL
    return True


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
