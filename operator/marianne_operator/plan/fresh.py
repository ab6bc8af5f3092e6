"""Which run begins afresh: the job's first, from its first sheet on.

A job starts without any state, which is what `--fresh` makes of one in Marianne. With `spec.startSheet` the job builds
on what earlier sheets left, and a restart on what its own did: neither is a fresh one.
"""

from marianne_operator.plan.draft import Draft


def is_fresh(draft: Draft) -> bool:
    """The same for every attempt of a run, however late, and whatever the spec says meanwhile."""
    return draft.status.run == 1 and not any(sheet.state == "completed" and not sheet.attempt for sheet in draft.sheets)
