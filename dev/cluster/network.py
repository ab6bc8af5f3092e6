"""The bridge that Pods hang on, and what is left of one.

The bridge comes first, so that the API server can advertise an address that Pods reach. The Service range is routed to
it before kube-proxy runs: an address that no rule translates dies here and not on the outer network.
"""

import shlex
import subprocess
from pathlib import Path

from dev.cluster.addresses import BRIDGE, GATEWAY
from dev.cluster.control_plane import SERVICES
from dev.cluster.progress import SetupError


def up() -> None:
    """Idempotent."""
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
    if f"{GATEWAY}/" not in _run("ip", "-4", "-o", "addr", "show", "dev", BRIDGE):
        _run("ip", "addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
    _run("ip", "link", "set", BRIDGE, "up")
    _run("ip", "route", "replace", SERVICES, "dev", BRIDGE)
    _run("sysctl", "-qw", "net.ipv4.ip_forward=1", "fs.inotify.max_user_instances=1024")


def down() -> None:
    """Bridge, veths, routes, kube-proxy's tables, the rules that CNI made."""
    for line in _run("ip", "-o", "link", "show", "master", BRIDGE, check=False).splitlines():
        _run("ip", "link", "delete", line.split(": ")[1].partition("@")[0], check=False)
    _run("ip", "link", "delete", BRIDGE, check=False)
    for family in ("ip", "ip6"):
        _run("nft", "delete", "table", family, "kube-proxy", check=False)
    _remove_cni_rules()


def _remove_cni_rules() -> None:
    """Masquerading leaves a chain for each Pod, and a jump to it."""
    rules = _run("iptables-save", "-t", "nat", check=False).splitlines()
    for rule in rules:
        if rule.startswith("-A ") and "CNI-" in rule:
            _run("iptables", "-t", "nat", "-D", *shlex.split(rule.removeprefix("-A ")), check=False)
    for rule in rules:
        if rule.startswith(":CNI-"):
            _run("iptables", "-t", "nat", "-X", rule[1:].split()[0], check=False)


def _run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SetupError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout
