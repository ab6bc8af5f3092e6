"""The parts of an edited score that count at once (decision 022): how long and how dearly to try, never what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from marianne_runner.contract import CompiledScore, Performer

PARTS: Final = ("cost_limits", "retry", "rate_limit")
"""Keys of a compiled score that are taken whole."""
CONCURRENT: Final = "parallel.max_concurrent"
TIMEOUTS: Final = "timeouts"
WORDS: Final = "detection_patterns"
RERUN: Final = "spec.onScoreChange: RerunAll"
LIMITS_TAKEN: Final = "LimitsTaken"
ALWAYS_OTHER: Final = frozenset({*PARTS, "digest", "performers", "sheets", "parallel", "warnings", "without_effect"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept of an edited score."""

    parts: Mapping[str, Any]
    max_concurrent: int
    timeouts: tuple[tuple[float | None, ...], ...]
    """By sheet: of each instrument of its chain."""


@dataclass(frozen=True, slots=True)
class Successor:
    """The edited score itself; `text` and `source` as those of a pinned one."""

    compiled: CompiledScore
    text: str
    source: str
    stored: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """The spec holds another score than the pinned one."""

    limits: Limits | None = None
    taken: tuple[str, ...] = ()
    """Which limits differ, and count."""
    rest: bool = True
    """Something else differs, too, and waits."""
    problem: str = ""
    """Why it is none that could be taken from."""
    successor: "Successor | None" = None
    """The whole of it, where a run of it was asked for."""


def edit_of(pinned: CompiledScore, edited: CompiledScore) -> Edit:
    """What an edit means for a job that goes on with the pinned score."""
    before, after = _parts(pinned), _parts(edited)
    limits = Limits(
        parts=after,
        max_concurrent=edited["parallel"]["max_concurrent"],
        timeouts=_timeouts(edited),
    )
    taken = [part for part in PARTS if before.get(part) != after.get(part)]
    if pinned["parallel"]["max_concurrent"] != limits.max_concurrent:
        taken.append(CONCURRENT)
    if _fits(pinned, limits) and _timeouts(pinned) != limits.timeouts:
        taken.append(TIMEOUTS)
    return Edit(limits, tuple(taken), rest=_rest(pinned) != _rest(edited))


def with_limits(pinned: CompiledScore, edit: Edit) -> CompiledScore:
    """The pinned score, with the limits of the edited one."""
    limits = edit.limits
    if limits is None or not edit.taken:
        return pinned
    score: dict[str, Any] = {key: value for key, value in pinned.items() if key not in PARTS}
    score |= limits.parts
    score["parallel"] = pinned["parallel"] | {"max_concurrent": limits.max_concurrent}
    if TIMEOUTS in edit.taken:
        by_sheet = zip(pinned["sheets"], limits.timeouts, strict=True)
        score["sheets"] = [sheet | {"timeouts": [*timeouts]} for sheet, timeouts in by_sheet]
    return cast(CompiledScore, score)


def told(edit: Edit) -> tuple[Literal["True", "False"], str, str]:
    """Of the condition `ScoreChangeIgnored`: its status, reason and message."""
    if edit.problem:
        goes_on = "the one that was accepted goes on with its own limits"
        return "True", "Ignored", f"the score in the spec was edited, but cannot be read: {goes_on}: {edit.problem}"
    took = f"{', '.join(edit.taken)} of the edited score took effect" if edit.taken else ""
    if edit.successor is not None:
        return (
            "True",
            "Draining",
            f"the edited score begins ({RERUN}) when nothing runs and spec.cancel is unset",
        )
    if not edit.rest:
        return "False", LIMITS_TAKEN if took else "Unchanged", took
    ignored = "the one that was accepted goes on (spec.onScoreChange: Ignore)"
    return "True", "Ignored", f"the score in the spec was edited; {f'{took}, else ' if took else ''}{ignored}"


def _parts(score: CompiledScore) -> dict[str, Any]:
    """Words for a limit are the runner's, which has the pinned score alone."""
    parts = {part: value for part, value in cast(Mapping[str, Any], score).items() if part in PARTS}
    if "rate_limit" in parts:
        parts["rate_limit"] = {key: value for key, value in parts["rate_limit"].items() if key != WORDS}
    return parts


def _timeouts(score: CompiledScore) -> tuple[tuple[float | None, ...], ...]:
    performers = score["performers"]
    return tuple(
        tuple(performers[each].get("timeout_seconds") for each in (sheet["performer"], *sheet.get("fallbacks", ())))
        for sheet in score["sheets"]
    )


def _fits(pinned: CompiledScore, limits: Limits) -> bool:
    """Sheet by sheet, instrument by instrument."""
    return [*map(len, _timeouts(pinned))] == [*map(len, limits.timeouts)]


def _rest(score: CompiledScore) -> dict[str, Any]:
    """All that is not live. Performers stand once for all sheets that share them, time-outs included."""
    rest: dict[str, Any] = {key: value for key, value in score.items() if key not in ALWAYS_OTHER}
    rest[WORDS] = score.get("rate_limit", {}).get(WORDS)
    rest["parallel"] = score["parallel"] | {"max_concurrent": 0}
    performers = [_timeless(performer) for performer in score["performers"]]
    rest["sheets"] = [
        {
            **sheet,
            "performer": performers[sheet["performer"]],
            "fallbacks": [performers[each] for each in sheet.get("fallbacks", ())],
        }
        for sheet in score["sheets"]
    ]
    return rest


def _timeless(performer: Performer) -> dict[str, Any]:
    """A timeout stands in its configuration, too, where it was written there."""
    config = {key: value for key, value in performer.get("config", {}).items() if key != "timeout_seconds"}
    return {**performer, "timeout_seconds": None, "config": config}
