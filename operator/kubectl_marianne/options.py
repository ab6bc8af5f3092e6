"""Flags that verbs share, named as kubectl's, and how a verb gets them: one `Options` instead of ten parameters."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, Literal

import typer

from kubectl_marianne import exits

Output = Literal["wide", "json", "yaml", "name"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said; a flag that a verb does not take has its default."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None
    as_user: str | None = None
    as_group: tuple[str, ...] = ()
    request_timeout: str | None = None
    operator_namespace: str = "marianne-system"
    no_color: bool = False
    verbose: bool = False
    all_namespaces: bool = False
    selector: str | None = None
    output: Output | None = None


CLUSTER: Final = (
    "namespace",
    "context",
    "kubeconfig",
    "as_user",
    "as_group",
    "request_timeout",
    "operator_namespace",
    "no_color",
    "verbose",
)
SELECTION: Final = ("all_namespaces", "selector")
OUTPUT: Final = ("output",)

_FLAGS: Final[dict[str, Any]] = {
    "namespace": Annotated[str | None, typer.Option("--namespace", "-n", help="Instead of the context's own.")],
    "context": Annotated[str | None, typer.Option("--context", help="The kubeconfig's context.")],
    "kubeconfig": Annotated[str | None, typer.Option("--kubeconfig", help="Instead of $KUBECONFIG.")],
    "as_user": Annotated[str | None, typer.Option("--as", help="Act as this user.")],
    "as_group": Annotated[list[str] | None, typer.Option("--as-group", help="Act as this group; repeatable.")],
    "request_timeout": Annotated[str | None, typer.Option("--request-timeout", help="Of one request, as 10s or 1m.")],
    "operator_namespace": Annotated[
        str,
        typer.Option("--operator-namespace", envvar="MARIANNE_NAMESPACE", help="Where the conductor's Lease is."),
    ],
    "no_color": Annotated[bool, typer.Option("--no-color", help="Plain ASCII, as with NO_COLOR.")],
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="Say each request on stderr.")],
    "all_namespaces": Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of every namespace.")],
    "selector": Annotated[str | None, typer.Option("--selector", "-l", help="By labels: key=value,...")],
    "output": Annotated[Output | None, typer.Option("--output", "-o", help="How to print it.")],
}

SCORE = Annotated[str, typer.Argument(metavar="SCORE.yaml|-", help="A score, or a MarianneJob that holds one.")]
NAME = Annotated[str | None, typer.Option("--name", help="The job's; else the score's name, made unique by run.")]
WORKSPACE = Annotated[
    str | None, typer.Option("--workspace", "-w", metavar="CLAIM[/FOLDER]", help="An existing claim; else one is made.")
]
START_SHEET = Annotated[int | None, typer.Option("--start-sheet", "-s", min=1, help="Earlier sheets count as done.")]
SELF_HEALING = Annotated[bool, typer.Option("--self-healing", "-H", help="Sets spec.selfHealing.")]

Verb = Callable[..., Awaitable[int]]


def verb(*groups: tuple[str, ...]) -> Callable[[Verb], Callable[..., None]]:
    """What typer runs for `async def command(options, ...) -> int`: its own parameters, then the groups' flags."""
    names = [name for group in groups for name in group]

    def decorate(function: Verb) -> Callable[..., None]:
        own = list(inspect.signature(function).parameters.values())[1:]

        def run(**values: Any) -> None:  # noqa: ANN401  (typer gives what the signature below asks for)
            from kubectl_marianne.process import ended  # noqa: PLC0415  (asyncio and httpx: not for --help)

            options = _options({name: values.pop(name) for name in names})
            raise typer.Exit(ended(lambda: function(options, **values), options))

        defaults = {field.name: field.default for field in fields(Options)} | {"as_group": None}
        flags = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=_FLAGS[name])
            for name in names
        ]
        keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        run.__signature__ = inspect.Signature([*keywords, *flags])  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in (*keywords, *flags)}
        run.__doc__, run.__module__, run.__name__ = function.__doc__, function.__module__, function.__name__
        return run

    return decorate


def _options(values: dict[str, Any]) -> Options:
    if "as_group" in values:
        values["as_group"] = tuple(values["as_group"] or ())
    return Options(**values)


def refuse(message: str) -> typer.Exit:
    """To be raised for arguments that do not go together: said on stderr, exit code 2."""
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(exits.USAGE)


def check_look(options: Options, job: str | None, shown_as: str) -> None:
    """Of verbs that look at one job, or at all that are chosen, and print no Kubernetes object; raises `typer.Exit`."""
    if options.output in ("name", "wide"):
        raise refuse(shown_as)
    check_named(options, job)


def check_named(options: Options, job: str | None) -> None:
    """Nothing else chooses jobs where one is named; raises `typer.Exit`."""
    if job is not None and (options.all_namespaces or options.selector):
        raise refuse("a job is named, so neither --all-namespaces nor --selector can choose others")
