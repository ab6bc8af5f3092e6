"""Which masquerading and port rules belong to this cluster's Pods: read from `iptables-save`, pure.

CNI writes the network's name into the comment of each rule that leads to a chain of a Pod. The chains
`CNI-HOSTPORT-*` are shared by all networks of a machine, so they go only when no other network uses them.
"""

import shlex
from typing import Final

SHARED_PREFIX: Final = "CNI-HOSTPORT-"


def removals(saved: str, network: str) -> list[list[str]]:
    """Arguments of `iptables -t nat`, in the order in which they work: rules first, then their chains."""
    parsed = [shlex.split(line)[1:] for line in saved.splitlines() if line.startswith("-A ")]
    ours = [rule for rule in parsed if f'name: "{network}"' in " ".join(rule)]
    chains = _chains(ours)
    rest = [rule for rule in parsed if rule not in ours]
    orphans = _unused_shared(saved, rest)
    jumps = [rule for rule in rest if _target(rule) in orphans or rule[0] in orphans]
    emptied = [*chains, *orphans]
    return [
        *(["-D", *rule] for rule in [*ours, *jumps] if rule[0] not in chains),
        *(["-F", chain] for chain in chains),
        *(["-X", chain] for chain in emptied),
    ]


def is_bare(listing: str) -> bool:
    """Whether `nft list table` shows nothing but chains without rules."""
    noise = ("table ", "chain ", "type ", "}", "#")
    return all(not line.strip() or line.strip().startswith(noise) for line in listing.splitlines())


def _chains(rules: list[list[str]]) -> list[str]:
    """Those of single Pods, which our rules lead to or stand in."""
    named = {name for rule in rules for name in (rule[0], _target(rule)) if name.startswith("CNI-")}
    return sorted(name for name in named if not name.startswith(SHARED_PREFIX))


def _unused_shared(saved: str, rest: list[list[str]]) -> list[str]:
    """The shared chains, if no foreign Pod's chain is reached from one."""
    declared = [line[1:].split()[0] for line in saved.splitlines() if line.startswith(f":{SHARED_PREFIX}")]
    foreign = any(rule[0].startswith(SHARED_PREFIX) and _target(rule).startswith("CNI-DN-") for rule in rest)
    return [] if foreign else declared


def _target(rule: list[str]) -> str:
    return rule[rule.index("-j") + 1] if "-j" in rule else ""
