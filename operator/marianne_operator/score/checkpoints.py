"""When a score wants a person to be asked, as the operator and the runner look at it."""

from marianne_operator.score.fields import Score
from marianne_operator.score.fields.learning import CheckpointTriggerConfig
from marianne_operator.score.templates import SHOWN
from marianne_runner.contract import Checkpoint, CompiledScore


def add_checkpoints(compiled: CompiledScore, score: Score) -> None:
    """Nothing where nobody is ever asked."""
    if score.checkpoints.enabled and score.checkpoints.triggers:
        compiled["checkpoints"] = [_checkpoint(each) for each in score.checkpoints.triggers]
    if score.learning.escalation_enabled:
        compiled["escalation"] = True


def _checkpoint(trigger: CheckpointTriggerConfig) -> Checkpoint:
    made = Checkpoint(name=trigger.name, confirm=trigger.requires_confirmation)
    if trigger.sheet_nums is not None:
        made["sheets"] = trigger.sheet_nums
    if trigger.prompt_contains is not None:
        made["contains"] = [word.lower() for word in trigger.prompt_contains]
    if trigger.min_retry_count is not None:
        made["retries"] = trigger.min_retry_count
    if trigger.message:
        made["message"] = trigger.message
    return made


def never_asked(score: Score, total: int) -> list[str]:
    """Checkpoints that do nothing, as the author would read of them."""
    triggers = list(enumerate(score.checkpoints.triggers)) if score.checkpoints.enabled else []
    beyond = [
        f"checkpoints.triggers.{index}.sheet_nums: the score has no sheet {number}"
        for index, each in triggers
        for number in each.sheet_nums or ()
        if not 1 <= number <= total
    ]
    silent = [
        f"checkpoints.triggers.{index}: prompt_contains without requires_confirmation tells nothing"
        for index, each in triggers
        if each.prompt_contains is not None and not each.requires_confirmation
    ]
    return [*beyond, *silent][:SHOWN]
