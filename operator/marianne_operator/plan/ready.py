"""Which sheets may start now (semantics §2.2, §4.4, §2.9).

Not parallel, or no dependencies written: one sheet at a time, in number order, and a sheet that waits for its retry
keeps its turn. Parallel: a rolling window of `max_concurrent` Pods, ascending; a waiting sheet holds no place in it.
"""

from collections.abc import Iterable

from marianne_operator.model.status import SheetStatus
from marianne_operator.plan.clock import seconds, stamp
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.uncharged import refuses


def needs(draft: Draft, number: int) -> Iterable[int]:
    """What sheet `number` waits for; without any written dependency, the sheet before it."""
    if draft.score["dependencies_declared"]:
        return draft.score["sheets"][number - 1]["needs"]
    return (number - 1,) if number > 1 else ()


def startable(draft: Draft) -> list[SheetStatus]:
    """The sheets whose turn it is, in the order to start them; more than fit, because some may have to wait."""
    limit = _window(draft)
    if _free(draft) <= 0 or _pausing(draft) or any(refuses(sheet) for sheet in draft.sheets):
        return []
    open_sheets = [sheet for sheet in draft.sheets if not sheet.terminal and not sheet.active and not sheet.asleep]
    if limit == 1:
        open_sheets = _one(draft, open_sheets)
    return [sheet for sheet in open_sheets if _satisfied(draft, sheet) and _due(draft, sheet)]


def fitting(draft: Draft, sheets: list[SheetStatus]) -> list[SheetStatus]:
    """Of these, which can all be started, those to start now. The caller starts them: the stagger counts from now."""
    return _staggered(draft, sheets[: _free(draft)])


def _free(draft: Draft) -> int:
    return _window(draft) - sum(sheet.active for sheet in draft.sheets)


def _window(draft: Draft) -> int:
    parallel = draft.score["parallel"]
    claim = draft.seen.claim
    one_node_one_pod = claim is not None and claim.access_modes == ("ReadWriteOncePod",)
    if not parallel["enabled"] or not draft.score["dependencies_declared"] or one_node_one_pod:
        return 1
    return parallel["max_concurrent"]


def _one(draft: Draft, open_sheets: list[SheetStatus]) -> list[SheetStatus]:
    """A sheet that was begun goes on before another begins; else the lowest that is ready."""
    begun = [sheet for sheet in open_sheets if sheet.state in ("retry_scheduled", "waiting")]
    return (begun or [sheet for sheet in open_sheets if _satisfied(draft, sheet)])[:1]


def _satisfied(draft: Draft, sheet: SheetStatus) -> bool:
    """To be judged again needs nobody else's work."""
    return draft.validates_only or all(draft.sheets[number - 1].satisfied for number in needs(draft, sheet.num))


def _due(draft: Draft, sheet: SheetStatus) -> bool:
    if sheet.next_retry_at is None:
        return True
    due = seconds(sheet.next_retry_at)
    if draft.now < due:
        draft.wake_at(due)
    return draft.now >= due


def _pausing(draft: Draft) -> bool:
    """`pause_between_sheets_seconds` after the last sheet that was performed to its end."""
    pause = draft.score["pause_between_sheets_seconds"]
    performed = [sheet for sheet in draft.sheets if sheet.completed_at and sheet.state != "skipped"] if pause else []
    ends = [seconds(sheet.completed_at) for sheet in performed if sheet.completed_at]
    return bool(ends) and _not_before(draft, max(ends) + pause)


def _staggered(draft: Draft, sheets: list[SheetStatus]) -> list[SheetStatus]:
    """`stagger_delay_ms` between launches: one of them now, the next when it is due."""
    stagger = draft.score["parallel"]["stagger_delay_ms"] / 1000
    if not stagger or not sheets or _window(draft) == 1:
        return sheets
    last = draft.status.last_launch_time
    if last is not None and _not_before(draft, seconds(last) + stagger):
        return []
    draft.set(last_launch_time=stamp(draft.now))
    if len(sheets) > 1:
        draft.wake_at(draft.now + stagger)
    return sheets[:1]


def _not_before(draft: Draft, moment: float) -> bool:
    if draft.now < moment:
        draft.wake_at(moment)
    return draft.now < moment
