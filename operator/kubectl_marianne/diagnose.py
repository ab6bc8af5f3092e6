"""`kubectl marianne diagnose`."""

from typing import Annotated

import typer

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, OUTPUT, SELECTION, Options, check_look, verb


@verb(CLUSTER, SELECTION, OUTPUT)
async def command(
    options: Options,
    job: Annotated[str | None, typer.Argument(help="Look at this one.", metavar="JOB", show_default=False)] = None,
) -> int:
    """Without JOB: which jobs stand still. Fixed rules over what you may read; looking succeeds whatever is found."""
    check_look(options, job, "a diagnosis is a page, or an object with -o json or yaml")
    from kubectl_marianne.diagnose_look import examine  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.fetch import job_rows, look  # noqa: PLC0415
    from kubectl_marianne.layout_diagnosis import as_object, page, stuck, stuck_lines, stuck_object  # noqa: PLC0415
    from kubectl_marianne.output import complain, show, show_object  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415

    async with session(options) as opened:
        seen = look(opened, opened.screen)
        facts = None if job is None else await examine(opened, job)
        rows = stuck((await job_rows(opened))[0]) if job is None else []
        if options.output is not None:
            told = stuck_object(rows) if facts is None else as_object(facts)
            show_object(options.output, told)
        elif facts is not None:
            show(page(facts, seen), opened.screen)
        elif rows:
            show(stuck_lines(rows, seen, namespaces=options.all_namespaces), opened.screen)
        else:
            complain("Nothing stands still.")
        return exits.OK
