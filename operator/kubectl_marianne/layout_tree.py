"""A job as movements, voices and attempts: what the score wants, whether it has run or not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kubectl_marianne import palette
from kubectl_marianne.layout_job import headline
from kubectl_marianne.lines import GAP, Cell, Line, Span, fit, line
from kubectl_marianne.reading import Body, Look, Score, counted, sheets
from kubectl_marianne.sheet_cells import checks, detail, taken
from kubectl_marianne.times import duration
from marianne_client.attempts import Attempt

FOLDED: Final = 12
"""Voices of one movement that are listed one by one, unless all are asked for."""
Attempts = Mapping[int, Sequence[Attempt]]


def tree_lines(job: Body, score: Score, attempts: Attempts, look: Look, *, every: bool) -> list[Line]:
    """`attempts` by sheet, of the Pods that are still there. Not `every`: large movements are folded to counts, and
    of a sheet that needed one attempt only, that is not told.
    """
    lines = [headline(job, look)]
    movements = _movements(sheets(job), score)
    for index, (title, members) in enumerate(movements):
        last = index == len(movements) - 1
        lines.append(line(_branch(look, last=last), *_title(title, members, look)))
        inner = "   " if last else look.signs.trunk
        shown = members if every or len(members) <= FOLDED else [each for each in members if _interesting(each)]
        for place, sheet in enumerate(shown):
            lines += _sheet(sheet, score, attempts, look, inner, last=place == len(shown) - 1, every=every)
    return [fit(each, look.width, look.signs.more) for each in lines]


def _movements(every: Sequence[Body], score: Score) -> list[tuple[str, list[Body]]]:
    """In the score's order; where the score is not known, there is one of all sheets."""
    grouped: dict[str, list[Body]] = {}
    for sheet in every:
        place = score.sheet(sheet["num"])
        title = f"movement {score.stage(place['stage'])}" if place else "sheets"
        grouped.setdefault(title, []).append(sheet)
    return list(grouped.items())


def _title(title: str, members: Sequence[Body], look: Look) -> Iterator[Cell]:
    yield Span(title, palette.HEADER)
    if len(members) > 1:
        yield f" ({len(members)} sheets)"
    for state, count in counted([sheet["state"] for sheet in members]):
        yield GAP
        yield Span(f"{count} {state}", palette.sheet_state(state, look.signs).style)


def _interesting(sheet: Body) -> bool:
    return sheet["state"] not in ("pending", "ready", "completed", "cancelled")


def _sheet(
    sheet: Body, score: Score, attempts: Attempts, look: Look, inner: str, *, last: bool, every: bool
) -> Iterator[Line]:
    num = sheet["num"]
    place = score.sheet(num)
    voice = f" voice {place['instance']}" if place and place["fan_count"] > 1 else ""
    after = f"{GAP}after {', '.join(map(str, place['needs']))}" if place and place["needs"] and every else ""
    why = detail(sheet, look) or score.described(num)
    told = [each for each in (taken(sheet, look), _checks(sheet, score), why) if each not in ("", "-")]
    branch = Span(inner + _branch(look, last=last).text, palette.DIM)
    state = palette.sheet_state(sheet["state"], look.signs)
    yield line(branch, f"sheet {num}{voice}", GAP, state, *(f"{GAP}{each}" for each in told), after)
    known = attempts.get(num, ())
    if every or len(known) > 1 or sheet["state"] == "failed":
        deeper = inner + ("   " if last else look.signs.trunk)
        for index, attempt in enumerate(known):
            twig = Span(deeper + _branch(look, last=index == len(known) - 1).text, palette.DIM)
            yield line(
                twig, f"attempt {attempt.number}{GAP}Pod {attempt.pod}{GAP}{outcome(attempt, look.now.timestamp())}"
            )


def outcome(attempt: Attempt, now: float) -> str:
    """In a few words."""
    took = duration((attempt.finished or now) - attempt.started) if attempt.started is not None else ""
    code = None if attempt.exit_code is None else f"exit {attempt.exit_code}"
    return " ".join(filter(None, (code or attempt.phase, attempt.reason, took)))


def _checks(sheet: Body, score: Score) -> str:
    found = checks(sheet, score)
    return "" if found == "-" else f"{found} checks"


def _branch(look: Look, *, last: bool) -> Span:
    return Span(look.signs.last if last else look.signs.branch, palette.DIM)
