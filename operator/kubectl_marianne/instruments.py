"""`kubectl marianne instruments`: what scores can be played on here."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, OUTPUT, SELECTION, Options, refuse, verb


@verb(CLUSTER, SELECTION, OUTPUT)
async def command(
    options: Options,
    name: Annotated[
        str | None,
        typer.Argument(
            help="Only this one, as a score or as the cluster spells it.", metavar="NAME", show_default=False
        ),
    ] = None,
) -> int:
    """One that is named and not there is a failure."""
    if name is not None and options.selector:
        raise refuse("an instrument is named, so --selector cannot choose others")
    from kubectl_marianne.fetch import look  # noqa: PLC0415  (not for --help)
    from kubectl_marianne.instruments_look import found_instruments, instruments  # noqa: PLC0415
    from kubectl_marianne.layout_instruments import instrument_table  # noqa: PLC0415
    from kubectl_marianne.output import complain, show, show_objects, tell  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415

    async with session(options) as opened:
        listed = await instruments(opened, name)
        if options.output in ("json", "yaml"):
            bodies: list[Mapping[str, Any]] = [each.body for each in listed]
            if bodies or name is None:
                show_objects(options.output, bodies, one=name is not None and len(bodies) == 1)
        elif options.output == "name":
            for each in listed:
                tell(each.reference)
        elif listed:
            found = await found_instruments(opened, listed)
            show(instrument_table(found, look(opened, opened.screen), namespaces=options.all_namespaces), opened.screen)
        if not listed:
            complain(f"Instrument {name!r} not found" if name else "No instruments found.")
        return exits.ERROR if name is not None and not listed else exits.OK
