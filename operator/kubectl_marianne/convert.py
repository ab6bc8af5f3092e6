"""`kubectl marianne convert SCORE.yaml`: the MarianneJob of a score, for Git."""

from typing import TYPE_CHECKING, Final

from kubectl_marianne import exits
from kubectl_marianne.options import NAME, SCORE, SELF_HEALING, START_SHEET, WORKSPACE, Options, verb

if TYPE_CHECKING:
    from kubectl_marianne.score_file import ScoreFile

NAMESPACE: Final = ("namespace",)


@verb(NAMESPACE)
async def command(
    options: Options,
    score: SCORE,
    name: NAME = None,
    workspace: WORKSPACE = None,
    start_sheet: START_SHEET = None,
    self_healing: SELF_HEALING = False,
) -> int:
    """No cluster is asked. `convert SCORE | kubectl apply -f -` does what `run` does, under the score's own name."""
    import sys  # noqa: PLC0415  (not for --help)

    from kubectl_marianne.output import complain  # noqa: PLC0415
    from kubectl_marianne.score_file import ScoreFileError, Wanted, read  # noqa: PLC0415
    from kubectl_marianne.submission import manifest, prepare  # noqa: PLC0415
    from marianne_client.submission import WorkspaceError  # noqa: PLC0415

    try:
        file = read(score)
        wanted = Wanted("default", options.namespace, name, workspace, start_sheet, self_healing)
        job = await prepare(file, wanted)
    except (ScoreFileError, WorkspaceError) as error:
        complain(f"error: {error}")
        return exits.USAGE
    if job is None:
        return exits.ERROR
    text = manifest(job, keep_namespace=options.namespace is not None or _names_one(file))
    sys.stdout.buffer.write(text.encode())  # a file for kubectl, whatever this terminal's locale is
    sys.stdout.buffer.flush()
    return exits.OK


def _names_one(file: "ScoreFile") -> bool:
    return bool(((file.job or {}).get("metadata") or {}).get("namespace"))
