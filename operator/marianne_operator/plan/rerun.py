"""`spec.onScoreChange: RerunAll`: an edited score begins a run of its own, once what runs of the old one has ended.

Sheets are numbered anew, attempts are not: a number that was ever used names a Pod and a folder of the ledger. Where
the edited score has fewer sheets, `attemptFloor` remembers how far those had come that are no more.
"""

from marianne_operator.model.job import JobView
from marianne_operator.model.names import score_config_map_name
from marianne_operator.model.status import ScoreStatus, SheetStatus
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.fresh import begins_afresh
from marianne_operator.plan.live import Successor
from marianne_operator.plan.observation import ScoreReady, ScoreRefusal
from marianne_operator.plan.restart import begin_next, draining
from marianne_runner.contract import CompiledScore


def successor_of(score: ScoreReady | ScoreRefusal) -> Successor | None:
    """The edited score that is to run, if there is one."""
    return score.edit.successor if isinstance(score, ScoreReady) and score.edit is not None else None


def rerun(draft: Draft) -> None:
    """Begin the run of the edited score; a cancel keeps it back until it is unset."""
    successor, job = successor_of(draft.seen.score), draft.seen.job
    if successor is None or job.spec.cancel:
        return
    if draining(draft, "the score was edited"):
        return
    run = begin_next(draft, job.spec.restart.token if job.spec.restart else draft.status.restart_token)
    draft.sheets, floor = _renumbered(draft, successor)
    draft.score = successor.compiled
    draft.set(
        run_mode="Run",
        fresh=begins_afresh(draft.score, job.spec, None),
        attempt_floor=floor or None,
        hooks=[],
        score=pinned(job, successor.compiled, successor.source),
    )
    draft.tell("ScoreChanged", f"run {run}: the edited score begins, {len(draft.sheets)} sheets")


def _renumbered(draft: Draft, successor: Successor) -> tuple[list[SheetStatus], int]:
    """The sheets of the edited score, and the new floor of attempt numbers."""
    total, start = successor.compiled["total_sheets"], draft.seen.job.spec.start_sheet
    floor = max([draft.status.attempt_floor or 0, *(sheet.attempt for sheet in draft.sheets[total:])])
    sheets = []
    for number in range(1, total + 1):
        old = draft.sheets[number - 1] if number <= len(draft.sheets) else None
        sheets.append(
            SheetStatus(
                num=number,
                state="completed" if number < start else "pending",
                attempt=floor if old is None else old.attempt,
                pod_uid=None if old is None else old.pod_uid,
            )
        )
    return sheets, floor


def pinned(job: JobView, compiled: CompiledScore, source: str) -> ScoreStatus:
    """The score that a run has from its beginning to its end."""
    return ScoreStatus(
        name=compiled["name"][:253],
        digest=compiled["digest"],
        total_sheets=compiled["total_sheets"],
        config_map=score_config_map_name(job.name, job.uid, compiled["digest"]),
        source=source,
    )
