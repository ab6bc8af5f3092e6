"""The verbs, and how little of them is loaded: the chosen one's module alone, for `--help` is asked all the time."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import typer


@dataclass(frozen=True, slots=True)
class Verb:
    """One line for the list of verbs, and examples for its own help. It is `command` of `kubectl_marianne.<module>`."""

    module: str
    summary: str
    examples: tuple[str, ...]


VERBS: Final[dict[str, Verb]] = {
    "run": Verb(
        "run",
        "Check a score, make a job of it, and follow it if asked to.",
        ("run song.yaml --workspace work --watch", "run song.yaml --wait --timeout 1h", "run - --dry-run < song.yaml"),
    ),
    "convert": Verb(
        "convert",
        "Print the MarianneJob of a score, for Git.",
        ("convert song.yaml > job.yaml", "convert song.yaml | kubectl apply -f -"),
    ),
    "lint": Verb("lint", "Check a score without a cluster.", ("lint song.yaml", "lint song.yaml -o sarif")),
    "status": Verb(
        "status",
        "List jobs, or look at one.",
        ("status -A", "status review-k2 -w", "status --waiting", "status review-k2 -o yaml"),
    ),
    "tree": Verb("tree", "A job's movements, voices and attempts.", ("tree review-k2", "tree review-k2 --all")),
    "sheet": Verb(
        "sheet",
        "All details of one sheet.",
        ("sheet review-k2 3", "sheet review-k2 3 --attempts", "sheet review-k2 3 --attempts --evidence"),
    ),
    "errors": Verb("errors", "What went wrong in a job.", ("errors review-k2",)),
    "diagnose": Verb("diagnose", "Why a job does not go on.", ("diagnose", "diagnose review-k2")),
    "top": Verb("top", "What jobs use: Pods, CPU, memory, tokens, cost.", ("top", "top review-k2", "top -A -o json")),
    "logs": Verb("logs", "What the sheets print, across attempts.", ("logs review-k2 -f", "logs review-k2 -s 3")),
    "pause": Verb("pause", "Start no more sheets.", ("pause review-k2", "pause -l team=web --wait")),
    "resume": Verb("resume", "Go on; of a failed job, again what failed.", ("resume review-k2",)),
    "restart": Verb(
        "restart",
        "Begin a job's next run: what failed, from a sheet on, or all.",
        ("restart review-k2", "restart review-k2 --from-sheet 3", "restart review-k2 --validate-only --wait"),
    ),
    "cancel": Verb("cancel", "End jobs for good.", ("cancel review-k2", "cancel review-k2 --now -y")),
    "approve": Verb(
        "approve",
        "Decide about a sheet that waits for a person.",
        ("approve review-k2 3", "approve review-k2 3 --reject", "approve review-k2 3 --decision retry"),
    ),
    "wait": Verb("wait", "Wait for a job; its ending is the exit code.", ("wait review-k2 --timeout 1h",)),
    "files": Verb(
        "files",
        "What the sheets made: list, print and copy.",
        ("files review-k2 ls", "files review-k2 cat report.md", "files review-k2 cp report.md ."),
    ),
    "instruments": Verb(
        "instruments", "What scores can be played on here.", ("instruments", "instruments claude_cli -o yaml")
    ),
    "doctor": Verb("doctor", "What this cluster and this user lack.", ("doctor", "doctor --as jane")),
    "version": Verb("version", "Of this program and of the operator.", ("version", "version -o json")),
    "api": Verb("api", "The HTTP API on this machine, with your own rights.", ("api", "api --port 8080")),
}

PROGRAM: Final = "kubectl marianne"


def application(arguments: Sequence[str]) -> typer.Typer:
    """All verbs by name, of which the one that `arguments` choose can be run."""
    chosen = next((each for each in arguments if not each.startswith("-")), None)
    app = typer.Typer(
        name=PROGRAM,
        help="Run Marianne scores on Kubernetes: see them, steer them, read what they say.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_keep_verbs_apart)
    for name, verb in VERBS.items():
        callback = _load(verb) if name == chosen else _unloaded
        told = f"{verb.summary}\n\n{callback.__doc__}"
        app.command(name, short_help=verb.summary, help=told, epilog=_examples(verb))(callback)
    return app


def _keep_verbs_apart() -> None:
    """Without a callback typer would run an only verb without its name."""


def _unloaded() -> None:
    """Stands for a verb that was not chosen."""


def _load(verb: Verb) -> Any:  # noqa: ANN401  (a module's attribute has no type)
    return importlib.import_module(f"kubectl_marianne.{verb.module}").command


def _examples(verb: Verb) -> str:
    """A backspace keeps the lines of a paragraph as they are."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {PROGRAM} {each}" for each in verb.examples)])
