"""`kubectl marianne version`: of this program, of the operator, and of the API between them."""

from typing import Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, OUTPUT, Options, refuse, verb


@verb(CLUSTER, OUTPUT)
async def command(
    options: Options,
    client: Annotated[bool, typer.Option("--client", help="Only of this program; no cluster is asked.")] = False,
) -> int:
    """The operator's is read from its Lease."""
    if options.output not in (None, "json", "yaml"):
        raise refuse("-o is one of json, yaml")
    from kubectl_marianne.lines import line  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.output import complain, show, show_object, standard_screen  # noqa: PLC0415
    from kubectl_marianne.process import told as explained  # noqa: PLC0415
    from marianne_client.errors import UnreachableError  # noqa: PLC0415
    from marianne_client.kubeconfig import KubeconfigError  # noqa: PLC0415
    from marianne_client.submission import API_VERSION  # noqa: PLC0415
    from marianne_operator import __version__  # noqa: PLC0415

    told, code = {"client": __version__, "api": API_VERSION}, exits.OK
    if not client:
        try:
            told["operator"] = await _operator(options)
        except (UnreachableError, KubeconfigError) as error:  # this program has its version all the same
            complain(explained(error))
            code = exits.ERROR
    if options.output:
        show_object(options.output, told)
    else:
        show([line(f"{key:<10}{value}") for key, value in told.items()], standard_screen(no_color=options.no_color))
    return code


async def _operator(options: Options) -> str:
    from kubectl_marianne.fetch import conductor  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415

    async with session(options) as opened:
        found = await conductor(opened)
    return found if isinstance(found, str) else str(found.version or "unknown")
