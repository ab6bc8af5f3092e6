"""`kubectl marianne doctor`: what this cluster and this user lack, each thing by its name."""

from kubectl_marianne import exits
from kubectl_marianne.options import CLUSTER, Options, verb


@verb(CLUSTER)
async def command(options: Options) -> int:
    """Exit code 1 where something is missing; a warning alone is none. Nothing is changed."""
    from kubectl_marianne.doctor_look import examine  # noqa: PLC0415  (httpx: not for --help)
    from kubectl_marianne.doctor_remarks import as_lines  # noqa: PLC0415
    from kubectl_marianne.output import show  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415

    async with session(options) as opened:
        remarks = await examine(opened)
        show(as_lines(remarks, opened.screen.signs), opened.screen)
    return exits.ERROR if any(each.level == "missing" for each in remarks) else exits.OK
