"""What the CLI itself says of its work: its text, its error, its tokens (semantics §7.3)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

MOST_TOKENS: Final = 2**37
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(-?\d+|\*)\]")

Event = dict[str, Any]
T = TypeVar("T")


class Report(NamedTuple):
    """None: not told. `text` stands for standard output where the format says so."""

    text: str | None = None
    error: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_micro_usd: int | None = None


def read_report(output: Mapping[str, Any], stdout: bytes, *, succeeded: bool) -> Report:
    """`output`: the profile's. What cannot be read is no report, and no error."""
    read = {"json": _of_document, "jsonl": _of_events}.get(str(output.get("format")))
    return Report() if read is None else read(output, stdout.decode(errors="replace"), succeeded)


def found_at(document: Any, path: str | None) -> list[Any]:  # noqa: ANN401  (any JSON)
    """Everything at `a.b`, `a[0]`, `a[-1]` and, with `*`, below any key or index; nulls are nothing.

    Of several paths, parted by `|`, the first counts at which there is something.
    """
    found = (_at(document, each.strip()) for each in (path or "").split("|"))
    return next((each for each in found if each), [])


def _at(document: Any, path: str) -> list[Any]:  # noqa: ANN401  (any JSON)
    found = [document] if path else []
    for name, index in _STEP.findall(path):
        found = [each for parent in found for each in _children(parent, name, index)]
    return [each for each in found if each is not None]


def _children(parent: Any, name: str, index: str) -> Iterable[Any]:  # noqa: ANN401  (any JSON)
    if index:
        if not isinstance(parent, list):
            return ()
        if index == "*":
            return parent
        return parent[int(index) :][:1] if int(index) >= -len(parent) else ()
    if not isinstance(parent, dict):
        return ()
    if name == "*":
        return parent.values()
    return (parent[name],) if name in parent else ()


def _of_document(output: Mapping[str, Any], stdout: str, succeeded: bool) -> Report:
    document = _read(stdout)
    if document is None:
        return Report()
    total = bool(output.get("aggregate_tokens"))
    return Report(
        text=_text(found_at(document, output.get("result_path"))) if succeeded else None,
        error=None if succeeded else _text(found_at(document, output.get("error_path"))),
        input_tokens=_tokens(found_at(document, output.get("input_tokens_path")), total=total),
        output_tokens=_tokens(found_at(document, output.get("output_tokens_path")), total=total),
        cost_micro_usd=_micro_dollars(found_at(document, output.get("cost_path")), total=total),
    )


def _of_events(output: Mapping[str, Any], stdout: str, succeeded: bool) -> Report:
    events = [event for line in stdout.splitlines() if isinstance(event := _read(line), dict)]
    return Report(
        text=_result(output, events) if succeeded else None,
        error=_first(lambda event: _text(found_at(event, output.get("error_path"))), events) if not succeeded else None,
        input_tokens=_of_all(output, "input_tokens_path", events),
        output_tokens=_of_all(output, "output_tokens_path", events),
        cost_micro_usd=_cost_of_all(output, events),
    )


def _result(output: Mapping[str, Any], events: list[Event]) -> str | None:
    """From the first completion event, or the last, or all of them one a line, as the profile says."""
    if not output.get("completion_event_type"):
        return None
    wanted = {"type": output["completion_event_type"], **(output.get("completion_event_filter") or {})}
    done = [event for event in events if all(found_at(event, path) == [value] for path, value in wanted.items())]
    told = [text for event in done if (text := _text(found_at(event, output.get("result_path")))) is not None]
    take = output.get("completion_event_take")
    if take == "all":
        return "\n".join(told) if told else None
    return told[-1 if take == "last" else 0] if told else None


def _of_all(output: Mapping[str, Any], name: str, events: list[Event]) -> int | None:
    """The first number that any event tells; with `aggregate_tokens` the sum, since each step is paid for."""
    path = output.get(name)
    if output.get("aggregate_tokens"):
        return _tokens([each for event in events for each in found_at(event, path)], total=True)
    return _first(lambda event: _tokens(found_at(event, path), total=False), events)


def _cost_of_all(output: Mapping[str, Any], events: list[Event]) -> int | None:
    """As `_of_all`."""
    told = [each for event in events for each in found_at(event, output.get("cost_path"))]
    return _micro_dollars(told, total=bool(output.get("aggregate_tokens")))


def _first(look: Callable[[Event], T | None], events: Iterable[Event]) -> T | None:
    return next((found for event in events if (found := look(event)) is not None), None)


def _read(text: str) -> Any:  # noqa: ANN401  (any JSON)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(found: list[Any]) -> str | None:
    if not found:
        return None
    return found[0] if isinstance(found[0], str) else json.dumps(found[0])


def _tokens(found: list[Any], *, total: bool) -> int | None:
    """A number that is none of tokens is not told: a verdict with it would not be believed."""
    numbers = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
    counts = [int(each) for each in numbers if 0 <= each <= MOST_TOKENS]
    if not counts:
        return None
    count = sum(counts) if total else counts[0]
    return None if count > MOST_TOKENS or (total and count == 0) else count


def _micro_dollars(found: list[Any], *, total: bool) -> int | None:
    """From dollars. None for 0: so speaks a program that knows no price."""
    numbers = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
    costs = [round(each * 1_000_000) for each in numbers if 0 <= each <= MOST_TOKENS / 1_000_000]
    cost = sum(costs) if total else next(iter(costs), 0)
    return cost if 0 < cost <= MOST_TOKENS else None
