"""What a score asks for around its sheets, compiled."""

from marianne_operator.score import hooks, notices
from marianne_operator.score.afterwards import add_afterwards
from marianne_operator.score.checkpoints import add_checkpoints
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
    if score.on_success:
        compiled["hooks"], compiled["concert"] = hooks.hooks(score), hooks.concert(score)
    if told := notices.notifications(score):
        compiled["notifications"] = told
    add_checkpoints(compiled, score)
    add_afterwards(compiled, score)
