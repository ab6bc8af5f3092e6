"""The bridge that Pods hang on, and the machine's settings that a cluster changes.

The bridge comes first, so that the API server can advertise an address that Pods reach. The Service range is routed to
it before kube-proxy runs: an address that no rule translates dies here and not on the outer network.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dev.cluster import rules
from dev.cluster.addresses import BRIDGE, CNI_NETWORK, GATEWAY, RUNTIME
from dev.cluster.control_plane import SERVICES
from dev.cluster.progress import SetupError

BEFORE: Final = Path(RUNTIME) / "before.json"
"""`{"tables": ["ip nat", …], "settings": {"net.ipv4.ip_forward": "0", …}}`: the machine before its cluster."""
CHANGED_SETTINGS: Final = (
    "net.ipv4.ip_forward",
    "fs.inotify.max_user_instances",
    "vm.overcommit_memory",
    "kernel.panic",
    "kernel.panic_on_oops",
)
"""By us the first two, by the kubelet the others."""
PROXY_TABLES: Final = ("ip kube-proxy", "ip6 kube-proxy")


def up() -> None:
    """Idempotent; remembers what it found, once."""
    _remember()
    if not _exists():
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
    if f" {GATEWAY}/" not in _run("ip", "-4", "-o", "addr", "show", "dev", BRIDGE):
        _run("ip", "addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
    _run("ip", "link", "set", BRIDGE, "up")
    _run("ip", "route", "replace", SERVICES, "dev", BRIDGE)
    _run("sysctl", "-qw", "net.ipv4.ip_forward=1", "fs.inotify.max_user_instances=1024")


def down() -> None:
    """Bridge, veths, routes, kube-proxy's tables, the rules that CNI made; then the settings as they were."""
    for line in _run("ip", "-o", "link", "show", "master", BRIDGE, check=False).splitlines():
        _run("ip", "link", "delete", line.split(": ")[1].partition("@")[0], check=False)
    if _exists():
        _run("ip", "link", "delete", BRIDGE)
    for table in PROXY_TABLES:
        _run("nft", "delete", "table", *table.split(), check=False)
    for removal in rules.removals(_nat_rules(), CNI_NETWORK):
        _run("iptables", "-t", "nat", *removal, check=False)
    _restore()


def remains() -> list[str]:
    """What `down` should have removed and did not."""
    tables = _tables()
    checks: dict[str, Callable[[], bool]] = {
        f"bridge {BRIDGE}": _exists,
        f"route {SERVICES}": lambda: bool(_run("ip", "route", "show", SERVICES)),
        "tables of kube-proxy": lambda: any(table in tables for table in PROXY_TABLES),
        "CNI's rules": lambda: bool(rules.removals(_nat_rules(), CNI_NETWORK)),
    }
    return [what for what, there in checks.items() if there()]


def _remember() -> None:
    if BEFORE.is_file():
        return
    BEFORE.parent.mkdir(parents=True, exist_ok=True)
    settings = {name: _setting(name).read_text().strip() for name in CHANGED_SETTINGS}
    BEFORE.write_text(json.dumps({"tables": _tables(), "settings": settings}))


def _restore() -> None:
    """A table that is new is removed only if nobody put a rule of their own into it meanwhile."""
    if not BEFORE.is_file():
        return
    before = json.loads(BEFORE.read_text())
    for table in _tables():
        if table not in before["tables"] and rules.is_bare(_run("nft", "list", "table", *table.split())):
            _run("nft", "delete", "table", *table.split())
    for name, value in before["settings"].items():
        _setting(name).write_text(value)


def _exists() -> bool:
    return Path(f"/sys/class/net/{BRIDGE}").exists()


def _tables() -> list[str]:
    return [line.removeprefix("table ") for line in _run("nft", "list", "tables").splitlines()]


def _nat_rules() -> str:
    return _run("iptables-save", "-t", "nat", check=False)


def _setting(name: str) -> Path:
    return Path("/proc/sys") / name.replace(".", "/")


def _run(*command: str, check: bool = True) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        if check:
            raise SetupError(f"{command[0]} is not installed") from error
        return ""
    if check and done.returncode:
        raise SetupError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout
