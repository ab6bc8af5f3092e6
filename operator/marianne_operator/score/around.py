"""What a score asks for around its sheets, compiled."""

from marianne_operator.score import notices
from marianne_operator.score.fields import Score
from marianne_runner.contract import Archive, CompiledScore


def add_what_is_around(compiled: CompiledScore, score: Score) -> None:
    """Only where it is asked for: nothing else is mounted, told or written."""
    lifecycle = score.workspace_lifecycle
    if lifecycle.archive_on_fresh:
        compiled["archive"] = Archive(
            folder=lifecycle.archive_dir,
            naming=lifecycle.archive_naming,
            keep=lifecycle.max_archives,
            preserve=lifecycle.preserve_patterns,
        )
    if told := notices.notifications(score):
        compiled["notifications"] = told
