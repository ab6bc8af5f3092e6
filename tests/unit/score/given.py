"""Small scores for tests."""

from typing import Any

from marianne_operator.score.fields import Score
from marianne_operator.score.load import score_of


def tree(**fields: Any) -> dict[str, Any]:
    """The smallest score of three sheets, with these fields beside or instead."""
    return {"name": "song", "sheet": {"size": 1, "total_items": 3}, "prompt": {"template": "play"}} | fields


def score(**fields: Any) -> Score:
    return score_of(tree(**fields))


def sheets(total: int = 3, **fields: Any) -> dict[str, Any]:
    return {"size": 1, "total_items": total} | fields


def nested(path: str, value: Any) -> dict[str, Any]:
    """`nested("a.b", 1)` is `{"a": {"b": 1}}`."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)
