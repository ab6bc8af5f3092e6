"""Which lanes there are, in the order in which they run: the quick ones first, those that need a cluster last."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Need = Literal["nothing", "programs", "cluster"]
"""`programs`: those of a control plane, built. `cluster`: a node, the images, and the operator installed."""

PYTEST: Final = ("python", "-m", "pytest", "-q")


@dataclass(frozen=True, slots=True)
class Lane:
    """`checks` are programs of the Python environment; one that is pytest reports its own numbers."""

    name: str
    checks: tuple[tuple[str, ...], ...]
    needs: Need = "nothing"


ALL: Final = (
    Lane("lint", (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("lint-imports",))),
    Lane("types", (("mypy",), ("mypy", "images/agent/scripted_agent.py"))),
    Lane("unit", ((*PYTEST, "tests/unit", "tests/cluster_tool"),)),
    Lane("simulation", ((*PYTEST, "tests/simulation"),)),
    Lane("conformance", ((*PYTEST, "tests/conformance"),)),
    Lane("apiserver", ((*PYTEST, "tests/apiserver"),), needs="programs"),
    Lane("cluster", ((*PYTEST, "tests/cluster"),), needs="cluster"),
)


CONFORMANCE: Final = "MARIANNE_CONFORMANCE_DIR"
CONFORMANCE_FOLDER: Final = Path("../shared/conformance")
"""Where the data lies if nobody says where, seen from the repository."""


class UnknownLaneError(ValueError):
    """There is no lane of that name."""


def chosen(environment: Mapping[str, str] = os.environ) -> Sequence[Lane]:
    """`LANES=unit,simulation`: those, in their own order; all where nothing is said. Raises `UnknownLaneError`."""
    names = {name for name in environment.get("LANES", "").replace(",", " ").split() if name}
    known = {lane.name for lane in ALL}
    if unknown := sorted(names - known):
        raise UnknownLaneError(f"LANES: no lane {', '.join(unknown)}; there are {', '.join(lane.name for lane in ALL)}")
    return [lane for lane in ALL if not names or lane.name in names]


def nothing_to_check(lane: Lane, tree: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Why this lane cannot be asked for here: its data is no part of the repository. Empty if it can.

    Where the caller says where the data is, a lane without it fails like any other.
    """
    if lane.name != "conformance" or CONFORMANCE in environment or (tree / CONFORMANCE_FOLDER).is_dir():
        return ""
    return f"not run: no folder {CONFORMANCE_FOLDER}, and {CONFORMANCE} names no other"


def deselected(lanes: Sequence[Lane]) -> list[str]:
    """Names of those that do not run, because the caller wants it so."""
    return [lane.name for lane in ALL if lane not in lanes]
