"""`python -m tests.bench.measure`: the operator beside the floor, in the same run on the same API server.

Each case is given to one, then to the other, and again for each round; what else the machine does meets both.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from dev.cluster.control_plane import ControlPlane
from dev.cluster.progress import say, step
from tests.apiserver.install import TREE, Installation, install, install_crds
from tests.bench import contenders
from tests.bench.contenders import NAMESPACE, Contender
from tests.bench.figures import table
from tests.bench.run import Bench, Sum, figures
from tests.simulated_kubelet.api import Api

CASES: Final = {"one chain of 10": (1, 10), "20 chains of 10": (20, 10), "100 jobs of one sheet": (100, 1)}
"""(chains, length)."""


def main() -> int:
    """Prints a table for each case; `--json` keeps the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.measure", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plane = ControlPlane(Path(folder) / "plane")
        with step("control plane"):
            plane.start()
            install_crds(plane)
        try:
            found = asyncio.run(measure(Path(folder), plane, arguments.rounds))
        finally:
            plane.stop()
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


async def measure(folder: Path, plane: ControlPlane, rounds: int) -> dict[str, dict[str, Any]]:
    """Figures by case and contender, printed on the way."""
    installation = install(plane)
    async with Api(plane.kubeconfig) as api:
        await contenders.prepare(api)
        with _kubelet(plane, folder) as log:
            async with _contenders(installation, plane, folder) as pair:
                bench = Bench(api, plane.audit_log, log)
                for contender in pair:
                    await bench.run(contender, f"warm-{contender.name}", 1, 2, Sum())
                return {case: await _case(bench, pair, case, rounds) for case in CASES}


async def _case(bench: Bench, pair: tuple[Contender, Contender], case: str, rounds: int) -> dict[str, Any]:
    totals = {contender.name: Sum() for contender in pair}
    count, length = CASES[case]
    for number in range(rounds):
        for contender in pair:
            name = f"{contender.name}-{count}-{number}"
            await bench.run(contender, name, count, length, totals[contender.name])
    found = {contender.name: figures(contender, totals[contender.name]) for contender in pair}
    say(table(case, found["floor"], found["operator"]))
    for name, total in totals.items():
        per_pod = {what: round(number / len(total.pods), 2) for what, number in total.calls.most_common()}
        say(f"  calls per Pod, {name}: {per_pod}")
    say("")
    return {name: asdict(each) for name, each in found.items()}


@contextmanager
def _kubelet(plane: ControlPlane, folder: Path) -> Iterator[Path]:
    """Its log, while it runs."""
    log = folder / "kubelet.jsonl"
    kubeconfig = plane.kubeconfig_for("simulated-kubelet", ("system:masters",))
    command = [sys.executable, "-m", "tests.simulated_kubelet", f"--kubeconfig={kubeconfig}"]
    process = subprocess.Popen(
        [*command, f"--namespace={NAMESPACE}", f"--log={log}"],
        cwd=TREE,
        env={"PYTHONPATH": f"{TREE}:{TREE / 'operator'}"},
        stdout=subprocess.PIPE,
    )
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the simulated kubelet did not start")
        yield log
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def _contenders(
    installation: Installation, plane: ControlPlane, folder: Path
) -> AsyncIterator[tuple[Contender, Contender]]:
    """Both, running."""
    floor, floor_process = contenders.floor(plane.kubeconfig_for("floor", ("system:masters",)), folder / "floor.log")
    operator, operator_process = await contenders.operator(installation, folder)
    try:
        yield floor, operator
    finally:
        floor_process.terminate()
        floor_process.wait()
        await operator_process.stop()


if __name__ == "__main__":
    sys.exit(main())
