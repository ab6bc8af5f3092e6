"""What the CLI itself says of its work: its text, its error, its tokens (semantics §7.3)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

MOST_TOKENS: Final = 2**37
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class Report(NamedTuple):
    """None: not told. `text` stands for standard output where the format says so."""

    text: str | None = None
    error: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def read_report(output: Mapping[str, Any], stdout: bytes, *, succeeded: bool) -> Report:
    """`output`: the profile's. What cannot be read is no report, and no error."""
    read = {"json": _of_document, "jsonl": _of_events}.get(str(output.get("format")))
    return Report() if read is None else read(output, stdout.decode(errors="replace"), succeeded)


def found_at(document: Any, path: str | None) -> list[Any]:  # noqa: ANN401  (any JSON)
    """Everything at `a.b`, `a[0]` and, with `*`, below any key; nulls are nothing."""
    found = [document] if path else []
    for name, index in _STEP.findall(path or ""):
        found = [each for parent in found for each in _children(parent, name, index)]
    return [each for each in found if each is not None]


def _children(parent: Any, name: str, index: str) -> Iterable[Any]:  # noqa: ANN401  (any JSON)
    if index:
        return parent[int(index) : int(index) + 1] if isinstance(parent, list) else ()
    if not isinstance(parent, dict):
        return ()
    if name == "*":
        return parent.values()
    return (parent[name],) if name in parent else ()


def _of_document(output: Mapping[str, Any], stdout: str, succeeded: bool) -> Report:
    try:
        document = json.loads(stdout)
    except (ValueError, RecursionError):
        return Report()
    total = bool(output.get("aggregate_tokens"))
    return Report(
        text=_text(found_at(document, output.get("result_path"))) if succeeded else None,
        error=None if succeeded else _text(found_at(document, output.get("error_path"))),
        input_tokens=_tokens(found_at(document, output.get("input_tokens_path")), total=total),
        output_tokens=_tokens(found_at(document, output.get("output_tokens_path")), total=total),
    )


def _of_events(output: Mapping[str, Any], stdout: str, succeeded: bool) -> Report:
    events = [event for line in stdout.splitlines() if isinstance(event := _event(line), dict)]
    wanted = {"type": output.get("completion_event_type"), **(output.get("completion_event_filter") or {})}
    done = next((event for event in events if all(event.get(key) == value for key, value in wanted.items())), None)
    total = bool(output.get("aggregate_tokens"))

    def tokens(path: str | None) -> int | None:
        counts = (_tokens(found_at(event, path), total=total) for event in events)
        return next((count for count in counts if count is not None), None)

    return Report(
        text=_text(found_at(done, output.get("result_path"))) if succeeded and done is not None else None,
        error=_first(lambda event: _text(found_at(event, output.get("error_path"))), events) if not succeeded else None,
        input_tokens=tokens(output.get("input_tokens_path")),
        output_tokens=tokens(output.get("output_tokens_path")),
    )


def _first(look: Callable[[Any], str | None], events: Iterable[Any]) -> str | None:
    return next((found for event in events if (found := look(event)) is not None), None)


def _event(line: str) -> Any:  # noqa: ANN401  (any JSON)
    try:
        return json.loads(line)
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
