"""Which run begins afresh: the job's first, and one that a restart begins with every sheet.

A job starts without any state, which is what `--fresh` makes of one in Marianne. With `spec.startSheet` it builds on
what earlier sheets left, and every other restart on what its own run made: neither is a fresh run. It is latched when
the run begins, since an edit of the spec must not have an archive take what the run has made so far.
"""

from marianne_operator.model.spec import JobSpec, Restart
from marianne_runner.contract import CompiledScore


def begins_afresh(score: CompiledScore, spec: JobSpec, restart: Restart | None) -> bool:
    """`restart`: what begins the run, if not the job itself. Only where the score makes something of it."""
    if "archive" not in score or spec.start_sheet > 1:
        return False
    return restart is None or (restart.scope == "All" and restart.mode == "Run")
