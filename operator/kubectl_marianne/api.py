"""`kubectl marianne api`: the HTTP API on this machine, with the user's own rights."""

from pathlib import Path
from typing import Annotated

import typer

from kubectl_marianne.options import CLUSTER, Options, verb


@verb(CLUSTER)
async def command(
    options: Options,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 0,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="Where the token is written, for scripts; else a new file.")
    ] = None,
) -> int:
    """On 127.0.0.1 alone. Prints the address and a token, which each request needs as `Authorization: Bearer`."""
    from kubectl_marianne.api_local import serve_local  # noqa: PLC0415  (fastapi: not for --help)

    return await serve_local(options, port, token_file)
