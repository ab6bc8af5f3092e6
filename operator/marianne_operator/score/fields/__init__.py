"""Every field that a score's author may write, typed, with its constraint and default."""

from marianne_operator.score.fields.execution import ValidationRule
from marianne_operator.score.fields.score import Score

__all__ = ["Score", "ValidationRule"]
