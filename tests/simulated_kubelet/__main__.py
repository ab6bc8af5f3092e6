"""`python -m tests.simulated_kubelet --kubeconfig FILE --namespace NAME --log FILE`: every Pod completes at once.

For the benches: a process of its own, so that its work is not in anybody's figures.
"""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from tests.simulated_kubelet.api import Api
from tests.simulated_kubelet.kubelet import Seen, SimulatedKubelet
from tests.simulated_kubelet.node import Node
from tests.simulated_kubelet.script import COMPLETES
from tests.simulated_kubelet.volumes import Folders


def main() -> int:
    """Until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulated_kubelet", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--log", type=Path, required=True, help="one JSON line for each Pod that is done")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long each container runs")
    arguments = parser.parse_args()
    with arguments.log.open("a", buffering=1) as log:
        asyncio.run(_run(arguments, log))
    return 0


async def _run(arguments: argparse.Namespace, log: TextIO) -> None:
    nowhere = Path("/nonexistent")
    async with Api(arguments.kubeconfig) as api:
        kubelet = SimulatedKubelet(
            api,
            Node(api, f"node-of-{arguments.namespace}"),
            arguments.namespace,
            Folders(nowhere, nowhere),
            choose=lambda _pod: COMPLETES.lasting(arguments.seconds),
            talkative=False,
            log=lambda seen: _write(log, seen),
        )
        running = asyncio.ensure_future(kubelet.run(lambda: print("ready", flush=True)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        try:
            await running
        except asyncio.CancelledError:
            return


def _write(log: TextIO, seen: Seen) -> None:
    log.write(json.dumps(asdict(seen)) + "\n")


if __name__ == "__main__":
    sys.exit(main())
