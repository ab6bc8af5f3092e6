"""What the runner's start costs over Python's own: `python -m tests.bench.runner_startup`.

The least of many runs counts: a loaded machine adds, and takes nothing away. Everything is compiled before, as in the
image.
"""

import compileall
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jinja2
import markupsafe

OPERATOR = Path(__file__).parents[2] / "operator"
RUNS = 30
GOAL_MILLISECONDS = 80.0
PROGRAMS = {
    "python -c pass": "pass",
    "the runner, a plain template": "import marianne_runner.__main__",
    "the runner, a template with variables": (
        "import marianne_runner.__main__; from marianne_runner.render import _rendered; _rendered('{{ a }}', {'a': 1})"
    ),
}


def measure(program: str, environment: dict[str, str]) -> tuple[float, float]:
    """Milliseconds: wall and CPU, the least of each."""
    least = [float("inf"), float("inf")]
    for _ in range(RUNS):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-S", "-c", program], env=environment, check=True)
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        least = [min(least[0], wall * 1000), min(least[1], cpu * 1000)]
    return least[0], least[1]


def main() -> int:
    """Print the figures; 1 where the goal is missed."""
    with tempfile.TemporaryDirectory() as cache:
        packages = [Path(jinja2.__file__).parents[1], Path(markupsafe.__file__).parents[1]]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, [OPERATOR, *packages])),
            "PYTHONPYCACHEPREFIX": cache,
        }
        sys.pycache_prefix = cache
        compileall.compile_dir(OPERATOR / "marianne_runner", quiet=1)
        for program in PROGRAMS.values():
            measure(program, environment)
        figures = {name: measure(program, environment) for name, program in PROGRAMS.items()}
    floor = figures["python -c pass"]
    for name, (wall, cpu) in figures.items():
        print(f"{name:40} {wall:6.1f} ms ({wall - floor[0]:+6.1f})   CPU {cpu:6.1f} ms ({cpu - floor[1]:+6.1f})")
    return int(max(wall for wall, _ in figures.values()) - floor[0] > GOAL_MILLISECONDS)


if __name__ == "__main__":
    sys.exit(main())
