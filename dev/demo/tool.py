"""`kubectl marianne` as a newcomer types it: each command is shown before it is run, and speaks for itself."""

import os
import shutil
import subprocess
import sys
from typing import Final

from dev.cluster.progress import SetupError, say
from dev.demo.access import Access
from dev.demo.jobs import AGAIN, NAMESPACE, REVIEW, TREE

HERE: Final = ("-n", NAMESPACE)


def shown(*words: str) -> str:
    """A command that can be pasted: kubectl finds its plugin by the PATH."""
    return " ".join(("kubectl marianne" if shutil.which("kubectl") else "kubectl-marianne", *words, *HERE))


def type_and_run(access: Access, *words: str) -> None:
    """On this terminal; raises `SetupError` where its exit code is not 0."""
    say(f"\n$ {shown(*words)}")
    environment = {**os.environ, **({"KUBECONFIG": str(access.kubeconfig)} if access.kubeconfig else {})}
    command = [sys.executable, "-m", "kubectl_marianne", *words, *HERE]
    code = subprocess.run(command, cwd=TREE, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        raise SetupError(f"{shown(*words)} ended with exit code {code}")


def what_next(access: Access) -> list[str]:
    """Commands to be pasted, in an order that makes sense."""
    commands = [
        ("what this cluster and you lack", ("doctor",)),
        ("all jobs", ("status",)),
        ("every sheet, and its attempts", ("tree", REVIEW.name, "--all")),
        ("what went wrong on the way", ("errors", REVIEW.name)),
        ("a sheet's log", ("logs", REVIEW.name, "-s", "1")),
        ("play it again under another name", ("run", REVIEW.file, "--name", AGAIN)),
        ("pause it, go on, end it", ("pause", AGAIN)),
        ("", ("resume", AGAIN)),
        ("", ("cancel", AGAIN)),
    ]
    path = f'export PATH="{TREE / ".venv" / "bin"}:$PATH"'
    where = [path, *([f"export KUBECONFIG={access.kubeconfig}"] if access.kubeconfig else [])]
    lines = [shown(*words) + (f"   # {what}" if what else "") for what, words in commands]
    return ["", "What to try next:", *(f"  {each}" for each in (*where, *lines, "make cluster-down"))]
